"""A service of Express mode: what the demo says of it is in botocore's shapes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator
from moto.ecs.models import ecs_backends

from dashborion.demo.ecs import express
from tests.support.aws import connect
from tests.support.aws_server import StrictAws

REGION = "eu-west-3"


def test_an_express_service_has_botocores_shape_and_no_task_definition() -> None:
    with StrictAws(plays_out=True) as aws:
        aws.call(REGION, "CreateCluster", clusterName="shop")
        container = {"name": "web", "image": "registry.example/web:1", "essential": True}
        sizes = {"cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::1:role/x"}
        aws.call(
            REGION, "RegisterTaskDefinition", family="web", containerDefinitions=[container],
            requiresCompatibilities=["FARGATE"], **sizes,
        )  # fmt: skip
        for name in ("web", "plain"):
            aws.call(
                REGION, "CreateService", cluster="shop", serviceName=name, desiredCount=1,
                taskDefinition="web", launchType="FARGATE",
            )  # fmt: skip
        made: Any = ecs_backends[aws.account][REGION].services
        express.make(made["shop:web"])
        ecs = connect(aws, "ecs", REGION)

        web, plain = ecs.describe_services(cluster="shop", services=["web", "plain"])["services"]
        assert (web["resourceManagementType"], "taskDefinition" in web) == ("ECS", False)
        assert "taskDefinition" in plain
        told = ecs.describe_express_gateway_service(serviceArn=web["serviceArn"])["service"]
        (configured,) = told["activeConfigurations"]
        assert configured["taskDefinitionArn"] == web["deployments"][0]["taskDefinition"]
        assert configured["ingressPaths"][0]["endpoint"].endswith(f".ecs.{REGION}.on.aws")
        with pytest.raises(ClientError, match="ServiceNotFoundException"):
            ecs.describe_express_gateway_service(serviceArn=plain["serviceArn"])

        # What botocore does not know it leaves out of an answer: the demo's own has no more.
        model = get_session().get_service_model("ecs")
        shape = model.shape_for("ECSExpressGatewayService")
        definition = ecs_backends[aws.account][REGION].describe_task_definition("web")
        own = express.described(made["shop:web"], definition, REGION)
        assert ParamValidator().validate(own, shape).generate_report() == ""
