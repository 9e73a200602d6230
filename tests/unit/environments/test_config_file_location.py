"""The first config file there is, and how far it is trusted."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dashborion.config.file import load
from dashborion.config.targets import Origin
from dashborion.errors import ConfigError
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api

Write = Callable[..., Path]
ONE = "environments: {%s: {orchestrator: kubernetes, context: c}}"


def names(result: object) -> list[str]:
    return [one["name"] for one in result.json]  # type: ignore[attr-defined]


def test_config_comes_before_the_variable_before_the_folder_before_the_users_own(
    dashborion: Cli,
    folder_file: Write,
    user_file: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_file(ONE % "user")
    assert names(dashborion("env list -o json")) == ["user"]
    folder_file(ONE % "folder")
    assert names(dashborion("env list -o json")) == ["folder"]
    (tmp_path / "variable.yaml").write_text(ONE % "variable")
    monkeypatch.setenv("DASHBORION_CONFIG", str(tmp_path / "variable.yaml"))
    assert names(dashborion("env list -o json")) == ["variable"]
    (tmp_path / "named.yaml").write_text(ONE % "named")
    assert names(dashborion(f"env list -o json --config {tmp_path}/named.yaml")) == ["named"]
    assert names(dashborion(f"--config {tmp_path}/named.yaml env list -o json")) == ["named"]


def test_a_parent_counts_inside_a_git_repository_only(dashborion: Cli, tmp_path: Path) -> None:
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "repository" / "dashborion.yaml").write_text(ONE % "repository")
    (tmp_path / "dashborion.yaml").write_text(ONE % "above")
    assert names(dashborion("env list -o json", cwd=deep)) == []
    (tmp_path / "repository" / ".git").mkdir()
    assert names(dashborion("env list -o json", cwd=deep)) == ["repository"]
    (tmp_path / "repository" / "dashborion.yaml").unlink()
    assert names(dashborion("env list -o json", cwd=deep)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_file_is_ignored_with_a_warning(dashborion: Cli, folder_file: Write) -> None:
    path = folder_file(ONE % "theirs")
    os.chown(path, 12345, 12345)
    result = dashborion("env list -o json")
    assert names(result) == []
    assert "another user owns it" in result.err


def is_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere.yaml"))
    path.symlink_to("elsewhere.yaml")


def is_open_to_all(path: Path) -> None:
    path.chmod(0o666)


def is_open_to_a_group(path: Path) -> None:
    os.chown(path, -1, next(group.gr_gid for group in grp.getgrall() if group.gr_gid))
    path.chmod(0o660)


def is_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def is_large(path: Path) -> None:
    path.write_text(f"# {'1:' * 40_000}\n{path.read_text()}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (is_a_link, "it is a link"),
        (is_open_to_all, "every user may write it"),
        pytest.param(
            is_open_to_a_group,
            "other users may write it",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give it away"),
        ),
    ],
)
def test_a_folders_file_that_others_may_have_chosen_is_ignored_with_a_warning(
    dashborion: Cli, folder_file: Write, change: Callable[[Path], None], words: str
) -> None:
    path = folder_file(ONE % "theirs")
    change(path)
    result = dashborion("env list -o json")
    assert (names(result), words in result.err) == ([], True), result.err
    assert names(dashborion(f"env list -o json --config {path}")) == ["theirs"]


def test_a_folders_file_is_small(dashborion: Cli, folder_file: Write) -> None:
    path = folder_file(ONE % "theirs")
    is_large(path)
    result = dashborion("env list")
    assert (result.exit_code, "larger than 64 kB" in result.err) == (2, True)
    assert dashborion(f"env list --config {path}").exit_code == 0


def test_a_folders_file_that_redefines_a_name_warns_and_changes_nothing(
    dashborion: Cli, folder_file: Write, user_file: Write, api: Api, kube: Kube
) -> None:
    kube(api.url)
    own = user_file("environments: {shop: {orchestrator: kubernetes, context: other}}")
    theirs = folder_file("environments: {shop: {orchestrator: kubernetes, context: here}}")
    read = dashborion("workloads list -e shop")
    assert (read.exit_code, str(own) in read.err, str(theirs) in read.err) == (0, True, True)
    changed = dashborion("workloads scale web -r 3 -e shop")
    assert (changed.exit_code, str(own) in changed.err) == (1, True)
    assert {request.method for request in api.requests} == {"GET"}
    assert (
        dashborion(f"workloads scale web -r 3 -e shop --dry-run --config {theirs}").exit_code == 0
    )


ELSEWHERE = {  # by what tells the user's own environment from the folder's
    "another kubeconfig": ("kubernetes, context: c, kubeconfig: own", "kubernetes, context: c"),
    "another role": (
        "ecs, cluster: c, role_arn: 'arn:aws:iam::111122223333:role/own'",
        "ecs, cluster: c",
    ),
    "another endpoint": ("eks, cluster: c, endpoint_url: 'https://own'", "eks, cluster: c"),
    "no profile": ("ecs, cluster: c, profile: own", "ecs, cluster: c"),
    "no region": ("ecs, cluster: c, region: eu-west-3", "ecs, cluster: c"),
    "another tag": ("ecs, cluster: c, namespace_tag: team", "ecs, cluster: c"),
    "another namespace": ("eks, cluster: c, namespace: own", "eks, cluster: c"),
    "another orchestrator": ("eks, cluster: c", "ecs, cluster: c"),
}


@pytest.mark.parametrize(("own", "theirs"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_every_key_that_says_where_a_name_points_can_redefine_it(
    dashborion: Cli, folder_file: Write, user_file: Write, own: str, theirs: str
) -> None:
    kept = user_file(f"environments: {{shop: {{orchestrator: {own}}}}}")
    folder_file(f"environments: {{shop: {{orchestrator: {theirs}}}}}")
    assert f"and another in {kept}" in dashborion("workloads list -e shop").err


def test_flags_redefine_nothing(dashborion: Cli, folder_file: Write, user_file: Write) -> None:
    user_file("environments: {shop: {orchestrator: ecs, cluster: c, read_only: true}}")
    folder_file("environments: {shop: {orchestrator: ecs, cluster: c, protected: true}}")
    assert "another" not in dashborion("workloads list -e shop").err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (is_a_link, "links"),
        (is_open_to_all, "it has just been replaced: every user may write it"),
        (is_a_pipe, "not a regular file"),
    ],
    ids=["a link", "a file of others", "a pipe"],
)
def test_what_is_read_is_what_was_trusted(
    folder_file: Write, change: Callable[[Path], None], words: str
) -> None:
    """Somebody who may write to the folder puts another file there after the first look."""
    path = folder_file(ONE % "theirs")
    change(path)
    with pytest.raises(ConfigError, match=words):
        load(path, Origin.FOLDER)


@pytest.mark.parametrize(
    "key",
    [
        "kubernetes, context: c, kubeconfig: evil",
        "ecs, cluster: c, endpoint_url: 'http://127.0.0.1:1'",
        "ecs, cluster: c, role_arn: 'arn:aws:iam::111122223333:role/other'",
        "eks, cluster: c, role_arn: 'arn:aws:iam::111122223333:role/other'",
    ],
    ids=["kubeconfig", "endpoint_url", "role_arn", "role_arn of eks"],
)
def test_a_folders_file_may_not_name_what_runs_or_receives_credentials(
    dashborion: Cli, folder_file: Write, user_file: Write, key: str
) -> None:
    text = f"environments: {{one: {{orchestrator: {key}}}}}"
    path = folder_file(text)
    result = dashborion("env list")
    assert result.exit_code == 2
    assert "is not allowed in a folder's file" in result.err
    assert dashborion(f"env list --config {path}").exit_code == 0
    path.unlink()
    user_file(text)
    assert dashborion("env list").exit_code == 0


@pytest.mark.parametrize("flag", ["protected", "read_only"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("theirs", id="a folder's environment"),
        pytest.param("k8s:live", id="an ad-hoc one"),
        pytest.param("k8s:live/elsewhere", id="an ad-hoc one in a namespace"),
    ],
)
def test_the_users_own_flags_follow_the_target(
    dashborion: Cli, folder_file: Write, user_file: Write, kubeconfig: Write, name: str, flag: str
) -> None:
    kubeconfig("live", "other")
    user_file(f"environments: {{mine: {{orchestrator: kubernetes, context: live, {flag}: true}}}}")
    folder_file("environments: {theirs: {orchestrator: kubernetes, context: live}}")
    key = {"protected": "protected", "read_only": "readOnly"}[flag]
    assert dashborion(f"env show {name} -o json").json[key] is True
    assert dashborion("env show k8s:other -o json").json[key] is False
