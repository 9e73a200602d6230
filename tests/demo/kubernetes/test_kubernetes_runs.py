"""``workloads run`` on the demo's Kubernetes: Jobs with the command's own lines and exit code."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import kind_samples
from tests.support.cli import Cli, Keyboard, start
from tests.support.manifests import container, deployment
from tests.support.stand_in import StandIn
from tests.support.waiting import PATIENCE_SECONDS, wait_for

JOBS = f"/apis/batch/v1/namespaces/{kind_samples.SPACE}/jobs"


@pytest.fixture
def web(demo: StandIn, dashborion: Cli) -> StandIn:
    """A Deployment of two containers; a command's sleeps take a moment."""
    dashborion.step_seconds = 0.05
    demo.apply(
        deployment(
            "web", container(), container(name="envoy"), namespace=kind_samples.SPACE, replicas=0
        )
    )
    return demo


def jobs(demo: StandIn) -> list[str]:
    found = [one["metadata"]["name"] for one in demo.request("GET", JOBS)["items"]]
    return [name for name in found if name.startswith("web-run-")]


def test_lines_go_to_stdout_and_the_exit_code_is_the_commands(
    web: StandIn, dashborion: Cli
) -> None:
    seen = dashborion("workloads run web -- sh -c 'echo one; sleep 2; echo two >&2; exit 3'")
    assert (seen.exit_code, seen.out) == (3, "one\ntwo\n"), seen.err
    _, first, what, without, started, *_, last = seen.err.splitlines()
    assert first.startswith("run sh -c 'echo one; sleep 2; echo two >&2; exit 3' once, with the ")
    assert what == "container app (example.com/app:1.0), as service account default"
    assert without == "without the containers envoy: --with adds one"
    assert started.startswith("started web-run-")
    assert "ended with exit code 3 after" in last
    wait_for("the Job to be gone", lambda: not jobs(web))


def test_a_sidecar_that_never_ends_does_not_keep_it(web: StandIn, dashborion: Cli) -> None:
    command = "workloads run web --with envoy --set-env LEVEL=debug -o json -- printenv LEVEL"
    seen = dashborion(command)
    told = seen.json
    assert (seen.exit_code, told["started"], told["exitCode"]) == (0, True, 0), seen.err
    assert (told["sidecars"], told["command"]) == (["envoy"], ["printenv", "LEVEL"])
    assert {"note": {"message": "debug"}} in map(json.loads, seen.err.splitlines())
    assert "LEVEL=" not in seen.err, "values of variables are not shown"
    wait_for("the Job to be gone", lambda: not jobs(web))


@pytest.mark.parametrize(
    ("how", "words", "cause"),
    [
        ("-- no-such-program", "StartError", None),
        ("--image example.com/missing:1 -- true", "ImagePullBackOff", "image-not-found"),
    ],
)
def test_what_never_started_is_7_with_its_why(
    web: StandIn, dashborion: Cli, how: str, words: str, cause: str | None
) -> None:
    seen = dashborion(f"workloads run web -o json {how}")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert words in seen.error["message"]
    assert (seen.json["started"], seen.json["exitCode"]) == (False, None)
    codes = [one["code"] for one in seen.error["causes"]]
    assert cause is None or codes[0] == cause
    assert cause is None or "check that the registry has this tag" in seen.error["hint"]
    wait_for("the Job to be gone", lambda: not jobs(web))


def test_its_own_7_is_told_from_ours(web: StandIn, dashborion: Cli) -> None:
    seen = dashborion("workloads run web -o json -- sh -c 'exit 7'")
    assert (seen.exit_code, seen.json["exitCode"], seen.json["started"]) == (7, 7, True)
    assert '"error"' not in seen.err


def test_at_its_timeout_it_is_stopped(web: StandIn, dashborion: Cli) -> None:
    seen = dashborion("workloads run web --timeout 5s -o json -- sleep 9000")
    assert (seen.exit_code, seen.error["code"]) == (8, "run-pending"), seen.err
    assert (seen.json["started"], seen.json["exitCode"]) == (True, None)
    assert not jobs(web)


def test_what_somebody_deletes_is_interrupted_and_not_run_again(
    web: StandIn, dashborion: Cli
) -> None:
    def delete() -> None:
        pods = f"/api/v1/namespaces/{kind_samples.SPACE}/pods"
        (name,) = [
            one["metadata"]["name"]
            for one in web.request("GET", pods)["items"]
            if one["metadata"]["name"].startswith("web-run-") and "running" in str(one["status"])
        ]
        web.request("DELETE", f"{pods}/{name}?gracePeriodSeconds=0")

    dashborion.steps = [*[lambda: None] * 40, delete]
    seen = dashborion("workloads run web -o json -- sleep 9000")
    assert (seen.exit_code, seen.error["code"]) == (7, "interrupted"), seen.err
    assert "it may have run in part, and is not run again" in seen.error["hint"]
    wait_for("the Job to be gone", lambda: not jobs(web))


