"""The errors of dashborion as one tree; each class has its exit code and its code in JSON.

::

    DashborionError            1  failed
    ├── Unexpected             1  unexpected   what nobody foresaw: a mistake of ours or a library's
    ├── CannotWrite            1  output       stdout is full or closed
    ├── Declined               1  declined     the user did not confirm
    ├── Unreadable             1  unreadable-log  a log with lines that cannot be read here
    ├── Refusal                1  refused      the change is not allowed or would have no effect
    │   └── Barred             1  refused      the same, and nothing else is changed beside it
    ├── Conflict               1  conflict     the object has changed, or is not as expected
    ├── Reverted               1  reverted     a change that others undo; a warning, no failure
    ├── UsageError             2  usage        wrong options or arguments
    │   ├── ConfigError        2  config       a file that cannot be read or is not valid
    │   ├── Ambiguous          2  ambiguous    a name that several objects have
    │   ├── WrongOrchestrator  2  wrong-orchestrator  a command of the other orchestrator
    │   └── NotApplicable      2  not-applicable  what this one object cannot do; skipped in bulk
    ├── NotFound               3  not-found
    ├── NothingToRead          3  no-logs      no logs, or none yet
    ├── NoMetrics              3  no-metrics   nobody measures what is used
    ├── AccessError            4  access
    │   ├── CredentialsError   4  credentials  missing, expired or rejected credentials
    │   └── Forbidden          4  forbidden    missing permissions
    ├── PartialFailure         5  partial      some environments failed, the others are printed
    ├── RolloutError              a wait that ended badly, with the causes
    │   ├── RolloutFailed      7  rollout-failed, rolled-back, superseded, deleted
    │   ├── RolloutPending     8  rollout-pending
    │   ├── NotStarted         7  not-started  a one-off command that never ran
    │   ├── Interrupted        7  interrupted  one that something else has ended
    │   └── RunPending         8  run-pending  one that was stopped at its timeout
    └── Unavailable            6  unavailable
        ├── Unreachable        6  unreachable
        ├── MaybeApplied       6  maybe-applied  a change whose answer was lost
        ├── Throttled          6  throttled
        ├── TimedOut           6  timeout
        └── BadAnswer          6  bad-answer   truncated, or not what the API documents

A message says what went wrong and where, a hint how to go on. Only ``__main__``
prints errors and gives exit codes; the adapters translate SDK errors.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_LONGEST_NAME = 300  # that is compared with what was typed; comparing takes its length squared

FOUND = 9  # of a command that was asked to tell by its exit code whether something is wrong
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
BROKEN_PIPE = 141  # 128 + SIGPIPE


class DashborionError(Exception):
    """The base class: a message, a hint, and the label of the environment.

    A subclass inherits the exit code and the code in JSON that it does not name.
    """

    exit_code = 1
    code = "failed"

    def __init_subclass__(cls, *, exit_code: int | None = None, code: str | None = None) -> None:
        cls.exit_code = exit_code or cls.exit_code
        cls.code = code or cls.code

    def __init__(
        self, message: str, *, hint: str | None = None, environment: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.environment = environment


class Unexpected(DashborionError, code="unexpected"):
    """What nobody foresaw; ``error`` is named by its type alone.

    A library's text may quote a header, a URL or a user's file.
    """

    def __init__(self, error: Exception, *, environment: str | None = None) -> None:
        super().__init__(
            f"unexpected {type(error).__name__}",
            hint="run it with --debug to see where, and please report it",
            environment=environment,
        )


class CannotWrite(DashborionError, code="output"):
    """Stdout does not take what is written: a full disk, or it is closed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot write the output: {reason}")


class ClosedPipe(Exception):
    """The reader of stdout or stderr is gone. Not an ``OSError``: Typer exits on those."""


class UsageError(DashborionError, exit_code=2, code="usage"):
    """Wrong options or arguments."""


class ConfigError(UsageError, code="config"):
    """A config file, kubeconfig or state file that cannot be read or is not valid."""


class Ambiguous(UsageError, code="ambiguous"):
    """A name that several objects have; the message lists them."""


class WrongOrchestrator(UsageError, code="wrong-orchestrator"):
    """A command of one orchestrator on an environment of another."""

    def __init__(self, environment: str, orchestrator: str, *, instead: str) -> None:
        runs = {"ecs": "Amazon ECS", "kubernetes": "Kubernetes"}[orchestrator]
        super().__init__(
            f"this environment runs on {runs}, for which the command does not exist",
            hint=f"use `dashborion {instead} -e {shlex.quote(environment)}`",
            environment=environment,
        )


class NotApplicable(UsageError, code="not-applicable"):
    """What this one object cannot do; among several it is passed over."""


