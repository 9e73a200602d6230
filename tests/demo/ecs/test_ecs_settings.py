"""Region, profile, role and endpoint: from the config, AWS' variables and AWS' own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.aws import HERE, KEY, SECRET, write_aws, write_config
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet, populate

WEB = "workloads list web -o json"
PROFILE = f"[profile homebox]\nregion = {REGION}\naws_access_key_id = {KEY}\n"
PROFILE += f"aws_secret_access_key = {SECRET}\n"


def seen_regions(fleet: Fleet) -> set[str]:
    return {call.region for call in fleet.aws.spy.calls}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(f"ecs:{REGION}/{CLUSTER}", id="region and cluster"),
        pytest.param(f"ecs:arn:aws:ecs:{REGION}:123456789012:cluster/{CLUSTER}", id="an arn"),
        pytest.param(f"ecs:homebox@{REGION}/{CLUSTER}", id="profile, region and cluster"),
        pytest.param(f"ecs:homebox@{CLUSTER}", id="profile and cluster"),
        pytest.param(f"ecs:me@home@{REGION}/{CLUSTER}", id="a profile with an at sign"),
    ],
)
def test_an_ad_hoc_cluster(dashborion: Cli, fleet: Fleet, home: Path, place: str) -> None:
    write_aws(home, config=PROFILE + PROFILE.replace("profile homebox", "profile me@home"))
    (found,) = dashborion(f"{WEB} -e '{place}'").json
    assert (found["project"], found["environment"]) == (None, place)
    assert seen_regions(fleet) == {REGION}


def test_the_variable_takes_an_ad_hoc_cluster_without_any_file(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".config" / "dashborion" / "config.yaml").unlink()
    monkeypatch.setenv("DASHBORION_ENV", f"ecs:{REGION}/{CLUSTER}")
    assert dashborion(WEB).exit_code == 0


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_of_a_variable(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, REGION)
    assert dashborion(f"{WEB} -e ecs:{CLUSTER}").exit_code == 0


def test_aws_region_goes_before_the_default_one(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert dashborion(f"{WEB} -e ecs:{CLUSTER}").exit_code == 0


def test_the_environments_own_region_goes_before_all(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert dashborion(WEB).exit_code == 0
    assert seen_regions(fleet) == {REGION}


def test_the_region_of_the_profile(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aws(home, config=PROFILE)
    monkeypatch.setenv("AWS_PROFILE", "homebox")
    assert dashborion(f"{WEB} -e ecs:{CLUSTER}").exit_code == 0


def test_a_profile_that_is_named_has_its_own_region(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aws(home, config=PROFILE)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    assert dashborion(f"{WEB} -e ecs:homebox@{CLUSTER}").exit_code == 0


def test_the_profile_of_the_config_file_is_used(dashborion: Cli, fleet: Fleet, home: Path) -> None:
    write_aws(home, config=PROFILE)
    write_config(home, {HERE: {"cluster": CLUSTER, "profile": "homebox"}})
    assert dashborion(WEB).exit_code == 0


@pytest.mark.parametrize("command", ["workloads list", "instances list", "workloads describe web"])
def test_a_missing_region_exits_2(dashborion: Cli, fleet: Fleet, command: str) -> None:
    seen = dashborion(f"{command} -e ecs:{CLUSTER} -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "usage")
    assert "region" in seen.error["message"]
    assert "AWS_REGION" in seen.error["hint"]
    assert fleet.aws.spy.calls == []


def test_a_region_that_cannot_be_one(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion(f"workloads list -e 'ecs:eu west 3/{CLUSTER}' -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "usage")


def test_the_endpoint_of_the_config(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    here = {"cluster": CLUSTER, "region": REGION, "endpoint_url": fleet.aws.url}
    write_config(home, {HERE: here})
    assert dashborion(WEB).exit_code == 0


def test_the_endpoint_of_one_service(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", fleet.aws.url)
    assert dashborion("workloads list web -o name").lines == ["web"]


def test_an_endpoint_that_is_none(dashborion: Cli, fleet: Fleet, home: Path) -> None:
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "endpoint_url": "nonsense"}})
    seen = dashborion("workloads list -o json")
    assert seen.exit_code == 2
    assert "endpoint_url is not a URL" in seen.error["message"]


def _other_account(fleet: Fleet) -> str:
    """A cluster of the same name in another account; its role."""
    other = "200900000001"
    where = fleet.aws.region(REGION, account=other)
    with fleet.aws.lock:
        cluster = where.cluster(CLUSTER)
        cluster.service("abroad", cluster.definition("abroad"))
    return f"arn:aws:iam::{other}:role/reader"


def test_a_role_is_assumed(dashborion: Cli, own_fleet: Fleet, home: Path) -> None:
    role = _other_account(own_fleet)
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "role_arn": role}})
    seen = dashborion("workloads list -o name")
    assert seen.lines == ["abroad"], seen.err
    assert [one["RoleArn"] for one in own_fleet.aws.spy.of("sts:AssumeRole")] == [role]


def test_a_role_is_assumed_where_the_environments_endpoint_is(
    dashborion: Cli, own_fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    role = _other_account(own_fleet)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    here = {
        "cluster": CLUSTER,
        "region": REGION,
        "role_arn": role,
        "endpoint_url": own_fleet.aws.url,
    }
    write_config(home, {HERE: here})
    assert dashborion("workloads list -o name").lines == ["abroad"]


def test_a_role_is_assumed_once_for_all_environments_and_commands(
    dashborion: Cli, own_fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    role = _other_account(own_fleet)
    here = {"cluster": CLUSTER, "region": REGION, "role_arn": role}
    write_config(home, {HERE: here, "there": {**here, "namespace_tag": "team"}})
    for _ in range(2):
        assert dashborion("workloads list --all-envs -o name").exit_code == 0
    assert own_fleet.aws.spy.counts["sts:AssumeRole"] == 1
    [kept] = home.rglob("aws-roles/*/*.json")
    assert [oct(path.stat().st_mode & 0o777) for path in (kept, kept.parent)] == ["0o600", "0o700"]


def test_a_role_of_another_identity_is_assumed_anew(
    dashborion: Cli, own_fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = _other_account(own_fleet)
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "role_arn": role}})
    assert dashborion("workloads list -o name").exit_code == 0
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7ANOTHER")
    assert dashborion("workloads list -o name").exit_code == 0
    assert own_fleet.aws.spy.counts["sts:AssumeRole"] == 2


def test_what_an_endpoint_of_the_config_gives_is_not_kept(
    dashborion: Cli, own_fleet: Fleet, home: Path
) -> None:
    role = _other_account(own_fleet)
    here = {"cluster": CLUSTER, "region": REGION, "endpoint_url": own_fleet.aws.url}
    write_config(home, {HERE: {**here, "role_arn": role}})
    assert dashborion("workloads list -o name").exit_code == 0
    assert list(home.rglob("aws-roles/*/*.json")) == []


def test_a_profiles_own_role_is_assumed(dashborion: Cli, own_fleet: Fleet, home: Path) -> None:
    role = _other_account(own_fleet)
    text = f"[profile other]\nrole_arn = {role}\nsource_profile = homebox\nregion = {REGION}\n"
    write_aws(home, config=PROFILE + text)
    assert dashborion(f"workloads list -e ecs:other@{CLUSTER} -o name").lines == ["abroad"]


def test_two_regions_are_two_clusters(dashborion: Cli, own_fleet: Fleet) -> None:
    populate(own_fleet.aws, region="us-east-1")
    command = f"{WEB} -e ecs:us-east-1/{CLUSTER} -e {HERE}"
    assert len(dashborion(command).json) == 2
    assert seen_regions(own_fleet) == {REGION, "us-east-1"}
