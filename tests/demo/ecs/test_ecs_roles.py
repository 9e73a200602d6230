"""Roles of the config: whose credentials they are got with, where, and what is kept of them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dashborion.orchestrators.aws import sessions
from dashborion.orchestrators.aws.models import Models
from tests.support.aws import HERE, KEY, SECRET, write_aws, write_config
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet

NAMES = "workloads list --all-envs -o name"
ENVIRONMENT = {"cluster": CLUSTER, "region": REGION}
ASSUMED = "sts:AssumeRole"


def profile(name: str, key: str = KEY, more: str = "") -> str:
    keys = f"aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n"
    return f"[profile {name}]\nregion = {REGION}\n{keys}{more}"


@pytest.fixture
def role(own_fleet: Fleet) -> str:
    """The role of another account, which has a cluster of the same name."""
    return other_account(own_fleet.aws)


@pytest.fixture
def own_sts(own_fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """AWS whose STS is there without an endpoint that anybody has configured."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", own_fleet.aws.url)
    rules = tmp_path / "models" / "sts" / "2011-06-15" / "endpoint-rule-set-1.json"
    rules.parent.mkdir(parents=True)
    endpoint = {"conditions": [], "endpoint": {"url": own_fleet.aws.url}, "type": "endpoint"}
    region = {"type": "String", "builtIn": "AWS::Region", "documentation": ""}
    given = {"version": "1.0", "parameters": {"Region": region}, "rules": [endpoint]}
    rules.write_text(json.dumps(given))
    monkeypatch.setattr(sessions, "Models", lambda _: Models(str(tmp_path / "models")))
    return own_fleet


def other_account(aws: StrictAws) -> str:
    other = "200900000001"
    where = aws.region(REGION, account=other)
    with aws.lock:
        cluster = where.cluster(CLUSTER)
        cluster.service("abroad", cluster.definition("abroad"))
    return f"arn:aws:iam::{other}:role/reader"


def kept(home: Path) -> list[Path]:
    return list(home.rglob("aws-roles/*/*.json"))


def test_a_role_is_assumed(dashborion: Cli, own_fleet: Fleet, home: Path, role: str) -> None:
    write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role}})

    seen = dashborion("workloads list -o name")

    assert seen.lines == ["abroad"], seen.err
    assert [one["RoleArn"] for one in own_fleet.aws.spy.of(ASSUMED)] == [role]


def test_a_role_is_assumed_where_the_environments_endpoint_is(
    dashborion: Cli, own_fleet: Fleet, home: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    here = {**ENVIRONMENT, "role_arn": role, "endpoint_url": own_fleet.aws.url}
    write_config(home, {HERE: here})

    assert dashborion("workloads list -o name").lines == ["abroad"]


def test_a_role_is_assumed_once_for_all_environments_and_commands(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str
) -> None:
    here = {**ENVIRONMENT, "role_arn": role}
    write_config(home, {HERE: here, "there": {**here, "namespace_tag": "team"}})
    for _ in range(2):
        assert dashborion(NAMES).exit_code == 0

    assert own_sts.aws.spy.counts[ASSUMED] == 1
    [file] = kept(home)
    modes = [oct(path.stat().st_mode & 0o777) for path in (file, file.parent, file.parents[1])]
    assert modes == ["0o600", "0o700", "0o700"]
    assert not (home / ".aws" / "cli").exists()


DIFFERENT = {
    "profiles": ({"profile": "red"}, {"profile": "blue"}),
    "profiles with the same keys": ({"profile": "red"}, {"profile": "red-too"}),
    "a profile and none": ({"profile": "red"}, {}),
    "regions": ({}, {"region": "us-east-1"}),
}


@pytest.mark.parametrize(("first", "second"), DIFFERENT.values(), ids=DIFFERENT)
def test_environments_that_differ_share_no_credentials_of_their_role(
    dashborion: Cli,
    own_sts: Fleet,
    home: Path,
    role: str,
    first: dict[str, str],
    second: dict[str, str],
) -> None:
    blue = profile("blue", "AKIAIOSFODNN7ANOTHER")
    write_aws(home, config=profile("red") + profile("red-too") + blue)
    for environment in (first, second):  # each as its own command: what is shared is on disk
        write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role, **environment}})
        dashborion("workloads list -o name")

    assert own_sts.aws.spy.counts[ASSUMED] == 2
    assert len(kept(home)) == 2


def test_another_source_of_the_same_profile_shares_none(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role}})
    assert dashborion(NAMES).exit_code == 0
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7ANOTHER")
    assert dashborion(NAMES).exit_code == 0

    assert own_sts.aws.spy.counts[ASSUMED] == 2


