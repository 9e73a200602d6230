"""One loop for all waits: when it ends, and what it says until then."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from dashborion.engines.rollout import Patience, RolloutWait
from dashborion.errors import Forbidden, RolloutFailed, RolloutPending, Throttled, Unreachable
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.changing import RolloutProgress, Trouble, Verdict

STATE = Rollout(state=RolloutState.PROGRESSING, revision="2", message=None)
DONE = RolloutProgress("all there", done=True, rollout=STATE)


def look(message: str = "1 of 2", *troubles: Trouble, ended: str | None = None) -> RolloutProgress:
    return RolloutProgress(message, ended=ended, rollout=STATE, troubles=troubles)  # type: ignore[arg-type]


def crash(instance: str = "web-1", count: int = 1, **more: str) -> Trouble:
    told = {"reason": "CrashLoopBackOff", "message": "back-off"} | more
    return Trouble("crash", instance, told["reason"], told["message"], count)


def pull(instance: str = "web-1") -> Trouble:
    return Trouble("pull", instance, "ImagePullBackOff", "no such image")


def placement(instance: str = "web-1") -> Trouble:
    return Trouble("placement", instance, "Unschedulable", "0/2 nodes")


@dataclass
class Played:
    """A wait over a script; its last answer is repeated for ever."""

    script: Iterable[RolloutProgress | Exception]
    patience: Patience = field(default_factory=Patience)
    now: float = 1000.0
    said: list[str] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        answers = list(self.script)
        self._answers = itertools.chain(answers, itertools.repeat(answers[-1]))

    def wait(self) -> RolloutProgress:
        return RolloutWait(
            look=self._look,
            report=self.said.append,
            patience=self.patience,
            clock=lambda: self.now,
            sleep=self._sleep,
        ).until_done()

    def _look(self) -> RolloutProgress:
        self.looks += 1
        found = next(self._answers)
        if isinstance(found, Exception):
            raise found
        return found

    def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    @property
    def took(self) -> float:
        return self.now - 1000.0


def test_a_rollout_that_is_done_is_not_waited_for() -> None:
    played = Played([DONE])

    assert played.wait() is DONE
    assert (played.looks, played.took, played.said) == (1, 0, ["complete: all there"])


def test_the_wait_goes_on_until_the_rollout_is_done() -> None:
    played = Played([look("1 of 3"), look("2 of 3"), DONE])

    assert played.wait() is DONE
    assert (played.looks, played.said) == (3, ["1 of 3", "2 of 3", "complete: all there"])


def test_only_what_changed_is_said() -> None:
    played = Played([look("a"), look("a"), look("b"), look("b"), look("a"), DONE])
    played.wait()
    assert played.said == ["a", "b", "a", "complete: all there"]


@pytest.mark.parametrize("code", ["rollout-failed", "rolled-back", "superseded", "deleted"])
def test_a_failed_rollout_raises_its_code(code: str) -> None:
    with pytest.raises(RolloutFailed) as caught:
        Played([look(), look("so it went", ended=code)]).wait()
    assert (caught.value.exit_code, caught.value.code) == (7, code)
    assert caught.value.message == "so it went"


def test_a_paused_rollout_ends_the_wait_as_pending() -> None:
    played = Played([look("paused: resume it", ended="paused")])
    with pytest.raises(RolloutPending, match="paused: resume it"):
        played.wait()
    assert played.took == 0


@pytest.mark.parametrize(
    ("script", "patience", "takes"),
    [
        pytest.param([look("", crash(count=2))], Patience(), 0, id="two of one instance"),
        pytest.param([look("", crash("a"), crash("b"))], Patience(), 0, id="one each of two"),
        pytest.param([look("", crash()), look("", crash(count=2))], Patience(), 2, id="later"),
        pytest.param([look("", crash(count=9))], Patience(crashes=9), 0, id="as many as are set"),
        pytest.param([look("", pull())], Patience(), 20, id="no image"),
        pytest.param([look("", pull())], Patience(pull_seconds=3), 4, id="no image, as set"),
        pytest.param([look("", pull())], Patience(pull_seconds=0), 0, id="no image, at once"),
        pytest.param([look("", placement())], Patience(), 30, id="no place"),
        pytest.param([look("", placement())], Patience(placement_seconds=5), 6, id="as set"),
    ],
)
def test_trouble_that_lasts_fails_the_rollout(
    script: list[RolloutProgress | Exception], patience: Patience, takes: float
) -> None:
    played = Played(script, patience)
    with pytest.raises(RolloutFailed) as caught:
        played.wait()
    assert (caught.value.code, played.took) == ("rollout-failed", takes)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([look("", crash())], id="one crash"),
        pytest.param([look("", pull()), look()] * 200, id="an image that comes and goes"),
        pytest.param(
            [look("", pull("a")), look("", pull("b"))] * 200, id="another instance each time"
        ),
        pytest.param(
            [look("", pull()), look("", placement())] * 200, id="another trouble each time"
        ),
    ],
)
def test_trouble_that_may_pass_is_waited_for(script: list[RolloutProgress | Exception]) -> None:
    played = Played(script, Patience(timeout_seconds=60))
    with pytest.raises(RolloutPending):
        played.wait()
    assert played.took == 60


def test_a_rollout_that_is_done_has_not_failed_whatever_happened_on_the_way() -> None:
    done = RolloutProgress("there", done=True, rollout=STATE, troubles=(crash(count=9),))
    assert Played([done]).wait() is done


def test_the_timeout_says_where_it_stands_and_how_to_go_on() -> None:
    played = Played([look("1 of 2 replicas updated")], Patience(timeout_seconds=7))
    with pytest.raises(RolloutPending) as caught:
        played.wait()
    assert (caught.value.exit_code, caught.value.code, played.took) == (8, "rollout-pending", 7)
    assert "7 seconds" in caught.value.message
    assert "1 of 2 replicas updated" in caught.value.message
    assert "status" in (caught.value.hint or "")


def test_a_timeout_of_nothing_looks_once() -> None:
    played = Played([look()], Patience(timeout_seconds=0))
    with pytest.raises(RolloutPending):
        played.wait()
    assert played.looks == 1


@pytest.mark.parametrize("error", [Throttled("rate exceeded"), Unreachable("reset")], ids=str)
def test_a_failed_look_is_repeated(error: Exception) -> None:
    played = Played([look("1 of 2"), error, error, look("1 of 2"), DONE])
    assert played.wait() is DONE
    assert played.said == ["1 of 2", f"asking again: {error}", "1 of 2", "complete: all there"]


def test_a_failed_look_does_not_end_a_trouble() -> None:
    script: list[RolloutProgress | Exception] = [look("", pull()), *[Unreachable("reset")] * 9]
    played = Played([*script, look("", pull())], Patience(pull_seconds=20))
    with pytest.raises(RolloutFailed):
        played.wait()
    assert played.took == 20


def test_failed_looks_only_end_with_the_timeout() -> None:
    with pytest.raises(RolloutPending, match="nothing was heard of it"):
        Played([Unreachable("reset")], Patience(timeout_seconds=4)).wait()


def test_a_refusal_is_not_ridden_out() -> None:
    with pytest.raises(Forbidden):
        Played([look(), Forbidden("you may not")]).wait()


@pytest.mark.parametrize(
    ("troubles", "expected"),
    [
        pytest.param(
            [crash("a"), crash("b", 2)],
            "CrashLoopBackOff x3 (a, b): back-off; 0 of 5",
            id="one reason",
        ),
        pytest.param(
            [crash("a"), crash("b", reason="OOMKilled", message="")],
            "CrashLoopBackOff x1 (a): back-off; OOMKilled x1 (b); 0 of 5",
            id="two reasons",
        ),
        pytest.param(
            [crash(name) for name in "abcde"],
            "CrashLoopBackOff x5 (a, b, c +2 more): back-off; 0 of 5",
            id="many instances",
        ),
    ],
)
def test_reasons_are_grouped_and_counted(troubles: list[Trouble], expected: str) -> None:
    with pytest.raises(RolloutFailed) as caught:
        Played([look("0 of 5", *troubles)]).wait()
    assert caught.value.message == expected


def test_what_cannot_be_made_is_waited_for_while_the_rollout_moves_on() -> None:
    refused = Trouble("placement", "", "FailedCreate", "exceeded quota")
    moving = [look(f"{done} of 40", refused) for done in range(40)]
    played = Played([*moving, DONE])
    assert played.wait() is DONE

    with pytest.raises(RolloutFailed, match="FailedCreate x1: exceeded quota; 1 of 40"):
        Played([look("0 of 40", refused), look("1 of 40", refused)]).wait()


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        pytest.param(Verdict("0 of 4 replicas available"), RolloutState.PROGRESSING, id="waits"),
        pytest.param(Verdict("there", done=True), RolloutState.COMPLETE, id="done"),
        pytest.param(Verdict("gone", ended="deleted"), RolloutState.COMPLETE, id="ended"),
    ],
)
def test_what_a_wait_goes_on_waiting_for_is_not_complete(
    verdict: Verdict, state: RolloutState
) -> None:
    complete = Rollout(state=RolloutState.COMPLETE, revision="2", message=None)
    told = verdict.of(complete)
    expected = verdict.message if state is RolloutState.PROGRESSING else None
    assert (told.state, told.revision, told.message) == (state, "2", expected)
