"""Deployments in stages: what the demo says of them is in botocore's shapes, and they go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dashborion.demo.fleets.shop import REGION, Shop, populate
from tests.support.aws import connect
from tests.support.aws_server import StrictAws

CLUSTER = "shop-staging"
DAY = 24 * 60 * 60


class Staging:
    """The fleet of ``shop``, whose clock stands still unless ``passes`` is called."""

    def __init__(self, aws: StrictAws) -> None:
        self.aws, self.now = aws, datetime.now(UTC)
        self.shop: Shop = populate(aws, self.now, 1.0)[0]
        self.ecs = connect(aws, "ecs", REGION)

    def passes(self, *steps: float) -> None:
        for seconds in steps:
            self.now += timedelta(seconds=seconds)
            with self.aws.lock:
                self.shop.scheduler.tick(self.now)

    def newest(self, name: str) -> Any:
        listed = self.ecs.list_service_deployments(cluster=CLUSTER, service=name)
        return self.made(listed["serviceDeployments"][0]["serviceDeploymentArn"])

    def made(self, arn: str) -> Any:
        found = self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return found["serviceDeployments"][0]

    def goes_on(self, made: Any) -> None:
        self.ecs.continue_service_deployment(
            serviceDeploymentArn=made["serviceDeploymentArn"],
            hookId=made["lifecycleHookDetails"][0]["hookId"],
            action="CONTINUE",
        )


@pytest.fixture
def staging() -> Iterator[Staging]:
    with StrictAws(plays_out=True) as aws:
        yield Staging(aws)


def test_deployments_in_stages_wait_shift_and_go_back(staging: Staging) -> None:
    held = staging.newest("storefront")
    assert (held["status"], held["lifecycleStage"]) == ("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT")
    (hook,) = held["lifecycleHookDetails"]
    assert (hook["targetType"], hook["status"]) == ("PAUSE", "AWAITING_ACTION")
    assert hook["timeoutAction"] == "ROLLBACK"
    assert hook["expiresAt"] > staging.now
    assert held["targetServiceRevision"]["requestedProductionTrafficWeight"] == 0.0
    staging.passes(*[1] * 30)
    arn = held["serviceDeploymentArn"]
    assert staging.made(arn)["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"

    staging.goes_on(held)
    with pytest.raises(ClientError, match="not awaiting an action"):
        staging.goes_on(held)
    staging.passes(*[1] * 12)
    baking = staging.made(arn)
    assert baking["lifecycleStage"] == "BAKE_TIME"
    assert baking["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100.0
    assert len(staging.ecs.list_tasks(cluster=CLUSTER, serviceName="storefront")["taskArns"]) == 4
    staging.passes(300, *[1] * 60)
    assert staging.made(arn)["status"] == "SUCCESSFUL"
    assert len(staging.ecs.list_tasks(cluster=CLUSTER, serviceName="storefront")["taskArns"]) == 2

    # A day passes: the canary gets all of the traffic, and the hook that nobody came to gives up.
    staging.ecs.update_service(cluster=CLUSTER, service="storefront", forceNewDeployment=True)
    staging.passes(*[1] * 30)
    again, canary = staging.newest("storefront"), staging.newest("pricing")
    assert again["lifecycleHookDetails"][0]["status"] == "AWAITING_ACTION"
    assert canary["targetServiceRevision"]["requestedProductionTrafficWeight"] == 10.0
    staging.passes(DAY, *[1] * 8)
    arn = canary["serviceDeploymentArn"]
    later = staging.made(arn)["targetServiceRevision"]
    assert later["requestedProductionTrafficWeight"] == 100.0
    staging.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    with pytest.raises(ClientError, match="cannot be stopped") as refused:
        staging.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    staging.passes(*[1] * 60)
    over = staging.made(again["serviceDeploymentArn"])
    assert over["lifecycleHookDetails"][0]["status"] == "TIMED_OUT"
    assert over["status"] == staging.made(arn)["status"] == "ROLLBACK_SUCCESSFUL"