def test_two_endpoints_in_one_command_share_no_credentials(
    dashborion: Cli, own_fleet: Fleet, home: Path, role: str
) -> None:
    with StrictAws() as elsewhere:
        other_account(elsewhere)
        here = {**ENVIRONMENT, "role_arn": role}
        endpoints = {"one": own_fleet.aws.url, "two": elsewhere.url}
        write_config(home, {name: here | {"endpoint_url": url} for name, url in endpoints.items()})

        assert dashborion(NAMES).exit_code == 0

        assert [aws.spy.counts[ASSUMED] for aws in (own_fleet.aws, elsewhere)] == [1, 1]
    assert kept(home) == []


CONFIGURED = {
    "the config": ("endpoint_url", "", ""),
    "a variable": ("", "AWS_ENDPOINT_URL", ""),
    "the variable of STS": ("", "AWS_ENDPOINT_URL_STS", ""),
    "the profile": ("", "", "endpoint_url = {}\n"),
    "the profile's services": (
        "",
        "",
        "services = mine\n[services mine]\nsts =\n  endpoint_url = {}\n",
    ),
}


@pytest.mark.parametrize(("key", "variable", "setting"), CONFIGURED.values(), ids=CONFIGURED)
def test_what_a_configured_endpoint_gives_is_not_kept(
    dashborion: Cli,
    own_sts: Fleet,
    home: Path,
    role: str,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    variable: str,
    setting: str,
) -> None:
    url = own_sts.aws.url
    write_aws(home, config=profile("red", more=setting.format(url)))
    if variable:
        monkeypatch.setenv(variable, url)
    endpoint = {key: url} if key else {}
    write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role, "profile": "red", **endpoint}})
    for _ in range(2):
        assert dashborion(NAMES).exit_code == 0

    assert own_sts.aws.spy.counts[ASSUMED] == 2
    assert kept(home) == []


def test_what_no_role_can_be_valid_for_any_more_is_removed(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role}})
    dashborion(NAMES)
    [old] = kept(home)
    os.utime(old, (0, time.time() - 13 * 3600))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7ANOTHER")
    dashborion(NAMES)

    assert (old.parent.exists(), len(kept(home))) == (False, 1)


def is_open_to_others(folder: Path) -> None:
    folder.chmod(0o770)


def is_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def is_anothers(folder: Path) -> None:
    os.chown(folder, 1234, 1234)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root is given another's home")


@pytest.mark.parametrize(
    "happens", [is_open_to_others, is_a_link, pytest.param(is_anothers, marks=as_root)]
)
def test_a_folder_that_others_may_have_filled_is_left_alone(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str, happens: Callable[[Path], None]
) -> None:
    """Where users share a cache folder: what lies there is neither used nor removed."""
    write_config(home, {HERE: {**ENVIRONMENT, "role_arn": role}})
    dashborion(NAMES)
    [file] = kept(home)
    old = file.with_name("old.json")
    old.write_text("{}")
    os.utime(old, (0, time.time() - 13 * 3600))
    happens(file.parents[1])
    dashborion(NAMES)

    assert own_sts.aws.spy.counts[ASSUMED] == 2
    assert len(list(home.rglob("old.json"))) == 1


def test_a_profiles_own_role_is_kept_where_the_aws_cli_keeps_it(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str
) -> None:
    other = f"[profile other]\nrole_arn = {role}\nsource_profile = red\nregion = {REGION}\n"
    write_aws(home, config=profile("red") + other)
    for _ in range(2):
        assert dashborion(f"workloads list -e ecs:other@{CLUSTER} -o name").lines == ["abroad"]

    assert own_sts.aws.spy.counts[ASSUMED] == 1
    assert len(list((home / ".aws" / "cli" / "cache").glob("*.json"))) == 1
    assert kept(home) == []


@as_root
def test_root_leaves_no_credentials_in_another_users_home(
    dashborion: Cli, own_sts: Fleet, home: Path, role: str
) -> None:
    other = f"[profile other]\nrole_arn = {role}\nsource_profile = red\nregion = {REGION}\n"
    write_aws(home, config=profile("red") + other)
    mine = {**ENVIRONMENT, "role_arn": role}
    write_config(home, {"mine": mine, "theirs": {**ENVIRONMENT, "profile": "other"}})
    for path in (home, *home.rglob("*")):
        os.chown(path, 1234, 1234)

    assert dashborion(NAMES).exit_code == 0

    assert [path for path in home.rglob("*") if path.stat().st_uid == 0] == []
