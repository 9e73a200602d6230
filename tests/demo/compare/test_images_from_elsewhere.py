"""`workloads deploy --image-from`: what runs there, by digest, and what the registry says of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.compare.conftest import ECR, OURS, Registry, cluster
from tests.support.cli import Cli
from tests.support.definitions import digest
from tests.support.misbehaviour import status
from tests.support.stub_api import Api

D1, D2 = digest(1), digest(2)
DEPLOY = "workloads deploy web -e shop/production --image-from {} --dry-run -o json"
FROM_STAGING, FROM_MEDIA = DEPLOY.format("shop/staging"), DEPLOY.format("media/staging")


def notes(seen: Any) -> str:
    return str(seen.err)


def test_what_runs_in_another_cluster_is_deployed_by_digest(
    dashborion: Cli, staging: Registry
) -> None:
    staging.objects |= cluster("1.1", "web", image=2)
    seen = dashborion(FROM_STAGING)
    assert (seen.exit_code, seen.json["before"], seen.json["after"]) == (
        0, f"{OURS}/web:1.0", f"{OURS}/web@{D2}",
    )  # fmt: skip
    assert f"keep tag 1.1 in {OURS}/web" in notes(seen)
    assert f"not checked whether {OURS}/web has it" in notes(seen)


def test_tasks_that_fail_their_health_check_are_said(dashborion: Cli, staging: Registry) -> None:
    for one in staging.objects["tasks"]:
        one["healthStatus"] = "UNHEALTHY"
    seen = dashborion(FROM_STAGING)
    assert (seen.exit_code, "web is degraded in shop/staging" in notes(seen)) == (0, True)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("shop/staging:api", None, id="with the environment"),
        pytest.param("shop/staging --from-workload shop/staging:api", None, id="with the name"),
        pytest.param(
            "shop/staging --from-workload media/staging:api",
            "'media/staging:api' is not in shop/staging, which is --image-from",
            id="of another environment",
        ),
    ],
)
def test_the_source_as_lists_print_its_name(
    dashborion: Cli, source: str, message: str | None
) -> None:
    seen = dashborion(DEPLOY.format(source) + " --repository keep")
    if message is None:
        assert seen.json["after"] == f"{OURS}/api@{D1}", seen.err
    else:
        assert (seen.exit_code, seen.error["message"]) == (2, message)


def test_what_runs_in_a_deployment_is_deployed_to_a_service(dashborion: Cli) -> None:
    seen = dashborion(FROM_MEDIA)
    assert (seen.exit_code, seen.json["after"]) == (0, f"{OURS}/web@{D1}")
    assert "ECS pulls with the task's execution role or repositoryCredentials" in notes(seen)


def test_what_runs_in_a_service_is_deployed_to_a_deployment(dashborion: Cli, media: Api) -> None:
    media.objects["nodes"] = [
        {"metadata": {"name": "n", "labels": {"kubernetes.io/arch": "arm64"}}}
    ]
    seen = dashborion(FROM_STAGING.replace("shop/production", "media/staging"))
    assert (seen.exit_code, seen.json["after"]) == (0, f"{OURS}/web@{D1}")
    assert "Kubernetes pulls with imagePullSecrets" in notes(seen)
    assert "it runs on amd64 there, and here on arm64" in notes(seen)


def test_who_may_not_see_nodes_may_still_deploy(dashborion: Cli, media: Api) -> None:
    media.on("*/nodes", status(403, "no", reason="Forbidden"))
    seen = dashborion(FROM_STAGING.replace("shop/production", "media/staging"))
    assert (seen.exit_code, "one platform" in notes(seen)) == (0, False)


@pytest.mark.parametrize("source", ["staging", "shop/staging", "media/staging"])
def test_a_source_is_of_the_same_project_unless_it_names_another(
    dashborion: Cli, source: str
) -> None:
    typed = f"workloads deploy web -p shop -e production --image-from {source} --dry-run -o json"
    seen = dashborion(typed)
    assert (seen.exit_code, seen.json["after"]) == (0, f"{OURS}/web@{D1}"), seen.err


def test_another_workload_and_the_tag(dashborion: Cli, staging: Registry) -> None:
    typed = FROM_STAGING + " --from-workload api --repository keep"
    assert dashborion(typed).json["after"] == f"{OURS}/api@{D1}"
    assert dashborion(f"{typed} --by-tag").json["after"] == f"{OURS}/api:1.0"


def test_what_ecs_resolved_is_taken_where_agents_do_not_tell(
    dashborion: Cli, staging: Registry
) -> None:
    for one in staging.objects["tasks"]:
        del one["containers"][0]["imageDigest"]
    assert dashborion(FROM_STAGING).error["code"] == "refused"
    resolve(staging, D2)
    assert dashborion(FROM_STAGING).json["after"] == f"{OURS}/web@{D2}"


def test_tasks_that_run_something_else_than_ecs_resolved_are_mixed(
    dashborion: Cli, staging: Registry
) -> None:
    resolve(staging, D2)
    seen = dashborion(f"{FROM_STAGING} --force")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused")
    assert D1 in seen.error["message"]
    assert D2 in seen.error["message"]


def resolve(aws: Registry, resolved: str) -> None:
    """The newest deployment got through with this image."""
    service = aws.objects["services"][0]
    revision = f"{service['serviceArn'].replace(':service/', ':service-revision/')}/1"
    image = {"containerName": "app", "image": f"{OURS}/web:1.0", "imageDigest": resolved}
    aws.objects["serviceRevisions"] = [{
        "serviceRevisionArn": revision, "serviceArn": service["serviceArn"],
        "taskDefinition": service["taskDefinition"], "containerImages": [image],
    }]  # fmt: skip
    aws.objects["serviceDeployments"] = [{
        "serviceDeploymentArn": revision.replace("-revision", "-deployment"),
        "serviceArn": service["serviceArn"], "status": "SUCCESSFUL",
        "targetServiceRevision": {"arn": revision},
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("images", "force", "code", "said"),
    [
        pytest.param({D1: ["1.0", "stable"]}, "", 0, "with the tags 1.0, stable", id="tagged"),
        pytest.param({D1: []}, "", 1, "no tag is known that keeps", id="no tag"),
        pytest.param({D1: []}, "--force", 0, "", id="no tag, by force"),
        pytest.param({}, "--force", 1, f"has no image {D1}", id="not there"),
        pytest.param(None, "", 0, "not checked whether", id="nobody may ask"),
    ],
)
def test_the_targets_registry_is_asked(
    dashborion: Cli, staging: Registry, production: Registry, images: Any, force: str, code: int,
    said: str,
) -> None:  # fmt: skip
    for one in (staging, production):
        one.objects |= cluster("1.0", "web", repository=ECR)
    production.images = images
    seen = dashborion(f"{FROM_STAGING} {force}")
    assert (seen.exit_code, said in notes(seen)) == (code, True)


@pytest.mark.parametrize(("force", "code"), [("", 1), ("--force", 0)])
def test_a_digest_without_any_tag_needs_force(
    dashborion: Cli, staging: Registry, force: str, code: int
) -> None:
    app = {"name": "app", "image": f"{OURS}/web@{D1}", "essential": True}
    staging.objects["definitions"][0]["containerDefinitions"] = [app]
    assert dashborion(f"{FROM_STAGING} {force}").exit_code == code


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (f"{FROM_STAGING} --image web:1", 2, "give either --image or --image-from"),
        ("workloads deploy web -e shop/production", 2, "give either --image or --image-from"),
        ("workloads deploy web -e shop/production --image a --by-tag", 2, "go with --image-from"),
        (f"{FROM_STAGING} --repository both", 2, "--repository: 'both' is not one of keep, target"),
        (DEPLOY.format("shop/production"), 2, "is the target itself"),
        (DEPLOY.format("'shop/*'"), 2, "is 2 environments"),
        (f"{FROM_STAGING} --from-workload nothing", 3, "no workload 'nothing'"),
        (f"{FROM_STAGING} --from-workload api", 2, f"from {OURS}/api in shop/staging"),
    ],
)
def test_what_makes_no_sense_is_said(dashborion: Cli, typed: str, code: int, said: str) -> None:
    seen = dashborion(typed)
    assert (seen.exit_code, seen.out) == (code, "")
    assert said in seen.err


def test_nothing_is_taken_from_a_workload_at_zero(dashborion: Cli, staging: Registry) -> None:
    stopped = cluster("1.0", "web")
    stopped["services"][0] |= {"desiredCount": 0, "runningCount": 0}
    staging.objects |= stopped | {"tasks": []}
    seen = dashborion(f"{FROM_STAGING} --force")
    assert (seen.exit_code, "nothing runs of web in shop/staging" in seen.err) == (2, True)


def test_nothing_is_registered_by_a_dry_run(dashborion: Cli, production: Registry) -> None:
    dashborion(FROM_STAGING)
    written = [name for name in production.spy.counts if "Register" in name or "Update" in name]
    assert written == []
