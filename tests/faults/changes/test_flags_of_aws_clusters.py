"""A cluster of ECS is one in an account and a region, and one of EKS is an API server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from dashborion.engines import guards
from tests.support.aws import KEY, credentials, write_aws
from tests.support.aws_objects import (
    ACCOUNT,
    CLUSTER,
    AwsObjects,
    arn,
    definition,
    service,
    task,
)
from tests.support.cli import Cli
from tests.support.kubeconfigs import document, write
from tests.support.stub_api import Api
from tests.support.stub_changes import changed, take_all_methods

REGION = "us-west-2"
OTHER = "210987654321"
RESTART = "workloads restart web -e mine -o json"
ACCOUNTS = {KEY: ACCOUNT, "AKIASAME": ACCOUNT, "AKIAOTHER": OTHER}
ROLE = "arn:aws:iam::{}:role/deploy"

Environments = Mapping[str, Mapping[str, Any]]


def own_file(home: Path, environments: Environments) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"environments": dict(environments)}))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[AwsObjects]:
    """Keys of two accounts: those in variables, and those of the profiles."""
    credentials(monkeypatch)
    write_aws(
        home,
        credentials="".join(
            f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = s3cr3t\n"
            for name, key in (("same", "AKIASAME"), ("other", "AKIAOTHER"))
        ),
        config=f"[profile mfa]\nrole_arn = {ROLE.format(OTHER)}\nsource_profile = same\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/jane\n"
        f"[profile sso]\nsso_start_url = https://example.test\nsso_account_id = {OTHER}\n"
        "sso_region = us-west-2\nsso_role_name = dev\n",
    )
    objects = {"services": [service("web")], "tasks": [task(0xABCDEF, "web")]}
    with AwsObjects(**objects, definitions=[definition("web")]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        lock = threading.Lock()

        def as_whom(request: AwsRequest, do: Callable[[], Answer]) -> Answer:
            with lock:
                server.objects["account"] = ACCOUNTS[request.access_key]
                return do()

        server.faults.add("sts:GetCallerIdentity", as_whom)
        yield server


def ecs(**more: Any) -> dict[str, Any]:
    return {"orchestrator": "ecs", "cluster": CLUSTER, "region": REGION, **more}


def written(aws: AwsObjects) -> int:
    return len(aws.spy.of("ecs:UpdateService")) + len(aws.spy.of("ecs:StopTask"))


MINE = ecs()
SAME = {
    "another profile of the account": (ecs(profile="same"), MINE),
    "a role of the account": (ecs(profile="other", role_arn=ROLE.format(ACCOUNT)), MINE),
    "its ARN": (ecs(cluster=arn("cluster", CLUSTER, region=REGION), profile="other"), MINE),
    "its FIPS endpoint": (ecs(profile="same"), ecs(region=f"{REGION}-fips")),
    "a FIPS prefix": (ecs(profile="same"), ecs(region=f"fips-{REGION}")),
    "flagged as FIPS": (ecs(profile="same", region=f"{REGION}-fips"), MINE),
    "capitals": (ecs(region=REGION.upper(), cluster=CLUSTER.title()), MINE),
    "blanks": (ecs(region=f" {REGION} ", cluster=f"{CLUSTER} "), MINE),
    "no region": (ecs(region=None, profile="same"), MINE),
    "a profile that does not exist": (ecs(profile="gone"), MINE),
}


@pytest.mark.parametrize(("flagged", "mine"), SAME.values(), ids=SAME)
@pytest.mark.parametrize("command", [RESTART, "instances stop 00000000 -e mine -o json"])
def test_the_same_cluster_under_another_name(
    dashborion: Cli, aws: AwsObjects, home: Path, command: str, flagged: Any, mine: Any
) -> None:
    own_file(home, {"prod": {**flagged, "read_only": True}, "mine": mine})
    seen = dashborion(command)
    assert (seen.exit_code, seen.error["code"], written(aws)) == (1, "refused", 0), seen.err
    assert "prod of" in seen.error["message"]


ANOTHER = {
    "another account": ecs(profile="other"),
    "a role of another account": ecs(role_arn=ROLE.format(OTHER)),
    "a profile's role, which is not asked for its code": ecs(profile="mfa"),
    "an SSO profile, which need not be logged in": ecs(profile="sso"),
    "another region": ecs(region="us-east-1"),
    "another cluster": ecs(cluster="docs-2"),
    "another orchestrator": {"orchestrator": "eks", "cluster": CLUSTER, "region": REGION},
}


@pytest.mark.parametrize("flagged", ANOTHER.values(), ids=ANOTHER)
def test_another_cluster_is_not_guarded(
    dashborion: Cli, aws: AwsObjects, home: Path, flagged: Any
) -> None:
    own_file(home, {"prod": {**flagged, "read_only": True}, "mine": MINE})
    seen = dashborion(RESTART)
    assert (seen.exit_code, written(aws)) == (0, 1), seen.err


def test_nobody_is_asked_where_nothing_could_be_the_same(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    far = {"prod": ecs(cluster="far", profile="same", read_only=True)}
    own_file(home, {**far, "mine": MINE})
    assert dashborion(RESTART).exit_code == 0
    assert aws.spy.of("sts:GetCallerIdentity") == []


def test_reads_ask_nobody(dashborion: Cli, aws: AwsObjects, home: Path) -> None:
    own_file(home, {"prod": ecs(profile="same", read_only=True), "mine": MINE})
    assert dashborion("workloads describe web -e mine").exit_code == 0
    assert aws.spy.of("sts:GetCallerIdentity") == []


def test_an_account_is_asked_once_for_a_profile(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    alike = {f"prod-{n}": ecs(profile="other", namespace_tag=f"n{n}") for n in range(4)}
    flagged = {name: {**body, "read_only": True} for name, body in alike.items()}
    own_file(home, {**flagged, "mine": MINE})
    assert dashborion(RESTART).exit_code == 0
    assert len(aws.spy.of("sts:GetCallerIdentity")) == 1


@pytest.mark.parametrize("trouble", ["hangs", "is denied"])
def test_what_does_not_answer_counts_as_the_same(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(guards, "ASK_SECONDS", 0.5)
    aws.faults.clear()
    if trouble == "hangs":
        aws.faults.hang("sts:GetCallerIdentity", times=9)
    else:
        aws.faults.deny("sts:GetCallerIdentity")
    own_file(home, {"prod": ecs(profile="other", read_only=True), "mine": MINE})
    seen = dashborion(RESTART)
    assert (seen.exit_code, written(aws)) == (1, 0)
    assert "mine may be prod of" in seen.error["message"]
    assert dashborion.took < 20


# --- EKS ----------------------------------------------------------------------------------------

EKS = {"orchestrator": "eks", "cluster": "rubix", "region": REGION}
SCALE = "workloads scale web -r 3"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        write(home / "kubeconfig", document(server.url))
        monkeypatch.setenv("KUBECONFIG", str(home / "kubeconfig"))
        yield server


def described(aws: AwsObjects, endpoint: str) -> None:
    """What EKS says of every cluster."""

    def answer(*_: object) -> Answer:
        body = f'{{"cluster": {{"name": "rubix", "endpoint": "{endpoint}"}}}}'
        return Answer(200, {"Content-Type": "application/json"}, body.encode())

    aws.faults.add("eks:*", answer)


@pytest.mark.parametrize("namespace", ["default", None])
def test_an_eks_cluster_through_its_kubeconfig_context(
    dashborion: Cli, aws: AwsObjects, api: Api, home: Path, namespace: str | None
) -> None:
    described(aws, api.url)
    own_file(home, {"prod": {**EKS, "namespace": namespace, "read_only": True}})
    seen = dashborion(f"{SCALE} -e k8s:here")
    assert (seen.exit_code, changed(api)) == (1, []), seen.err
    assert "k8s:here is prod of" in seen.err


def test_another_eks_cluster(dashborion: Cli, aws: AwsObjects, api: Api, home: Path) -> None:
    described(aws, "https://0123.gr7.us-west-2.eks.amazonaws.com")
    own_file(home, {"prod": {**EKS, "read_only": True}})
    dashborion(f"{SCALE} -e k8s:here")
    assert len(changed(api)) == 1


def test_an_eks_cluster_that_is_not_described_counts_as_the_same(
    dashborion: Cli, aws: AwsObjects, api: Api, home: Path
) -> None:
    aws.faults.deny("eks:*")
    own_file(home, {"prod": {**EKS, "read_only": True}})
    seen = dashborion(f"{SCALE} -e k8s:here")
    assert (seen.exit_code, changed(api)) == (1, [])
    assert "k8s:here may be prod of" in seen.err
