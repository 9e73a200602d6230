"""One command for several workloads: the plan, one question, one list, and what fails of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashborion.engines.bulk import Act, Bulk, Several
from dashborion.engines.rollout import RolloutFollower
from dashborion.errors import (
    Conflict,
    DashborionError,
    Forbidden,
    NotApplicable,
    RolloutFailed,
    RolloutPending,
)
from tests.support.aws import HERE, point_at, skip_naps, write_config
from tests.support.aws_objects import (
    CLUSTER,
    REGION,
    AwsObjects,
    arn,
    definition,
    service,
    task,
)
from tests.support.cli import Cli, Keyboard
from tests.support.killed import killed_after

UPDATE = "ecs:UpdateService"
NAMES = ("shop-api", "shop-web", "shop-work")
ECR = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/shop"
RUNS = f"sha256:{'a' * 64}"
CLUSTERED = {"cluster": CLUSTER, "region": REGION}
RESTART = "workloads restart 'shop-*'"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[AwsObjects]:
    skip_naps(monkeypatch)
    tags = [{"key": "team", "value": "blue"}]
    services = [service(name, count=2, tags=tags if name != "shop-work" else []) for name in NAMES]
    services.append(service("agent", schedulingStrategy="DAEMON"))
    known = [definition(name) for name in (*NAMES, "agent")]
    registry = {"1.0": {"imageDigest": RUNS}, "2.0": {"imageDigest": f"sha256:{2:064x}"}}
    with AwsObjects(services=services, definitions=known, registry=registry) as server:
        point_at(monkeypatch, server, cluster=CLUSTER)
        write_config(home, {HERE: CLUSTERED})
        yield server


def changed(aws: AwsObjects) -> list[str]:
    return [asked["service"] for asked in aws.spy.of(UPDATE)]


def test_the_plan_comes_first_and_one_question_with_all_of_it(
    dashborion: Cli, aws: AwsObjects
) -> None:
    asked: list[str] = []
    dashborion.keyboard = Keyboard("y\n", before=lambda: asked.append(dashborion.said_so_far()))
    seen = dashborion(RESTART, tty=True, width=100)
    assert (seen.exit_code, sorted(changed(aws))) == (0, sorted(NAMES)), seen.err
    (before,) = asked
    for name in NAMES:
        assert f"restart service/{name} in namespace docs in here" in before
    assert before.endswith("restart 3 workloads in here? [y/N] ")
    assert [line.split() for line in seen.lines] == [
        ["WORKLOAD", "TYPE", "ACTION", "BEFORE", "AFTER", "OUTCOME"],
        *(["shop-" + one, "service", "restart", *["ecs-svc/1234567890123456789"] * 2, "done"]
          for one in ("api", "web", "work")),
    ]  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("", 1), (None, 2)])
def test_without_a_yes_nothing_is_changed(
    dashborion: Cli, aws: AwsObjects, answer: str | None, code: int
) -> None:
    """None: nobody is there to ask, protected or not."""
    if answer is not None:
        dashborion.keyboard = Keyboard(answer)
    seen = dashborion(RESTART, tty=answer is not None)
    assert (seen.exit_code, changed(aws)) == (code, [])


def test_a_dry_run_prints_the_list_and_asks_nobody(dashborion: Cli, aws: AwsObjects) -> None:
    seen = dashborion(f"{RESTART} --dry-run -o json")
    assert (seen.exit_code, changed(aws)) == (0, [])
    assert [(one["workload"], one["dryRun"], one["outcome"]) for one in seen.json] == [
        (name, True, None) for name in NAMES
    ]


CHOSEN = {
    "names": ("shop-api shop-work", ["shop-api", "shop-work"]),
    "a name twice": ("shop-api shop-api 'shop-a*'", ["shop-api"]),
    "a selector": ("-l team=blue", ["shop-api", "shop-web"]),
    "a selector of one name": ("shop-web -l team=blue", ["shop-web"]),
    "a status": ("'*' --status stopped", []),
    "a pattern that nothing fits": ("'shop-a*' 'shpo-*'", ["shop-api"]),
}


@pytest.mark.parametrize(("words", "names"), CHOSEN.values(), ids=CHOSEN)
def test_which_ones_are_meant(
    dashborion: Cli, aws: AwsObjects, words: str, names: list[str]
) -> None:
    seen = dashborion(f"workloads scale {words} -r 3 --dry-run -o json")
    assert (seen.exit_code, [one["workload"] for one in seen.json]) == (0, names), seen.err
    assert ("nothing fits 'shpo-*'" in seen.err) == ("shpo" in words)
    assert changed(aws) == []


@pytest.mark.parametrize(
    "words",
    [
        "restart",
        "stop ''",
        "stop --status running",
        "start -y",
        "stop '*' --status degraded --with-jobs",
    ],
)
def test_nothing_is_meant_by_no_word(dashborion: Cli, aws: AwsObjects, words: str) -> None:
    seen = dashborion(f"workloads {words}")
    assert (seen.exit_code, aws.spy.calls) == (2, []), seen.err


def test_what_has_no_count_is_passed_over(dashborion: Cli, aws: AwsObjects) -> None:
    seen = dashborion("workloads scale '*' -r 3 --yes -o json")
    outcomes = {one["workload"]: one["outcome"] for one in seen.json}
    assert (seen.exit_code, sorted(changed(aws))) == (0, sorted(NAMES)), seen.err
    assert outcomes == {"agent": "skipped", **dict.fromkeys(NAMES, "done")}


def test_one_that_cannot_be_changed_keeps_all_from_it_unless_the_others_go_on(
    dashborion: Cli, aws: AwsObjects
) -> None:
    aws.objects["services"][1]["desiredCount"] = 5
    words = "workloads scale 'shop-*' -r 3 --current 2 --yes -o json"
    seen = dashborion(words)
    assert (seen.exit_code, changed(aws), seen.out) == (1, [], "")
    assert "--keep-going changes the others" in seen.error["hint"]
    seen = dashborion(f"{words} --keep-going")
    assert (seen.exit_code, sorted(changed(aws))) == (5, ["shop-api", "shop-work"])
    assert [one["outcome"] for one in seen.json] == ["done", "failed", "done"]
    assert "5 replicas, not 2" in seen.json[1]["error"]["message"]


@pytest.mark.parametrize(
    ("more", "outcomes"),
    [("", ["failed", "skipped", "skipped"]), ("--keep-going", ["failed", "done", "done"])],
)
def test_after_a_failure_no_other_is_begun_unless_they_go_on(
    dashborion: Cli, aws: AwsObjects, more: str, outcomes: list[str]
) -> None:
    aws.faults.deny(UPDATE, times=1)
    seen = dashborion(f"{RESTART} --yes --parallel 1 -o json {more}")
    assert (seen.exit_code, [one["outcome"] for one in seen.json]) == (5, outcomes), seen.err
    assert seen.json[0]["error"]["code"] == "forbidden"
    assert len(changed(aws)) == len(outcomes) - outcomes.count("skipped")


def test_so_many_run_at_a_time(dashborion: Cli, aws: AwsObjects) -> None:
    both = threading.Barrier(2)

    def meets(_: object, do: Callable[[], Any]) -> Any:
        both.wait(60)
        return do()

    aws.faults.add(UPDATE, meets, 2)
    assert dashborion(f"{RESTART} --yes --parallel 2").exit_code == 0
    assert aws.spy.most_at_once(UPDATE) == 2


def test_what_was_begun_and_what_was_not_is_told_when_it_is_interrupted(
    dashborion: Cli, aws: AwsObjects
) -> None:
    with killed_after(2):
        seen = dashborion(f"{RESTART} --yes --parallel 1 -o json")
    assert (seen.exit_code, changed(aws)) == (130, ["shop-api", "shop-web"])
    assert [(one["outcome"], (one["error"] or {}).get("code")) for one in seen.json] == [
        ("done", None), ("failed", "interrupted"), ("skipped", "not-begun"),
    ]  # fmt: skip
    assert seen.json[2]["error"]["message"] == "not begun, as this was interrupted"


def test_what_was_sent_before_a_wait_was_interrupted_is_done_and_nothing_else_is_begun(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RolloutFollower, "follow", interrupted)
    seen = dashborion(f"{RESTART} --yes --keep-going --parallel 1 --wait -o json")
    assert (seen.exit_code, changed(aws)) == (130, ["shop-api"])
    assert [one["outcome"] for one in seen.json] == ["done", "skipped", "skipped"]
    assert "interrupted: what was begun goes on" in seen.err


def test_what_changes_nothing_is_one_line_of_the_plan(dashborion: Cli, aws: AwsObjects) -> None:
    for one in aws.objects["services"]:
        one["desiredCount"] = 0
    seen = dashborion("workloads stop 'shop-*' --yes -o json")
    assert (seen.exit_code, [one["outcome"] for one in seen.json]) == (0, ["skipped"] * 3)
    (line,) = [one for one in seen.err.splitlines() if "it has 0 replicas" in one]
    assert all(name in line for name in NAMES)


def test_an_environment_that_is_read_only_keeps_all_from_it(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_config(home, {HERE: CLUSTERED, "other": {**CLUSTERED, "read_only": True}})
    seen = dashborion(f"{RESTART} -e here -e other --yes --keep-going -o json")
    assert (seen.exit_code, changed(aws), seen.error["code"]) == (1, [], "refused")


def test_an_environment_that_cannot_be_searched_is_gone_without_for_patterns_only(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_config(home, {HERE: CLUSTERED, "lost": {**CLUSTERED, "profile": "nobodys"}})
    words = "-e here -e lost --yes -o json"
    seen = dashborion(f"{RESTART} {words}")
    assert (seen.exit_code, changed(aws)) == (5, []), seen.err
    seen = dashborion(f"{RESTART} {words} --keep-going --dry-run")
    assert (seen.exit_code, seen.err.count("nothing was changed")) == (5, 1), seen.err
    seen = dashborion(f"workloads stop 'shop-*' --with-jobs --dry-run {words} --keep-going")
    assert (seen.exit_code, len(seen.json)) == (5, 3), seen.err
    seen = dashborion(f"{RESTART} {words} --keep-going")
    assert (seen.exit_code, sorted(changed(aws))) == (5, sorted(NAMES)), seen.err
    assert len(seen.json) == 3


IMAGES = {
    "the tag is still that": (f"{ECR}:1.0", "", 0, None),
    "another image has it": (
        f"{ECR}:2.0",
        "",
        1,
        f"a restart deploys what {ECR}:2.0 is",
    ),
    "it is allowed": (f"{ECR}:2.0", "--allow-image-change", 0, f"tag moved: {ECR}:2.0 is"),
    "a digest": (f"{ECR}@{RUNS}", "", 0, None),
    "another registry": ("example.test/app:1", "", 0, "cannot tell whether a tag has moved"),
}


@pytest.mark.parametrize(("image", "more", "code", "said"), IMAGES.values(), ids=IMAGES)
def test_a_tag_that_has_moved_is_not_deployed_to_several_by_a_restart(
    dashborion: Cli, aws: AwsObjects, image: str, more: str, code: int, said: str | None
) -> None:
    container = {"name": "app", "image": image, "essential": True}
    aws.objects["definitions"] = [definition(name, container) for name in NAMES]
    runs = [{"name": "app", "lastStatus": "RUNNING", "image": image, "imageDigest": RUNS}]
    family = arn("task-definition", "shop-api:1")
    aws.objects["tasks"] = [task(1, "shop-api", containers=runs, taskDefinitionArn=family)]
    seen = dashborion(f"workloads restart 'shop-api*' --yes {more}")
    assert (seen.exit_code, len(changed(aws))) == (code, 1 - code), seen.err
    assert said is None or said in seen.err
    assert said is not None or "tag" not in seen.err


class _Reports:
    def __init__(self) -> None:
        self.told: list[DashborionError] = []
        self.fleet = self

    def report(self, error: DashborionError) -> None:
        self.told.append(error)


FAILED, PENDING = RolloutFailed("it failed"), RolloutPending("it waits")
SKIPPED, OTHER, RIGHTS = NotApplicable("a daemon"), Conflict("changed"), Forbidden("no")
WORST: dict[str, tuple[list[DashborionError], int]] = {
    "a rollout before all": ([OTHER, PENDING, FAILED], 7),
    "one that is not done before what failed": ([OTHER, PENDING], 8),
    "some": ([OTHER], 5),
    "all, as the first": ([RIGHTS, OTHER, OTHER, OTHER], 4),
    "none but what was passed over": ([SKIPPED, SKIPPED], 0),
}


@pytest.mark.parametrize(("errors", "code"), WORST.values(), ids=WORST)
def test_the_exit_code_is_that_of_the_worst(errors: list[DashborionError], code: int) -> None:
    reports: Any = _Reports()
    bulk = Bulk(reports, Several(()), Act("stop", lambda *_: None), lambda _: None)
    if not code:
        bulk._raise_worst(errors, 4)
        return
    with pytest.raises(DashborionError) as raised:
        bulk._raise_worst(errors, 4)
    assert raised.value.exit_code == code
    assert all(one in (*reports.told, raised.value) for one in errors if one is not SKIPPED)
