"""``workloads continue``, ``abort`` and ``pause`` of ECS, and waits until somewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.demo.ecs_rollouts.objects import (
    DEPLOYMENT,
    REVISION,
    hook,
    made,
    rolls,
    service_revision,
)
from tests.support.aws_objects import (
    CLUSTER,
    CREATED,
    AwsObjects,
    Json,
    arn,
    definition,
    deployment,
    service,
    task,
)
from tests.support.cli import Cli

PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
CANARY = {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.0}}
LINEAR = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 20.0}}
OLDER = arn("service-revision", f"{CLUSTER}/web/1")


def waits(
    aws: AwsObjects,
    *hooks: Json,
    strategy: str = "BLUE_GREEN",
    stage: str = "POST_TEST_TRAFFIC_SHIFT",
    weight: float = 0.0,
    **more: Any,
) -> None:
    """`web` is at a stage, where it waits at these hooks: one, unless told otherwise."""
    rolls(aws, running=2, strategy=strategy)
    held = hook(expiresAt=CREATED + 600, timeoutAction="ROLLBACK")
    target = {"arn": REVISION, "requestedProductionTrafficWeight": weight}
    made(
        aws,
        "IN_PROGRESS",
        lifecycleStage=stage,
        lifecycleHookDetails=list(hooks) or [held],
        targetServiceRevision=target | {"requestedTestTrafficWeight": 100.0},
        sourceServiceRevisions=[{"arn": OLDER}],
        **more,
    )


def refused(dashborion: Cli, words: str, *, code: str = "usage") -> str:
    """What is said of a command that sends nothing."""
    seen = dashborion(f"workloads {words} -o json")
    assert (seen.error["code"], seen.out) == (code, "")
    assert seen.exit_code == {"usage": 2, "not-found": 3, "conflict": 1}[code]
    return f"{seen.error['message']}; {seen.error['hint']}"


def sent(aws: AwsObjects, operation: str) -> list[Json]:
    return aws.spy.of(f"ecs:{operation}")


# --- What is told -------------------------------------------------------------------------------


def test_status_tells_stage_traffic_and_what_waits(dashborion: Cli, aws: AwsObjects) -> None:
    waits(aws)
    seen = dashborion("workloads status web -o json")
    told = {key: seen.json[key] for key in ("strategy", "stage", "traffic", "bakeUntil")}
    assert told == {
        "strategy": "blue-green",
        "stage": "POST_TEST_TRAFFIC_SHIFT",
        "traffic": {"production": 0.0, "test": 100.0},
        "bakeUntil": None,
    }
    assert seen.json["waitingFor"] == {
        "hook": "h1",
        "stage": "POST_TEST_TRAFFIC_SHIFT",
        "expiresAt": "2026-11-18T11:16:40Z",
        "onTimeout": "ROLLBACK",
    }
    assert "to go on: dashborion workloads continue service/web --hook h1 --wait" in seen.err
    (cause,) = [one for one in seen.json["causes"] if one["code"] == "hook-waiting"]
    commands = [one["command"] for one in cause["advice"]]
    assert any("workloads continue web --hook h1" in one for one in commands)
    assert "0% of production, 100% of test" in dashborion("workloads status web").out
    described = dashborion("workloads describe web -o json").json["rollout"]
    assert (described["state"], described["waitingFor"]) == ("paused", seen.json["waitingFor"])


def test_the_hooks_that_wait_are_offered(dashborion: Cli, aws: AwsObjects) -> None:
    """Fetched by a tab itself, and those of the workload on the line only."""
    waits(aws)
    assert dashborion.complete("dashborion workloads continue web --hook ") == ["h1"]
    aws.objects["services"].append(service("calm"))
    assert dashborion.complete("dashborion workloads continue calm --hook ") == []


@pytest.mark.parametrize(
    ("stage", "until"),
    [("BAKE_TIME", "2026-11-18T11:17:40Z"), ("POST_PRODUCTION_TRAFFIC_SHIFT", None)],
)
def test_a_bake_ends_about_then_and_waits_for_nobody(
    dashborion: Cli, aws: AwsObjects, stage: str, until: str | None
) -> None:
    rolls(aws, strategy="CANARY")
    made(aws, "IN_PROGRESS", updatedAt=CREATED + 60, lifecycleStage=stage)
    told = dashborion("workloads status web -o json").json
    assert (told["state"], told["bakeUntil"], told["waitingFor"]) == ("progressing", until, None)
    assert dashborion("workloads status web --wait --timeout 4s").exit_code == 8
    assert dashborion.slept


# --- Going on -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "stage", "weight", "more", "words"),
    [
        pytest.param("BLUE_GREEN", "POST_TEST_TRAFFIC_SHIFT", 0.0, {}, "is 100%", id="all at once"),
        pytest.param("CANARY", "PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0, CANARY, "is 5%", id="a canary"),
        pytest.param(
            "CANARY", "PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, CANARY, "is 100%", id="after it"
        ),
        pytest.param("LINEAR", "PRE_PRODUCTION_TRAFFIC_SHIFT", 40.0, LINEAR, "is 60%", id="a step"),
        pytest.param(
            "BLUE_GREEN",
            "PRE_SCALE_UP",
            0.0,
            {"strategy": "BLUE_GREEN", "lifecycleHooks": [PAUSE]},
            "waits for a person again at PRE_PRODUCTION_TRAFFIC_SHIFT",
            id="and the next pause",
        ),
    ],
)
def test_continue_sends_one_action_for_the_hook_that_was_shown(
    dashborion: Cli,
    aws: AwsObjects,
    strategy: str,
    stage: str,
    weight: float,
    more: Json,
    words: str,
) -> None:
    chosen = {"deploymentConfiguration": more} if more else {}
    waits(aws, strategy=strategy, stage=stage, weight=weight, **chosen)
    planned = dashborion("workloads continue web --dry-run")
    assert (planned.exit_code, sent(aws, "ContinueServiceDeployment")) == (0, []), planned.err
    for told in ("web:1 (example.test/app:1.0)", stage, "until 2026-11-18T11:16:40Z", words):
        assert told in planned.err

    seen = dashborion("workloads continue web -o json")

    assert (seen.exit_code, seen.json["before"], seen.json["after"]) == (0, "paused", "progressing")
    one = {"serviceDeploymentArn": DEPLOYMENT, "hookId": "h1", "action": "CONTINUE"}
    assert sent(aws, "ContinueServiceDeployment") == [one]


def test_of_several_hooks_one_has_to_be_chosen(dashborion: Cli, aws: AwsObjects) -> None:
    waits(aws, hook(), hook(hookId="h2"), hook(hookId="h3", status="SUCCEEDED"))
    assert "several hooks wait: h1, h2" in refused(dashborion, "continue web")
    assert "known: h1" in refused(dashborion, "continue web --hook nope", code="not-found")
    assert "SUCCEEDED" in refused(dashborion, "continue web --hook h3")
    assert dashborion("workloads continue web --hook h2").exit_code == 0
    assert [one["hookId"] for one in sent(aws, "ContinueServiceDeployment")] == ["h2"]


LAMBDA = hook(targetType="AWS_LAMBDA", status="IN_PROGRESS")


@pytest.mark.parametrize(
    ("hooks", "typed", "words"),
    [
        pytest.param([LAMBDA], "", "waits for no person: stage", id="a function runs"),
        pytest.param([LAMBDA], "--hook h1", "hook h1 of a Lambda function", id="by its name"),
        pytest.param(
            [hook(targetType="AWS_LAMBDA")], "", "waits for no person", id="awaits its own"
        ),
        pytest.param([hook(status="IN_PROGRESS")], "", "waits for no person", id="in progress"),
    ],
)
def test_what_waits_for_no_person_is_not_continued(
    dashborion: Cli, aws: AwsObjects, hooks: list[Json], typed: str, words: str
) -> None:
    waits(aws, *hooks)
    assert words in refused(dashborion, f"continue web {typed}")
    assert dashborion("workloads status web -o json").json["state"] == "progressing"


MEANWHILE: dict[str, tuple[Json, Json, str]] = {
    "it timed out": (
        {"status": "ROLLBACK_IN_PROGRESS"},
        {"status": "TIMED_OUT"},
        "does not wait any more (ECS took ROLLBACK): it is TIMED_OUT",
    ),
    "somebody continued it": ({}, {"status": "SUCCEEDED"}, "it is SUCCEEDED"),
    "it waits at its next stage": (
        {"lifecycleStage": "PRE_PRODUCTION_TRAFFIC_SHIFT"},
        {"expiresAt": CREATED + 900},
        "does not wait any more",
    ),
    "it was superseded": ({"status": "STOPPED"}, {}, "the deployment STOPPED"),
}


@pytest.mark.parametrize(("change", "of_hook", "words"), MEANWHILE.values(), ids=MEANWHILE)
def test_a_pause_that_is_over_when_it_is_sent_is_a_conflict_that_says_why(
    dashborion: Cli, aws: AwsObjects, change: Json, of_hook: Json, words: str
) -> None:
    waits(aws)

    def meanwhile() -> None:
        now = aws.objects["serviceDeployments"][0]
        now["lifecycleHookDetails"][0] |= of_hook
        now |= change

    after_the_plan(aws, meanwhile)
    assert words in refused(dashborion, "continue web", code="conflict")
    assert sent(aws, "ContinueServiceDeployment") == []


def after_the_plan(aws: AwsObjects, happens: Callable[[], None]) -> None:
    """Something happens when what is deployed was read for the plan, right before the sending."""
    answer = aws._DescribeServiceRevisions

    def read(asked: Json) -> Any:
        told = answer(asked)
        happens()
        return told

    aws._DescribeServiceRevisions = read  # type: ignore[method-assign]


def test_a_wait_stops_at_the_next_pause_and_not_at_the_one_before(
    dashborion: Cli, aws: AwsObjects
) -> None:
    """Reads are eventually consistent; and the same hook waits again before the next step."""
    waits(aws, strategy="LINEAR", stage="PRE_PRODUCTION_TRAFFIC_SHIFT")
    again = hook(expiresAt=CREATED + 600, timeoutAction="ROLLBACK")
    aws.objects["after"] = {"lifecycleHookDetails": [dict(again)]}  # as if nothing had come in

    def waits_again() -> None:
        aws.objects["serviceDeployments"][0]["lifecycleHookDetails"][0]["expiresAt"] += 60

    dashborion.steps = [lambda: None, waits_again]
    seen = dashborion("workloads continue web --wait -o json")
    assert (seen.exit_code, len(dashborion.slept)) == (8, 2)
    assert "workloads continue service/web --hook h1" in seen.error["hint"]
    assert len(sent(aws, "ContinueServiceDeployment")) == 1


# --- Going back, and standing still -------------------------------------------------------------


def gone_back(aws: AwsObjects, status: str = "ROLLBACK_SUCCESSFUL") -> None:
    aws.objects["serviceDeployments"][0]["status"] = status
    old = {"id": "ecs-svc/9", "taskDefinition": arn("task-definition", "web:1")}
    aws.objects["services"][0]["deployments"] = [
        deployment(desiredCount=2, runningCount=2, createdAt=CREATED + 900, **old)
    ]


@pytest.mark.parametrize(
    ("strategy", "ends", "code", "word"),
    [
        ("ROLLING", "ROLLBACK_SUCCESSFUL", 0, None),
        ("BLUE_GREEN", "ROLLBACK_SUCCESSFUL", 0, None),
        ("BLUE_GREEN", "ROLLBACK_FAILED", 7, "rollout-failed"),
        ("CANARY", "STOPPED", 7, "rollout-failed"),
        ("CANARY", "SUCCESSFUL", 7, "superseded"),
    ],
)
def test_an_abort_is_a_rollback_that_is_waited_for(
    dashborion: Cli, aws: AwsObjects, strategy: str, ends: str, code: int, word: str | None
) -> None:
    waits(aws, strategy=strategy)
    aws.objects["serviceRevisions"] += [service_revision(serviceRevisionArn=OLDER)]
    dashborion.steps = [lambda: None, lambda: gone_back(aws, ends)]

    seen = dashborion("workloads abort web --wait -o json")

    assert (seen.exit_code, len(dashborion.slept)) == (code, 2), seen.err
    assert word is None or seen.error["code"] == word
    assert seen.json["after"] == "web:1"
    one = {"serviceDeploymentArn": DEPLOYMENT, "stopType": "ROLLBACK"}
    assert sent(aws, "StopServiceDeployment") == [one]


def test_an_abort_of_what_is_over_by_now_is_a_conflict(dashborion: Cli, aws: AwsObjects) -> None:
    waits(aws)
    after_the_plan(aws, lambda: gone_back(aws, "SUCCESSFUL"))
    assert "the deployment is SUCCESSFUL by now" in refused(
        dashborion, "abort web", code="conflict"
    )
    assert sent(aws, "StopServiceDeployment") == []


@pytest.mark.parametrize(
    ("words", "change", "said"),
    [
        pytest.param("pause web", {}, "cannot pause a deployment that is", id="pause"),
        pytest.param(
            "continue web",
            {"lifecycleHookDetails": []},
            "`dashborion workloads status --wait` waits for it",
            id="waits for nobody",
        ),
        pytest.param(
            "resume web", {}, "`dashborion workloads continue` lets it go on", id="resume"
        ),
        pytest.param(
            "abort web", {"status": "SUCCESSFUL"}, "no deployment is under way", id="complete"
        ),
        pytest.param(
            "continue web", {"status": "SUCCESSFUL"}, "`dashborion workloads rollback`", id="over"
        ),
        pytest.param(
            "abort web",
            {"status": "ROLLBACK_IN_PROGRESS"},
            "ROLLBACK_IN_PROGRESS already",
            id="back",
        ),
        pytest.param("abort web", {"sourceServiceRevisions": []}, "first deployment", id="first"),
    ],
)
def test_what_ecs_cannot_do_is_told_with_what_it_can(
    dashborion: Cli, aws: AwsObjects, words: str, change: Json, said: str
) -> None:
    waits(aws)
    aws.objects["serviceDeployments"][0] |= change
    assert said in refused(dashborion, words)


def test_a_rolling_deployment_cannot_be_paused(dashborion: Cli, aws: AwsObjects) -> None:
    rolls(aws)
    told = refused(dashborion, "pause web")
    assert "ECS cannot pause a rolling deployment" in told
    assert "PAUSE lifecycle hooks" in told


# --- Waits until somewhere ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "code"),
    [
        pytest.param("stage:TEST_TRAFFIC_SHIFT", 0, id="a stage that is past"),
        pytest.param("stage:post_test_traffic_shift", 0, id="the one where it waits"),
        pytest.param("stage:BAKE_TIME", 8, id="one behind the pause"),
        pytest.param("shifted", 8, id="the shift behind it"),
        pytest.param("paused", 0, id="the pause itself"),
        pytest.param("done", 8, id="its end"),
        pytest.param("stage:THAW", 2, id="no stage"),
        pytest.param("never", 2, id="no goal"),
    ],
)
def test_a_wait_until_somewhere_ends_there_or_at_a_pause_before_it(
    dashborion: Cli, aws: AwsObjects, goal: str, code: int
) -> None:
    waits(aws)
    seen = dashborion(f"workloads status web --wait --until {goal} -o json")
    assert (seen.exit_code, dashborion.slept) == (code, []), seen.err


def test_a_wait_until_somewhere_is_for_the_deployment_of_its_beginning(
    dashborion: Cli, aws: AwsObjects
) -> None:
    waits(aws, hook(status="SUCCEEDED"))

    def shifts() -> None:
        now = aws.objects["serviceDeployments"][0]
        now |= {"lifecycleStage": "BAKE_TIME"}
        now["targetServiceRevision"]["requestedProductionTrafficWeight"] = 100.0

    dashborion.steps = [lambda: None, shifts]
    seen = dashborion("workloads status web --wait --until shifted -o json")
    assert (seen.exit_code, seen.json["traffic"]["production"]) == (0, 100.0), seen.err
    assert (
        dashborion("workloads status web --wait --until stage:CLEAN_UP --timeout 3s").exit_code == 8
    )

    def another() -> None:
        aws.objects["services"][0]["deployments"].insert(
            0, deployment(id="ecs-svc/2", createdAt=CREATED + 5000, rolloutState="COMPLETED")
        )
        aws.objects["services"][0]["deployments"][1]["status"] = "ACTIVE"

    dashborion.steps = [another]
    seen = dashborion("workloads status web --wait --until stage:CLEAN_UP -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")


def test_what_is_complete_is_past_every_stage_and_never_paused(
    dashborion: Cli, aws: AwsObjects
) -> None:
    blue_green = {"strategy": "BLUE_GREEN"}
    aws.objects["services"] = [service("web", deploymentConfiguration=blue_green)]
    status = "workloads status web --wait --until"
    for goal in ("shifted", "stage:BAKE_TIME", "done"):
        assert dashborion(f"{status} {goal}").exit_code == 0
    seen = dashborion(f"{status} paused -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "conflict")
    rolls(aws)
    assert "direct no traffic" in refused(dashborion, "status web --wait --until shifted")
    assert "add --wait" in refused(dashborion, "status web --until shifted")


# --- CodeDeploy ---------------------------------------------------------------------------------


def test_code_deploy_is_steered_with_its_own_command(dashborion: Cli, aws: AwsObjects) -> None:
    """Its waiting period is told, and ends a wait."""
    sets = [
        {"id": "ecs-svc/1", "status": "PRIMARY", "stabilityStatus": "STEADY_STATE"},
        {
            "id": "ecs-svc/2",
            "status": "ACTIVE",
            "stabilityStatus": "STEADY_STATE",
            "externalId": "d-ABC123",
            "createdAt": CREATED + 60,
        },
    ]
    controller = {"type": "CODE_DEPLOY"}
    aws.objects["services"] = [
        service("web", taskSets=sets, deploymentController=controller, deployments=[])
    ]
    ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}
    chosen = {"deploymentReadyOption": ready}
    one = {"deploymentId": "d-ABC123", "status": "Ready"}
    aws.objects["codeDeployments"] = [one | {"blueGreenDeploymentConfiguration": chosen}]

    told = dashborion("workloads status web -o json").json
    command = "aws deploy continue-deployment --deployment-id d-ABC123"
    assert (told["state"], told["waitingFor"]["hook"]) == ("paused", "d-ABC123")
    assert "for 30 minutes at most, then CodeDeploy takes STOP_DEPLOYMENT" in told["message"]
    assert command in told["message"]
    waited = dashborion("workloads status web --wait -o json")
    assert (waited.exit_code, dashborion.slept) == (8, [])
    assert f"{command} --deployment-wait-type READY_WAIT" in refused(dashborion, "continue web")
    assert "stop-deployment --deployment-id d-ABC123" in refused(dashborion, "abort web")
    assert "cannot pause them" in refused(dashborion, "pause web")


# --- Restarts -----------------------------------------------------------------------------------

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
INDEX = {"imageManifestMediaType": "application/vnd.oci.image.index.v1+json"}
ECR = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/shop/web"
UNKNOWN = "cannot tell whether a tag has moved meanwhile"


@pytest.mark.parametrize(
    ("image", "found", "words"),
    [
        pytest.param(f"{ECR}:1.0", {"imageDigest": OLD}, None, id="as it was"),
        pytest.param(
            f"{ECR}:1.0",
            {"imageDigest": NEW},
            f"tag moved: {ECR}:1.0 is {NEW} by now, and {OLD} runs",
            id="moved",
        ),
        pytest.param(f"{ECR}:1.0", {"imageDigest": NEW} | INDEX, UNKNOWN, id="of many platforms"),
        pytest.param(f"{ECR}:1.0", None, UNKNOWN, id="gone from the registry"),
        pytest.param("example.test/web:1.0", None, UNKNOWN, id="another registry"),
        pytest.param(f"{ECR}@{OLD}", None, None, id="no tag"),
    ],
)
def test_a_restart_tells_whether_a_tag_moved_and_where_it_may_wait(
    dashborion: Cli, aws: AwsObjects, image: str, found: Json | None, words: str | None
) -> None:
    hooks = [{"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]
    chosen = {"strategy": "BLUE_GREEN", "lifecycleHooks": hooks if words is None else []}
    aws.objects["services"] = [service("web", deploymentConfiguration=chosen)]
    aws.objects["definitions"] = [definition("web", {"name": "app", "image": image})]
    running = {"name": "app", "lastStatus": "RUNNING", "imageDigest": OLD}
    aws.objects["tasks"] = [task(1, "web", containers=[running])]
    aws.objects["registry"] = {"1.0": found} if found else {}

    seen = dashborion("workloads restart web --dry-run")

    assert seen.exit_code == 0, seen.err
    assert (words or "it may wait for a person at POST_TEST_TRAFFIC_SHIFT") in seen.err
    assert ("tag" in seen.err) is (words is not None)