class NotFound(DashborionError, exit_code=3, code="not-found"):
    """A name that no object has.

    ``known`` are the existing names, for the hint; the errors of several environments
    are merged by them.
    """

    def __init__(
        self,
        noun: str,
        name: str,
        *,
        where: str,
        known: Iterable[str] = (),
        environment: str | None = None,
    ) -> None:
        self.noun = noun
        self.name = name
        self.where = where
        self.known = sorted(set(known))
        super().__init__(
            f"no {noun} '{short(name)}' in {short(where)}",
            hint=suggestion(name.rpartition("/")[2], self.known),
            environment=environment,
        )


class NothingToRead(DashborionError, exit_code=3, code="no-logs"):
    """No logs: nothing runs, or nothing has written yet."""


class NoMetrics(DashborionError, exit_code=3, code="no-metrics"):
    """Nobody measures what is used in an environment."""


class Unreadable(DashborionError, code="unreadable-log"):
    """A log with lines that cannot be read here; unlike one that has no lines yet."""


class AccessError(DashborionError, exit_code=4, code="access"):
    """The API refuses the caller."""


class CredentialsError(AccessError, code="credentials"):
    """Missing, expired or rejected credentials."""


class Forbidden(AccessError, code="forbidden"):
    """The credentials are valid, but lack a permission."""


class Declined(DashborionError, code="declined"):
    """The user did not confirm."""


class Refusal(DashborionError, code="refused"):
    """A change that the environment does not allow, or that would not have its effect."""


class Barred(Refusal):
    """A change that no option allows among several: none of them is made then."""


class Conflict(DashborionError, code="conflict"):
    """A precondition failed: the object has changed, or is not as expected."""


class Reverted(DashborionError, code="reverted"):
    """A change that whoever owns the object may undo: only ever a warning."""


class RolloutError(DashborionError):
    """A wait that ended badly; ``causes`` are ``models.cause.Cause``, the worst first."""

    causes: Sequence[Any] = ()


class RolloutFailed(RolloutError, exit_code=7, code="rollout-failed"):
    """A rollout that failed, was rolled back or superseded, or its workload deleted (``code``)."""

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code or self.code


class RolloutPending(RolloutError, exit_code=8, code="rollout-pending"):
    """A rollout that was not finished at the timeout, or that is paused."""


class NotStarted(RolloutError, exit_code=7, code="not-started"):
    """A one-off command that never ran."""


class Interrupted(RolloutError, exit_code=7, code="interrupted"):
    """A one-off command that something else has ended: it may have run in part."""


class RunPending(RolloutError, exit_code=8, code="run-pending"):
    """A one-off command that had not ended at the timeout, and was stopped."""


class PartialFailure(DashborionError, exit_code=5, code="partial"):
    """Some environments failed and were reported; the results of the others are printed."""


class Unavailable(DashborionError, exit_code=6, code="unavailable"):
    """The API gave no valid answer in time."""


class Unreachable(Unavailable, code="unreachable"):
    """No connection, or only 5xx answers, after all retries."""


class MaybeApplied(Unreachable, code="maybe-applied"):
    """The answer to a change was lost: it may have been applied, so it is not sent again."""


class Throttled(Unavailable, code="throttled"):
    """Too many requests, and no time left to retry."""


class TimedOut(Unavailable, code="timeout"):
    """The deadline passed."""


class BadAnswer(Unavailable, code="bad-answer"):
    """An answer that is truncated, not JSON, or not what the API documents."""


def short(text: object, *, most: int = 120) -> str:
    """A text that a message quotes: one from a person, a file or an API may have megabytes.

    Of one that is longer than ``most`` characters, the beginning and the end.
    """
    full = str(text)
    half = (most - 1) // 2
    return full if len(full) <= most else f"{full[:half]}…{full[-half:]}"


@contextmanager
def foreseen(environment: str | None = None) -> Iterator[None]:
    """Whatever is thrown in the context is raised as one of the errors of this module.

    Raises:
        Unexpected: something that is none of them, located to the environment.
    """
    try:
        yield
    except (DashborionError, ClosedPipe):
        raise
    except Exception as error:
        raise Unexpected(error, environment=environment) from error


def suggestion(typed: str, known: Iterable[str], *, most: int = 8) -> str | None:
    """A hint with the known names that are similar, or else with up to ``most`` of them.

    None if no name is known.
    """
    import difflib  # takes 5 ms

    names = [name for name in known if name != typed]
    comparable = [name for name in names if len(name) <= _LONGEST_NAME]
    near = difflib.get_close_matches(short(typed), comparable, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(name) for name in near)}?"
    return f"known: {listing(names, most=most)}" if names else None


def listing(names: Sequence[str], *, most: int = 20) -> str:
    """The first ``most`` of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(map(short, names[:most]))}{more}"
