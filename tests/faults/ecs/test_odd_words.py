"""What ECS writes in several ways, or says in an unusual place, has one meaning."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws_balancing import LISTENER, balancing, behind, group, group_arn, host, rule
from tests.support.aws_objects import arn, definition, service, task
from tests.support.cli import Cli


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        pytest.param("256", "512", ("256", "512", 250, 512), id="numbers"),
        pytest.param("1 vCPU", "2 GB", ("1024", "2048", 1000, 2048), id="words"),
        pytest.param(".25 vCPU", "0.5GB", ("256", "512", 250, 512), id="fractions"),
        pytest.param("2vcpu", "1gb", ("2048", "1024", 2000, 1024), id="small and without a space"),
        pytest.param("256.0", "512.0", ("256", "512", 250, 512), id="numbers with a point"),
        pytest.param("0", "0", (None, None, None, None), id="nothing"),
        pytest.param("plenty", "some GB", (None, None, None, None), id="what nobody knows"),
        pytest.param("9" * 400, "1e9", (None, None, None, None), id="what no machine has"),
    ],
)
def test_cpu_and_memory_in_every_spelling(
    dashborion: Cli, serve: Serve, cpu: str, memory: str, expected: tuple[Any, ...]
) -> None:
    serve(
        services=[service("web"), service("api")],
        tasks=[task(1, "web", cpu=cpu, memory=memory)],
        definitions=[definition("web", cpu=cpu, memory=memory), definition("api")],
    )
    api, web = dashborion("workloads list -o json").json
    resources = web["resources"]
    assert api["cpu"] == "256"
    assert (web["cpu"], web["memory"]) == expected[:2]
    assert (resources["cpuMillicores"], resources["memoryMiB"]) == expected[2:]
    (instance,) = dashborion("instances list -o json").json
    revision = dashborion("ecs task-definitions describe web -o json").json
    assert (instance["cpu"], instance["memory"]) == expected[:2]
    assert (revision["cpu"], revision["memory"]) == expected[:2]


@pytest.mark.parametrize("name", ["web", "", "web:x", "web:" + "9" * 5000], ids=lambda n: n[:8])
def test_a_task_definition_without_a_number_is_described(
    dashborion: Cli, serve: Serve, name: str
) -> None:
    odd = arn("task-definition", name)
    serve(
        services=[service("web", taskDefinition=odd, deployments=[]), service("api")],
        definitions=[definition("web", taskDefinitionArn=odd), definition("api")],
    )
    assert [one["name"] for one in dashborion("workloads list -o json").json] == ["api", "web"]
    seen = dashborion("workloads describe web -o json")
    assert seen.exit_code == 0, seen.err
    assert dashborion("ecs task-definitions list web -o json").json[0]["revision"] is None
    assert dashborion("ecs task-definitions describe web -o json").json["revision"] is None


@pytest.mark.parametrize(
    ("where", "ip"),
    [
        pytest.param({"containers": [{"networkInterfaces": [{"ipv6Address": "2600::1"}]}]},
                     "2600::1", id="of a container"),
        pytest.param({"attachments": [{"details": [{"name": "ipv6Address", "value": "2600::2"}]}]},
                     "2600::2", id="of an attachment"),
        pytest.param({"containers": [{"networkInterfaces": [
                         {"ipv6Address": "2600::1", "privateIpv4Address": "10.0.0.1"}]}]},
                     "10.0.0.1", id="IPv4 goes first"),
    ],
)  # fmt: skip
def test_the_address_of_a_task(
    dashborion: Cli, serve: Serve, where: dict[str, Any], ip: str
) -> None:
    serve(services=[service("web")], tasks=[task(1, "web", **where)])
    assert dashborion("instances list -o json").json[0]["ip"] == ip


# --- Ways in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("live", ["blue", "green"])
@pytest.mark.parametrize("named", ["rule", "listener"])
def test_the_endpoint_is_the_colour_with_the_traffic(
    dashborion: Cli, serve: Serve, live: str, named: str
) -> None:
    idle = {"blue": "green", "green": "blue"}[live]
    production = f"{LISTENER}/1" if named == "rule" else LISTENER
    colours = behind(
        "blue",
        alternateTargetGroupArn=group_arn("green"),
        productionListenerRule=production,
        testListenerRule=f"{LISTENER}/2",
    )
    tests = [rule(2, host("test.web.test"), **{idle: 1})] if named == "rule" else []
    aws = serve(
        services=[service("web", loadBalancers=[colours])],
        definitions=[definition("web")],
        **balancing(
            rule(1, host("web.test"), **{idle: 0, live: 100}),
            *tests,
            groups=[group("blue"), group("green")],
            **{live: ["healthy", "healthy"], idle: []},
        ),
    )
    (way,) = dashborion("workloads describe web -o json").json["endpoints"]
    assert (way["name"], way["url"]) == (live, "https://web.test/")
    assert (way["healthy"], way["total"]) == (2, 2)
    assert aws.spy.counts["elasticloadbalancing:DescribeTargetHealth"] == 1


def test_conditions_of_rules_are_told(dashborion: Cli, serve: Serve) -> None:
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}
    header = {
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["1"]},
    }
    serve(
        services=[service("web", loadBalancers=[behind("web")])],
        definitions=[definition("web")],
        **balancing(
            rule(1, host("web.test"), path, web=1),
            rule(2, host("web.test"), header, web=1),
            groups=[group("web")],
        ),
    )
    ways = dashborion("workloads list -o json").json[0]["endpoints"]
    assert [(way["name"], way["url"]) for way in ways] == [
        ("web", "https://web.test/api/*"),
        ("web (header X-Canary=1)", "https://web.test/"),
    ]
    seen = dashborion("workloads list -o wide")
    assert "https://web.test/api/*, https://web.test/ (header X-Canary=1)" in seen.out


def test_targets_that_get_no_traffic_are_not_counted(dashborion: Cli, serve: Serve) -> None:
    states = ["healthy", "draining", "unhealthy.draining", "initial", "unused", "unavailable"]
    serve(
        services=[service("web", loadBalancers=[behind("web")])],
        definitions=[definition("web")],
        **balancing(rule(1, web=1), groups=[group("web")], web=states),
    )
    (way,) = dashborion("workloads describe web -o json").json["endpoints"]
    assert (way["healthy"], way["total"]) == (1, 3)


# --- How tasks ended ----------------------------------------------------------------------------

FAILED_TO_START = {"stopCode": "TaskFailedToStart", "stoppedReason": "Task failed to start"}
EXITED = {
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
}


@pytest.mark.parametrize(
    ("said", "container", "reason", "message"),
    [
        pytest.param(FAILED_TO_START, {"reason": "CannotPullContainerError: no manifest"},
                     "CannotPullContainerError", "CannotPullContainerError: no manifest",
                     id="an image that cannot be pulled"),
        pytest.param(EXITED, {"reason": "OutOfMemoryError: killed", "exitCode": 137},
                     "OutOfMemoryError", "OutOfMemoryError: killed", id="out of memory"),
        pytest.param(EXITED, {"exitCode": 3}, "Error", "app exited with 3", id="an exit code"),
        pytest.param(EXITED, {"exitCode": 0}, "Completed", "app exited with 0", id="done"),
        pytest.param(EXITED | {"stopCode": "TaskFailedToStart"}, {"exitCode": 1},
                     "Error", "app exited with 1", id="an exit that ECS calls a failed start"),
        pytest.param({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "x"},
                     {"reason": "It went away for a reason that fills a page"},
                     "ServiceSchedulerInitiated", "It went away for a reason that fills a page",
                     id="a sentence is no status"),
        pytest.param({}, {"reason": "A sentence, and no stop code"},
                     "Error", "A sentence, and no stop code", id="nothing but a sentence"),
        pytest.param({"stopCode": "TaskFailedToStart",
                      "stoppedReason": "ResourceInitializationError: no secret"}, {},
                     "ResourceInitializationError", "ResourceInitializationError: no secret",
                     id="the task's own"),
    ],
)  # fmt: skip
def test_a_containers_own_reason_goes_before_what_ecs_says_of_the_task(
    dashborion: Cli, serve: Serve, said: Any, container: Any, reason: str, message: str
) -> None:
    ended = {"name": "app", "lastStatus": "STOPPED"} | container
    beside = {"name": "proxy", "lastStatus": "STOPPED", "exitCode": 143}
    serve(
        services=[service("web")],
        tasks=[
            task(1, "web", lastStatus="STOPPED", desiredStatus="STOPPED",
                 containers=[beside, ended] if said == EXITED else [ended], **said)
        ],
    )  # fmt: skip
    (found,) = dashborion("instances list --all -o json").json
    assert (found["reason"], found["message"]) == (reason, message)
    assert all(" " not in (one["reason"] or "") for one in found["containers"])


# --- Machines -----------------------------------------------------------------------------------


def test_machines_in_every_state(dashborion: Cli, serve: Serve) -> None:
    def machine(number: int, **more: Any) -> dict[str, Any]:
        name = arn("container-instance", f"docs/{number:032x}")
        return {"containerInstanceArn": name, "status": "ACTIVE"} | more

    whole = [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}]
    serve(
        containerInstances=[
            machine(1, agentConnected=True, registeredResources=whole, remainingResources=[]),
            machine(2, agentConnected=False, status="DRAINING"),
            machine(3, status="REGISTRATION_FAILED", statusReason="no such instance type"),
            machine(4, agentConnected=False),
        ]
    )
    found = dashborion("ecs container-instances list -o json").json
    assert [one["connected"] for one in found] == [True, False, None, False]
    assert [one["reason"] for one in found] == [None, None, "no such instance type", None]
    assert [one["cpuFree"] for one in found] == [None] * 4
    table = dashborion("ecs container-instances list").lines
    assert "?/2048" in table[1]
    assert "no such instance type" in table[3]
    assert "disconnected" in table[4]


def test_a_family_without_an_active_revision_is_not_told_as_what_was_meant(
    dashborion: Cli, serve: Serve
) -> None:
    serve(definitions=[definition("dead", status="INACTIVE"), definition("deaf")])
    seen = dashborion("ecs task-definitions list dead")
    assert seen.exit_code == 3
    assert "did you mean 'deaf'?" in seen.err
