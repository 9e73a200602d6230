"""`env discover --add`: what is written, where, and what stays as it is."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dashborion.config.edit import added
from dashborion.config.file import load
from dashborion.config.targets import EcsTarget, EksTarget, Environment, KubernetesTarget, Origin
from dashborion.errors import ConfigError
from tests.demo.discovery.conftest import PARIS
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli

Contexts = Callable[..., Path]

MINE = """\
# Everything that we run.
default: homebox/staging   # the usual

projects:
    homebox:
        environments:
            # ask Jane before you touch it
            staging:    {orchestrator: ecs, cluster: homebox-staging, profile: home}
            production: {orchestrator: kubernetes, context: 'elsewhere', protected: yes}

    # that was all
"""


def test_a_file_is_made_for_its_owner_alone(
    dashborion: Cli, aws: StrictAws, contexts: Contexts, user_file: Path
) -> None:
    contexts("media-staging")

    seen = dashborion("env discover --profile home --add --yes")

    assert (seen.exit_code, seen.err) == (0, f"added 4 environments to {user_file}\n")
    assert stat.S_IMODE(user_file.stat().st_mode) == 0o600
    assert user_file.read_text() == (
        "projects:\n"
        "  homebox:\n"
        "    environments:\n"
        "      production: {orchestrator: ecs, protected: true, cluster: homebox-prod, "
        "region: eu-west-3, profile: home}\n"
        "      staging: {orchestrator: ecs, cluster: homebox-staging, region: eu-west-3, "
        "profile: home}\n"
        "  media:\n"
        "    environments:\n"
        "      staging: {orchestrator: kubernetes, context: media-staging}\n"
        "  rubix:\n"
        "    environments:\n"
        "      production: {orchestrator: eks, protected: true, cluster: rubix-prod, "
        "region: eu-west-3, profile: home}\n"
    )


def test_added_environments_are_configured_and_not_added_again(
    dashborion: Cli, aws: StrictAws, user_file: Path
) -> None:
    dashborion("env discover --profile home --add --yes")
    before = user_file.read_text()

    seen = dashborion("env discover --add --yes -o json")

    assert {one["configured"] for one in seen.json} == {True}
    assert "nothing to add" in seen.err
    assert user_file.read_text() == before
    listed = dashborion("env list -o name").lines
    assert listed == ["homebox/production", "homebox/staging", "rubix/production"]


def test_comments_and_columns_stay(dashborion: Cli, aws: StrictAws, user_file: Path) -> None:
    user_file.parent.mkdir(parents=True)
    user_file.write_text(MINE)

    assert dashborion("env discover --add --yes").exit_code == 0

    after = user_file.read_text()
    changes = list(difflib.ndiff(MINE.splitlines(), after.splitlines()))
    assert not [line for line in changes if line.startswith("-")]
    home = f"region: {PARIS}, profile: home}}"
    assert [line[2:] for line in changes if line.startswith("+")] == [
        (f"{' ' * 12}production-ecs: {{orchestrator: ecs, protected: true, "
        f"cluster: homebox-prod, {home}"),
        "    rubix:",
        "        environments:",
        f"{' ' * 12}production: {{orchestrator: eks, protected: true, cluster: rubix-prod, {home}",
    ]  # fmt: skip


def test_patterns_choose_what_is_added(dashborion: Cli, aws: StrictAws, user_file: Path) -> None:
    dashborion("env discover 'rubix/*' --profile home --add --yes")

    assert [one.label for one in load(user_file, Origin.USER).environments] == ["rubix/production"]


def test_a_named_file_is_written_and_the_users_own_is_not(
    dashborion: Cli, aws: StrictAws, user_file: Path, tmp_path: Path
) -> None:
    named = tmp_path / "new" / "team.yaml"

    assert dashborion(f"env discover --profile home --add --yes --config {named}").exit_code == 0

    assert len(load(named, Origin.NAMED).environments) == 3
    assert not user_file.exists()


def test_a_folders_file_is_not_written(dashborion: Cli, aws: StrictAws, user_file: Path) -> None:
    folder = Path("dashborion.yaml")
    folder.write_text(MINE)

    dashborion("env discover --profile home --add --yes")

    assert folder.read_text() == MINE
    assert user_file.exists()


def test_a_link_stays_a_link(
    dashborion: Cli, aws: StrictAws, user_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "dotfiles.yaml").write_text(MINE)
    user_file.parent.mkdir(parents=True)
    user_file.symlink_to(tmp_path / "dotfiles.yaml")

    dashborion("env discover --add --yes")

    assert user_file.is_symlink()
    assert "rubix" in (tmp_path / "dotfiles.yaml").read_text()


def test_without_a_terminal_it_needs_a_yes_before_it_looks(
    dashborion: Cli, aws: StrictAws, user_file: Path
) -> None:
    seen = dashborion("env discover --profile home --add")

    assert (seen.exit_code, aws.spy.calls, user_file.exists()) == (2, [], False)
    assert "--yes" in seen.err


def test_found_clusters_are_added_although_a_part_failed(
    dashborion: Cli, aws: StrictAws, user_file: Path
) -> None:
    aws.faults.deny("eks:*")

    assert dashborion("env discover --profile home --add --yes").exit_code == 5

    assert len(load(user_file, Origin.USER).environments) == 2


def test_a_file_that_cannot_be_used_is_left_alone(
    dashborion: Cli, aws: StrictAws, user_file: Path
) -> None:
    user_file.parent.mkdir(parents=True)
    user_file.write_text("projects: [")

    seen = dashborion("env discover --profile home --add --yes -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert user_file.read_text() == "projects: ["


ONE = Environment(
    project="no", name="1e3", target=KubernetesTarget(context="a: {b} #c", protected=True)
)
TWO = Environment(project="homebox", name="qa", target=EcsTarget(cluster="y", region=PARIS))
THREE = Environment(project="rubix", name="on", target=EksTarget(cluster="null"))

TEXTS = {
    "nothing": "",
    "a comment": "# mine",
    "an empty key": "projects:\n",
    "one project's": "environments:\n  a: {orchestrator: ecs, cluster: b}\n",
    "an aligned one": MINE,
    "flow style": "{projects: {homebox: {environments: {}}}}",
    "a document's marks": "---\nprojects:\n  homebox:\n    environments:\n"
    "      a: {orchestrator: ecs, cluster: b}\n...\n",
    "folded text": "projects:\n  homebox:\n    environments:\n      a:\n        cluster: >-\n"
    "          some\n          thing\n        orchestrator: ecs\n",
    "an anchor": "projects:\n  homebox:\n    environments:\n      a: &a {orchestrator: ecs, "
    "cluster: b}\n      b: {<<: *a, protected: on}\n",
    "carriage returns": "projects:\r\n  homebox:\r\n    environments:\r\n"
    "      a:   {orchestrator: ecs, cluster: b}  # b\r\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_adding_keeps_what_any_file_means(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(TEXTS[name].encode())
    before = load(path, Origin.USER).environments

    path.write_bytes(added(TEXTS[name], [ONE, TWO, THREE], path).encode())

    after = {one.label: one.target for one in load(path, Origin.USER).environments}
    assert after == {one.label: one.target for one in (*before, ONE, TWO, THREE)}
    assert all(line in path.read_text() for line in TEXTS[name].splitlines() if "#" in line)


def test_a_file_with_an_alias_for_a_whole_project_is_not_changed_behind_its_back() -> None:
    """What is added under one name would be under the other as well."""
    text = (
        "projects:\n  homebox: &h\n    environments:\n      a: {orchestrator: ecs, cluster: b}\n"
        "  other: *h\n"
    )
    with pytest.raises(ConfigError, match="without changing other content"):
        added(text, [TWO], Path("config.yaml"))
