"""The Job of a one-off command: what it has of the pod template, and what its pod tells."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.errors import NotFound, UsageError
from dashborion.orchestrators.kubernetes import nearby_wire, run_job
from dashborion.orchestrators.kubernetes.run_job import Nearby
from dashborion.orchestrators.run import RunSeen, RunWish
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    container,
    decode,
    merged,
    metadata,
    pod,
    reported,
    running,
    terminated,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_network import service
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment, statefulset, template

LABELS = {"app": "web", "tier": "front", "team": "media", "azure.workload.identity/use": "true"}
PROBES: Raw = {key: {"httpGet": {}} for key in ("livenessProbe", "readinessProbe", "startupProbe")}
WISH = RunWish(command=("migrate", "up"))


def built(
    spec: Raw | None = None, wish: RunWish = WISH, nearby: Nearby | None = None, item: Any = None
) -> run_job.Built:
    given = merged(template(), {"metadata": {"labels": LABELS}, "spec": spec or {}})
    return run_job.build(item or deployment(), given, nearby or Nearby(), wish, "abc123")


def pod_spec(made: run_job.Built) -> Raw:
    spec: Raw = made.job["spec"]["template"]["spec"]
    return spec


def labels(made: run_job.Built) -> Raw:
    found: Raw = made.job["spec"]["template"]["metadata"]["labels"]
    return found


def budget(**selector: Any) -> nearby_wire.Budget:
    raw = {"metadata": metadata("few"), "spec": {"selector": selector}}
    return decode(nearby_wire.Budget, raw)


def policy(name: str, **labels: str) -> nearby_wire.NetworkPolicy:
    raw = {"metadata": metadata(name), "spec": {"podSelector": {"matchLabels": labels}}}
    return decode(nearby_wire.NetworkPolicy, raw)


def test_it_runs_once_and_ends_without_its_client() -> None:
    job = built(wish=RunWish(command=("migrate",), timeout_seconds=90)).job
    assert job["metadata"]["name"] == "web-run-abc123"
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert spec["activeDeadlineSeconds"] == 150
    assert spec["ttlSecondsAfterFinished"] > 0


def test_the_command_replaces_the_arguments_and_keeps_the_entry_point() -> None:
    spec = {"containers": [container("app", command=["/entry"], args=["serve"])]}
    (made,) = pod_spec(built(spec))["containers"]
    assert (made["command"], made["args"]) == (["/entry"], ["migrate", "up"])
    (made,) = pod_spec(built(spec, RunWish()))["containers"]
    assert made["args"] == ["serve"], "without a command its own runs"
    (made,) = pod_spec(built(spec, RunWish(command=("sh",), entry_point=True)))["containers"]
    assert (made["command"], made.get("args")) == (["sh"], None)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("kill $$", "kill $$$$"), ("$(LEVEL)", "$$(LEVEL)"), ("$1 ${HOME}", "$$1 $${HOME}")],
)
def test_the_kubelet_expands_nothing_of_what_was_typed(typed: str, sent: str) -> None:
    spec = {"containers": [container("app", args=["$(LEVEL)"])]}
    for wish in (RunWish(command=(typed,)), RunWish(command=(typed,), entry_point=True)):
        (made,) = pod_spec(built(spec, wish))["containers"]
        assert made["command" if wish.entry_point else "args"] == [sent]
    (made,) = pod_spec(built(spec, RunWish(variables={"A": typed})))["containers"]
    assert (made["env"], made["args"]) == ([{"name": "A", "value": sent}], ["$(LEVEL)"])


SELECTING: list[Any] = [
    pytest.param(Nearby(), {"app"}, id="the workload's selector"),
    pytest.param(
        Nearby(services=[service(selector={"app": "web", "tier": "front"})]),
        {"app", "tier"},
        id="a Service that selects the pods",
    ),
    pytest.param(
        Nearby(services=[service(selector={"team": "media", "app": "other"})]),
        {"app"},
        id="a Service of others",
    ),
    pytest.param(
        Nearby(budgets=[budget(matchExpressions=[{"key": "team", "operator": "Exists"}])]),
        {"app", "team"},
        id="a budget",
    ),
    pytest.param(Nearby(services=None), set(LABELS), id="Services that may not be listed"),
]


@pytest.mark.parametrize(("nearby", "dropped"), SELECTING)
def test_labels_that_would_send_it_traffic_go_and_the_others_stay(
    nearby: Nearby, dropped: set[str]
) -> None:
    found = labels(built(nearby=nearby))
    assert set(LABELS) - set(found) == dropped
    assert found["dashborion.io/run-of"] == "web"


def test_a_policy_that_matches_by_a_dropped_label_only_is_told() -> None:
    nearby = Nearby(policies=[policy("front", app="web"), policy("all-of-media", team="media")])
    (note,) = built(nearby=nearby).notes
    assert "NetworkPolicy front is not about it" in note
    assert note.endswith("it selects by app")


@pytest.mark.parametrize(
    ("spec", "gone"),
    [
        pytest.param({"containers": [container("app", **PROBES)]}, list(PROBES), id="probes"),
        pytest.param(
            {"containers": [container("app", ports=[{"containerPort": 80, "hostPort": 80}])]},
            ["hostPort"],
            id="host ports",
        ),
        pytest.param({"hostNetwork": True}, ["containerPort"], id="ports of the host's network"),
        pytest.param(
            {"containers": [container("app", restartPolicy="Always", restartPolicyRules=[])]},
            ["restartPolicyRules"],
            id="restarts of the container",
        ),
        pytest.param({"topologySpreadConstraints": [{"maxSkew": 1}]}, ["maxSkew"], id="spread"),
        pytest.param(
            {"affinity": {"podAntiAffinity": {"x": 1}, "podAffinity": {"x": 1}}},
            ["podAntiAffinity", "podAffinity", "affinity"],
            id="affinity to pods",
        ),
    ],
)
def test_what_makes_it_one_of_many_goes(spec: Raw, gone: list[str]) -> None:
    text = str(pod_spec(built(spec)))
    assert [key for key in gone if f"'{key}'" in text] == []


def test_what_says_where_it_may_run_and_as_whom_stays() -> None:
    kept = {
        "affinity": {"nodeAffinity": {"x": 1}},
        "tolerations": [{"key": "gpu"}],
        "nodeSelector": {"disk": "fast"},
        "serviceAccountName": "migrator",
    }
    made = built({**kept, "affinity": {"podAffinity": {"x": 1}, **kept["affinity"]}})  # type: ignore[dict-item]
    assert {key: pod_spec(made)[key] for key in kept} == kept
    assert made.service_account == "migrator"


SIDECAR = container("proxy", restartPolicy="Always", **PROBES)


def test_only_the_chosen_container_runs_with_its_init_containers_and_sidecars() -> None:
    spec = {
        "containers": [container("app"), container("envoy"), container("agent", **PROBES)],
        "initContainers": [container("wait"), SIDECAR],
    }
    made = built(spec)
    assert [one["name"] for one in pod_spec(made)["containers"]] == ["app"]
    assert (made.container, made.before, made.beside) == ("app", ("wait",), ("proxy",))
    assert "without the containers envoy, agent: --with adds one" in made.notes
    made = built(spec, RunWish(container="envoy", beside=("agent",)))
    assert (made.container, made.beside) == ("envoy", ("proxy", "agent"))
    assert "Probe" not in str(pod_spec(made)["containers"])
    (proxy,) = [one for one in pod_spec(made)["initContainers"] if one["name"] == "proxy"]
    assert set(PROBES) & set(proxy) == {"startupProbe"}, "it says when the command may begin"


def test_the_templates_default_container_is_the_default() -> None:
    given = template([container("envoy"), container("app")])
    given["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "app"}
    assert run_job.build(deployment(), given, Nearby(), WISH, "x").container == "app"


def test_a_sets_own_volumes_are_not_taken_from_its_pods() -> None:
    item = statefulset(spec={"volumeClaimTemplates": [{"metadata": metadata("data")}]})
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "own", "mountPath": "/own"}]
    made = built({"containers": [container("app", volumeMounts=mounts)]}, item=item)
    assert pod_spec(made)["containers"][0]["volumeMounts"] == [mounts[1]]
    assert any("without the set's own volumes" in note for note in made.notes)


def test_variables_image_and_amounts_are_its_own() -> None:
    env = [{"name": "LEVEL", "value": "info"}, {"name": "TOKEN", "valueFrom": {"x": 1}}]
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}
    spec = {"containers": [container("app", env=env) | {"resources": resources}]}
    wish = RunWish(
        variables={"LEVEL": "debug"}, image="example.test/m:2", cpu="2", memory="1Gi", reason="why"
    )
    made = built(spec, wish)
    (app,) = pod_spec(made)["containers"]
    assert app["env"] == [env[1], {"name": "LEVEL", "value": "debug"}]
    assert app["image"] == made.image == "example.test/m:2"
    assert app["resources"]["requests"] == {"cpu": "2", "memory": "1Gi"}
    assert app["resources"]["limits"] == {"memory": "1Gi"}, "a limit below it would be refused"
    assert made.job["metadata"]["annotations"] == {"dashborion.io/reason": "why"}


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (RunWish(container="nope"), NotFound),
        (RunWish(beside=("nope",)), NotFound),
        (RunWish(cpu="much"), UsageError),
        (RunWish(memory="1 GB"), UsageError),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    wish: RunWish, error: type[Exception]
) -> None:
    with pytest.raises(error):
        built(wish=wish)


def test_a_long_name_leaves_room_for_those_of_pods_and_labels() -> None:
    item = deployment(meta={"name": f"{'very.' * 40}long"})
    made = built(item=item)
    assert len(made.job["metadata"]["name"]) <= 58
    assert all(len(value) <= 63 for value in labels(made).values())
    assert "." not in made.job["metadata"]["name"]


# --- What its pod tells ---------------------------------------------------------------------------

DELETED = {"deletionTimestamp": "2024-05-01T09:00:31Z"}  # half a minute before: after its end
TOLD = {"deletionTimestamp": "2024-05-01T09:00:30Z"}
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}
DISRUPTED = [condition("DisruptionTarget", reason="PreemptionByScheduler", message="pushed out")]
NOWHERE = [condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes")]
OVER: list[Any] = [
    pytest.param(pod(terminated(code=0)), 0, True, id="ended well"),
    pytest.param(pod(terminated(code=3, reason="Error"), running("envoy")), 3, True, id="its code"),
    pytest.param(pod(terminated(code=137, reason="OOMKilled")), 137, True, id="out of memory"),
    pytest.param(pod(terminated(code=143)), 143, True, id="its own 143"),
    pytest.param(pod(terminated(code=0), meta=DELETED), 0, True, id="ended before it was deleted"),
    pytest.param(pod(terminated(code=143), meta=DELETED), None, True, id="deleted"),
    pytest.param(
        pod(terminated(code=0), meta=TOLD), None, True, id="told to end, and it did so well"
    ),
    pytest.param(pod(terminated(code=137), status=EVICTED), None, True, id="evicted"),
    pytest.param(pod(terminated(code=143), conditions=DISRUPTED), None, True, id="preempted"),
    pytest.param(pod(terminated(code=128, reason="StartError")), None, False, id="no such program"),
    pytest.param(
        pod(
            reported("app", {"waiting": {"reason": "PodInitializing"}}),
            init=[terminated("wait", code=4, reason="Error")],
            status={"phase": "Failed"},
        ),
        None,
        False,
        id="an init container failed",
    ),
]


@pytest.mark.parametrize(("of", "code", "started"), OVER)
def test_how_a_pod_ends_the_run(of: Any, code: int | None, started: bool) -> None:
    seen = run_job.seen(of, "app", RunSeen(), grace=30)
    assert (seen.is_over, seen.exit_code, seen.started) == (True, code, started)
    assert code is not None or seen.why


@pytest.mark.parametrize(
    ("of", "hopeless", "words"),
    [
        (pod(waiting(reason="ContainerCreating")), False, "ContainerCreating"),
        (pod(waiting(reason="ImagePullBackOff", message="no such tag")), True, "no such tag"),
        (pod(waiting(), init=[waiting("wait", reason="ErrImagePull")]), True, "ErrImagePull"),
        (pod(waiting(), conditions=NOWHERE), False, "Unschedulable: 0/3 nodes"),
    ],
)
def test_what_it_waits_for(of: Any, hopeless: bool, words: str) -> None:
    seen = run_job.seen(of, "app", RunSeen())
    assert (seen.started, seen.is_over, seen.hopeless) == (False, False, hopeless)
    assert words in str(seen.waits_for)


def test_a_reader_sees_the_pod_end_with_the_command() -> None:
    going = pod(running(), running("envoy"))
    assert run_job.finished_for_readers(going, "app") is going
    ended = pod(terminated(code=0), running("envoy"))
    assert run_job.finished_for_readers(ended, "app").status.phase == "Succeeded"