def press(times: int) -> Any:
    """Ctrl-C in that many sleeps, the first one when the command runs."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    return [*[lambda: None] * 40, *[interrupt] * times]


def test_ctrl_c_stops_it(web: StandIn, dashborion: Cli) -> None:
    dashborion.steps = press(1)
    seen = dashborion("workloads run web -- sleep 9000")
    assert seen.exit_code == 130
    assert "interrupted: stopping web-run-" in seen.err
    assert not jobs(web)


def test_a_signal_while_it_is_being_started_leaves_none_behind(web: StandIn) -> None:
    with start("workloads run web -- sleep 9000", text=True) as client:
        wait_for("the Job", lambda: bool(jobs(web)))
        client.send_signal(signal.SIGTERM)
        _, err = client.communicate(timeout=PATIENCE_SECONDS)
    assert (client.returncode, "interrupted: stopping web-run-" in err) == (143, True), err
    wait_for("the Job to be gone", lambda: not jobs(web))


def test_a_second_ctrl_c_leaves_it_and_says_its_name(web: StandIn, dashborion: Cli) -> None:
    dashborion.steps = press(2)
    seen = dashborion("workloads run web -- sleep 9000")
    assert seen.exit_code == 130
    last = seen.err.splitlines()[-1]
    assert re.fullmatch(r"web-run-\w+ was told to end, and is not waited for", last)


def test_a_detached_one_is_named_and_told_to_the_next(web: StandIn, dashborion: Cli) -> None:
    seen = dashborion("workloads run web --detach -o name -- sleep 9000")
    name = seen.out.strip().rpartition("/")[2]
    assert jobs(web) == [name]
    seen = dashborion("workloads run web --dry-run -o json -- true")
    assert (seen.json["active"], seen.json["dryRun"], seen.json["name"]) == ([name], True, None)
    assert f"other runs that have not ended: {name}" in seen.err
    web.request("DELETE", f"{JOBS}/{name}")
    wait_for("the Job to be gone", lambda: not jobs(web))


def test_one_that_its_client_left_is_ended_by_its_deadline(web: StandIn, dashborion: Cli) -> None:
    name = dashborion("workloads run web --detach -o name --timeout 1s -- sleep 9000").out.strip()

    def has_failed() -> bool:
        found = web.request("GET", f"{JOBS}/{name.rpartition('/')[2]}")
        return "DeadlineExceeded" in str(found.get("status"))

    wait_for("the deadline", has_failed)
    web.request("DELETE", f"{JOBS}/{name.rpartition('/')[2]}")


def test_stdin_and_the_exit_code_of_an_interactive_one(web: StandIn, dashborion: Cli) -> None:
    seen = dashborion("workloads run web -i -- sh", stdin=b"echo hello; exit 4\n")
    assert (seen.exit_code, seen.out) == (4, "hello\n"), seen.err
    seen = dashborion("workloads run web -i -o json -- cat", stdin=b"hello")
    assert (seen.json["exitCode"], seen.json["started"]) == (0, True), "stdout has the object alone"
    assert {"note": {"message": "hello"}} in map(json.loads, seen.err.splitlines())


def test_a_stdin_that_is_empty_is_at_its_end_and_time_runs_with_one_that_is_not(
    web: StandIn, dashborion: Cli
) -> None:
    seen = dashborion("workloads run web -i -- sh -c 'echo first; cat; exit 6'", stdin=None)
    assert (seen.exit_code, seen.out) == (6, "first\n"), seen.err
    seen = dashborion("workloads run web -i --timeout 5s -o json -- sleep 9000", stdin=b"hello")
    assert (seen.exit_code, seen.error["code"]) == (8, "run-pending"), seen.err
    assert not jobs(web)


def test_words_and_values_reach_it_as_they_were_typed(web: StandIn, dashborion: Cli) -> None:
    """A kubelet makes ``$`` of ``$$``, and a variable's value of ``$(NAME)``."""
    seen = dashborion(
        "workloads run web --set-env LEVEL=a$$b --set-env 'OF=$(LEVEL)' -- "
        "sh -c 'echo \"$(LEVEL) $$\"; printenv LEVEL; printenv OF'"
    )
    assert seen.out == "$(LEVEL) $$\na$$b\n$(LEVEL)\n", seen.err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("--set-env LEVEL -- true", "--set-env takes KEY=VALUE"),
        ("-t -- true", "-t needs -i"),
        ("-i --detach -- sh", "-i and --detach"),
        ("--command", "--command needs a command"),
        ("--timeout soon -- true", "--timeout: 'soon'"),
        ("--cpu much -- true", "--cpu: 'much'"),
    ],
)
def test_wrong_options_send_nothing(web: StandIn, dashborion: Cli, typed: str, words: str) -> None:
    seen = dashborion(f"workloads run web {typed}")
    assert (seen.exit_code, words in seen.err) == (2, True), seen.err
    assert not jobs(web)


@pytest.mark.parametrize(
    ("flag", "typed", "answer", "code", "words"),
    [
        ("read_only", "--yes", "", 1, "is read-only"),
        ("protected", "", "", 2, "cannot ask for confirmation"),
        ("protected", "", "n\n", 1, "is protected"),
        ("protected", "", "y\n", 0, "is protected"),
        ("protected", "--yes", "", 0, "ended with exit code 0"),
    ],
)
def test_it_is_guarded_as_every_change(
    web: StandIn,
    dashborion: Cli,
    home: Path,
    flag: str,
    typed: str,
    answer: str,
    code: int,
    words: str,
) -> None:
    body = {"orchestrator": "kubernetes", "context": "demo", flag: True}
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"environments": {"here": body}}))
    dashborion.keyboard = Keyboard(answer, tty=bool(answer))
    seen = dashborion(f"workloads run web -e here {typed} -- true", tty=bool(answer))
    assert (seen.exit_code, words in seen.err) == (code, True), seen.err
    wait_for("the Job to be gone", lambda: not jobs(web))
