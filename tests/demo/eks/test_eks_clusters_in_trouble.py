"""EKS clusters that are not as one wishes: an error of their environment alone, that says why."""

from __future__ import annotations

import base64
import json

import pytest

from tests.demo.eks.conftest import CLUSTER, REGION, Eks, Environments
from tests.support.cli import Cli

ARN = f"arn:aws:eks:{REGION}:123456789012:cluster/{CLUSTER}"
LIST = "workloads list -o json"


def test_a_cluster_may_be_named_by_its_arn(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(cluster=ARN, region=None)

    assert dashborion(LIST).exit_code == 0
    assert eks.api.refused == [], "the token names the cluster by its name"
    assert {signed.region for signed in eks.api.seen} == {REGION}


def test_another_region_than_the_arns_is_refused(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(cluster=ARN, region="us-west-2")

    assert dashborion(LIST).exit_code == 2
    assert eks.aws.spy.calls == []


@pytest.mark.parametrize("state", ["CREATING", "FAILED", "DELETING", "PENDING"])
@pytest.mark.parametrize("lost", ["endpoint", "authority", "both"])
def test_a_cluster_without_an_endpoint_says_its_state(
    dashborion: Cli, eks: Eks, environment: Environments, state: str, lost: str
) -> None:
    environment()
    eks.described.status = state
    if lost != "authority":
        eks.described.endpoint = None
    if lost != "endpoint":
        eks.described.certificate_authority = None

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["environment"]) == (6, "here")
    assert state.lower() in seen.error["message"]


ANSWERS = {
    "no cluster": {},
    "null": {"cluster": None},
    "a list": {"cluster": []},
    "a list as authority": {"endpoint": "https://x.test", "certificateAuthority": ["data"]},
    "a number as authority": {"endpoint": "https://x.test", "certificateAuthority": {"data": 7}},
    "a number as endpoint": {"endpoint": 7, "certificateAuthority": {"data": "QUJD"}},
    "a broken address": {"endpoint": "https://[::1", "certificateAuthority": {"data": "QUJD"}},
    "a port of text": {"endpoint": "https://x:y", "certificateAuthority": {"data": "QUJD"}},
    "a secret in it": {"endpoint": "http://me:s3cr3t@x", "certificateAuthority": {"data": "QUJD"}},
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_another_shape_is_6(
    dashborion: Cli, eks: Eks, environment: Environments, body: dict[str, object]
) -> None:
    environment()
    answer = {"cluster": body} if "endpoint" in body else body
    eks.aws.faults.garble("eks:*", times=99, body=json.dumps(answer).encode())

    assert dashborion(LIST).exit_code == 6
    assert eks.api.requests == []


def test_keys_that_cannot_sign_are_4(
    dashborion: Cli, eks: Eks, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment()
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{base64.b64encode(b'x').decode()}\ns3cr3t")

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "session token" in seen.error["message"]
    assert eks.aws.spy.calls == []
