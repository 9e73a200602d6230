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


def test_two_regions_are_two_clusters(dashborion: Cli, own_fleet: Fleet) -> None:
    populate(own_fleet.aws, region="us-east-1")
    command = f"{WEB} -e ecs:us-east-1/{CLUSTER} -e {HERE}"
    assert len(dashborion(command).json) == 2
    assert seen_regions(own_fleet) == {REGION, "us-east-1"}
