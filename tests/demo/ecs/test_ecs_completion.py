"""Tab on ECS: names of services and tasks, as a list kept them or as they are fetched."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import Cli
from tests.support.fleet_on_ecs import Fleet

SECRET = "s3cr3t"  # every secret of these tests has the word in it


def test_names_that_lists_saw_are_offered(dashborion: Cli, fleet: Fleet, home: Path) -> None:
    dashborion("workloads list")
    tasks = [one["name"] for one in dashborion("instances list -o json").json]
    asked = len(fleet.aws.spy.calls)

    assert dashborion.complete("dashborion workloads describe we") == ["web"]
    assert dashborion.complete("dashborion workloads scale -n media ") == ["db", "web"]
    assert dashborion.complete("dashborion workloads stop db we") == ["web"]
    assert dashborion.complete("dashborion workloads describe service/we") == ["service/web"]
    assert set(dashborion.complete("dashborion instances describe ")) == set(tasks)
    assert len(fleet.aws.spy.calls) == asked
    kept = "".join(path.read_text() for path in (home / ".cache" / "dashborion").glob("*.json"))
    assert SECRET not in kept


def test_the_namespaces_are_those_of_the_tags(dashborion: Cli, fleet: Fleet) -> None:
    dashborion("workloads list")

    assert "media" in dashborion.complete("dashborion workloads list -n ")


def test_revisions_are_offered_after_to(dashborion: Cli, fleet: Fleet) -> None:
    """The namespace of a service is the value of a tag, which a line does not have."""
    known = [
        one["revision"] for one in dashborion("workloads describe web -o json").json["revisions"]
    ]

    for line in ("web --to ", "service/web --to ", "media/web --to ", "web -n media --to "):
        assert dashborion.complete(f"dashborion workloads rollback {line}") == known, line


def test_revisions_are_fetched(dashborion: Cli, fleet: Fleet) -> None:
    offered = dashborion.complete("dashborion workloads rollback web --to ")

    assert offered
    assert all(one.startswith("web:") for one in offered)
