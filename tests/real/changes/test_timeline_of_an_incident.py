"""``timeline`` of what people did to a Deployment on a real control plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.manifests import container, deployment, image, stateful_set
from tests.support.real_namespace import Space
from tests.support.waiting import wait_for

GOOD, BAD = image("app"), image("pull", "3.0")


def config_map(space: Space, name: str, mode: str, manager: str) -> None:
    path = f"/api/v1/namespaces/{space.name}/configmaps/{name}?fieldManager={manager}"
    space.plane.merge(path, {"data": {"MODE": mode}})


def add_config_map(space: Space, name: str) -> None:
    meta = {"name": name, "namespace": space.name}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"MODE": "a"}}
    space.plane.apply(manifest)


def in_a_later_second() -> None:
    """The API's stamps are whole seconds, and the order within one is not what was typed."""
    now = datetime.now(UTC).replace(microsecond=0)
    wait_for("the next second", lambda: datetime.now(UTC).replace(microsecond=0) > now)


def numbered(space: Space, name: str, number: int) -> None:
    """Wait until the controller has taken up a revision."""

    def is_taken_up() -> bool:
        annotations = space.get(name)["metadata"]["annotations"]
        return bool(annotations["deployment.kubernetes.io/revision"] == str(number))

    space.plane.wait_for(f"revision {number}", is_taken_up)


def incident(dashborion: Cli, here: Space) -> str:
    add_config_map(here, "settings")
    add_config_map(here, "of-nobody")
    sourced = container("app", envFrom=[{"configMapRef": {"name": "settings"}}])
    name = here.add(deployment("till", sourced, replicas=2))
    steps = [
        (f"workloads deploy {name} --image {BAD} --reason 'new prices'", 2),
        (f"workloads scale {name} -r 3", 2),
        (f"workloads rollback {name}", 3),
        (f"workloads rollback {name} --reason 'it was not that'", 4),
    ]
    for typed, number in steps:
        in_a_later_second()
        seen = dashborion(typed)
        assert seen.exit_code == 0, seen.err
        numbered(here, name, number)
    in_a_later_second()
    ready = next(pod for pod in here.pods(name) if pod["spec"]["containers"][0]["image"] == GOOD)
    assert dashborion(f"instances stop {ready['metadata']['name']}").exit_code == 0
    here.plane.wait_for("the pod is gone", lambda: here.is_gone(ready["metadata"]["name"], "pods"))
    in_a_later_second()
    config_map(here, "settings", "b", "ops")
    config_map(here, "of-nobody", "b", "ops")
    return str(ready["metadata"]["name"])


def told(entry: dict[str, Any]) -> tuple[Any, ...]:
    actor = entry["actor"] or {}
    return (entry["kind"], entry["before"], entry["after"], actor.get("name"))


def test_an_incident_is_told_in_the_order_in_which_it_happened(
    dashborion: Cli, here: Space
) -> None:
    stopped = incident(dashborion, here)
    seen = dashborion("timeline till -o json --since 10m")
    assert seen.exit_code == 0, seen.err
    changes = [one for one in seen.json if one["kind"] != "instance" or one["instance"] == stopped]
    assert [told(one) for one in changes if one["summary"] != "created"] == [
        ("config", None, None, "python-urllib3"),
        ("rollout", "1", "2", None),
        ("scale", "2", "3", "dashborion"),
        ("rollout", "2", "3", None),
        ("rollout", "3", "4", "dashborion"),
        ("instance", None, None, None),
        ("config", None, None, "ops"),
    ]
    rollouts = [one for one in seen.json if one["kind"] == "rollout"]
    assert [one["summary"] for one in rollouts] == [
        "created",
        "deployed 2 (image app:1.0 -> pull:3.0)",
        "rolled back to 1 as 3 (image pull:3.0 -> app:1.0)",
        "rolled back to 2 as 4 (image app:1.0 -> pull:3.0): it was not that",
    ]
    times = [one["timestamp"] for one in rollouts]
    assert sorted(set(times)) == times
    assert all(one["workload"] == "till" for one in seen.json)
    assert "sees events since" in seen.err
    assert "of-nobody" not in seen.out

    why = dashborion("workloads why till -o json").json
    (evidence,) = [one for one in why["causes"][0]["evidence"] if one["field"] == "last change"]
    assert evidence["value"] == "rolled back to 4"


def test_a_statefulset_that_was_rolled_back_and_scaled(dashborion: Cli, here: Space) -> None:
    name = here.add(stateful_set("ledger", replicas=1))
    for typed in (f"deploy {name} --image {image('app', '2.0')}", f"rollback {name}"):
        in_a_later_second()
        assert dashborion(f"workloads {typed} --wait").exit_code == 0
    seen = dashborion(f"timeline {name} --kind rollout --columns kind,message,who --no-headers")
    verbs = [line.split("\t")[1].split()[0] for line in seen.out.splitlines()]
    assert verbs == ["created", "deployed", "rolled"]
    for count in (2, 1):
        assert dashborion(f"workloads scale {name} -r {count} --wait").exit_code == 0
    (scaled,) = dashborion(f"timeline {name} --kind scale -o json").json  # of a new set, the last
    assert told(scaled) == ("scale", "2", "1", "dashborion")


@pytest.mark.parametrize("what", ["instances stop {pod}", "workloads scale till2 -r 2"])
def test_a_reason_is_refused_where_nothing_keeps_it(
    dashborion: Cli, here: Space, what: str
) -> None:
    name = here.add(deployment("till2"))
    before = here.get(name)["spec"]
    seen = dashborion(f"{what.format(pod=here.only_pod(name))} --reason why")
    assert seen.exit_code == 2
    assert here.get(name)["spec"] == before


@pytest.mark.usefixtures("as_viewer")
def test_what_may_not_be_listed_may_be_missing_and_is_told(dashborion: Cli, here: Space) -> None:
    name = here.add(deployment("open"))
    seen = dashborion(f"timeline {name} -o json")
    assert seen.exit_code == 5
    assert {"rollout", "instance"} == {one["kind"] for one in seen.json}
    assert "configmaps" in seen.err
    assert dashborion(f"timeline deployment/{name} --kind rollout -o json").exit_code == 0
