"""What ``-o name`` prints of several environments is unique, and every command takes it back."""

from __future__ import annotations

import pytest

from tests.contract.under_test import UnderTest, bare
from tests.support.cli import Result
from tests.support.fleet_on_ecs import CLUSTER, REGION

LISTS = {
    "workloads": "workloads list -A",
    "instances": "instances list -A --all",
    "k8s services": "k8s services list -A",
    "k8s nodes": "k8s nodes list",
    "k8s namespaces": "k8s namespaces list",
    "ecs clusters": "ecs clusters list",
    "ecs task-definitions": "ecs task-definitions list",
}


def environments(there: UnderTest) -> list[str]:
    """The same place under two names, one with colons and slashes in it."""
    if there.orchestrator == "ecs":
        arn = f"arn:aws:ecs:{REGION}:123456789012:cluster/{CLUSTER}"
        return [there.environment, f"ecs:{arn}"]
    return [there.environment, f"{there.environment}/other"]


def names(there: UnderTest, command: str) -> list[str]:
    options = " ".join(f"-e {environment}" for environment in environments(there))
    seen = there.dashborion(f"{command} {options} -o name", seconds=20)
    assert seen.exit_code == 0, seen.err
    return seen.lines


def typed(there: UnderTest, command: str) -> Result:
    return there.dashborion(command, seconds=20)


def test_names_of_several_environments_are_taken_back(there: UnderTest) -> None:
    other = "k8s" if there.orchestrator == "ecs" else "ecs"
    for group, command in LISTS.items():
        if group.startswith(other):
            continue
        found = names(there, command)
        assert found, command
        assert len(set(found)) == len(found), command
        for name in (found[0], found[-1]):
            environment = max((one for one in environments(there) if f"{one}:" in name), key=len)
            seen = typed(there, f"{group} describe {name} -o json")
            assert seen.exit_code == 0, seen.err
            assert seen.json["environment"] == environment
            plain = bare(name.removeprefix(f"{environment}:"))
            assert seen.json["name"] in (plain, f"{plain}:{seen.json.get('revision')}")


def test_revisions_of_a_family_are_taken_back(there: UnderTest) -> None:
    if there.orchestrator == "kubernetes":
        pytest.skip("Kubernetes has no task definitions")
    family = names(there, "ecs task-definitions list")[-1]
    revisions = typed(there, f"ecs task-definitions list {family} -o name").lines
    environment = environments(there)[1]
    newest = f"{environment}:{revisions[-1]}"

    seen = typed(there, f"ecs task-definitions describe {newest} -o json")
    assert (seen.json["environment"], seen.json["name"]) == (environment, revisions[-1])
    seen = typed(there, f"ecs task-definitions diff {newest} {newest} -o json")
    assert (seen.json["same"], seen.json["differences"]) == (True, [])
    apart = typed(there, f"ecs task-definitions diff {newest} {there.environment}:web:1")
    assert (apart.exit_code, "two environments" in apart.err) == (2, True)


COMMANDS = (
    "workloads list {}", "workloads status {} -o json", "workloads events {}",
    "workloads history {}", "workloads why {}", "instances list -w {}",
    "workloads restart {} --dry-run", "workloads scale {} -r 1 --dry-run --force",
)  # fmt: skip


def test_a_command_takes_the_environment_with_the_name(there: UnderTest) -> None:
    environment = environments(there)[1]
    for command in COMMANDS:
        seen = typed(there, command.format(f"{environment}:{there.healthy}"))
        assert seen.exit_code == 0, (command, seen.err)
        assert "using " not in seen.err


def test_names_of_two_environments_are_looked_for_in_their_own(there: UnderTest) -> None:
    one, other = environments(there)
    healthy, degraded = f"{one}:{there.healthy}", f"{other}:{there.degraded}"

    listed = typed(there, f"workloads list {healthy} {degraded} -o name").lines
    told = typed(there, f"workloads status {healthy} {degraded} -o json").json

    assert sorted(listed) == sorted([healthy, degraded])
    assert [(one["environment"], one["workload"]) for one in told] == [
        (one, bare(there.healthy)),
        (other, bare(there.degraded)),
    ]


def test_an_environment_that_was_not_chosen_is_refused(there: UnderTest) -> None:
    one, other = environments(there)

    seen = typed(there, f"workloads describe {other}:{there.healthy} -e {one} -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "usage")
    assert f"is in {other}, and the options choose {one}" in seen.error["message"]
