"""The errors of dashborion as one tree; each class has its exit code and its code in JSON.

::

    DashborionError            1  failed
    ├── Declined               1  declined     the user did not confirm
    ├── Refusal                1  refused      the change is not allowed or would have no effect
    ├── Conflict               1  conflict     the object has changed, or is not as expected
    ├── UsageError             2  usage        wrong options or arguments
    │   ├── ConfigError        2  config       a file that cannot be read or is not valid
    │   ├── Ambiguous          2  ambiguous    a name that several objects have
    │   └── WrongOrchestrator  2  wrong-orchestrator  a command of the other orchestrator
    ├── NotFound               3  not-found
    ├── NothingToRead          3  no-logs      no logs yet, or none that can be read
    ├── AccessError            4  access
    │   ├── CredentialsError   4  credentials  missing, expired or rejected credentials
    │   └── Forbidden          4  forbidden    missing permissions
    ├── PartialFailure         5  partial      some environments failed, the others are printed
    ├── RolloutFailed          7  rollout-failed, rolled-back, superseded, deleted
    ├── RolloutPending         8  rollout-pending
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
from collections.abc import Iterable

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
BROKEN_PIPE = 141  # 128 + SIGPIPE


class DashborionError(Exception):
    """The base class: a message, a hint, and the label of the environment."""

    exit_code = 1
    code = "failed"

    def __init__(
        self, message: str, *, hint: str | None = None, environment: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.environment = environment


class UsageError(DashborionError):
    """Wrong options or arguments."""

    exit_code = 2
    code = "usage"


class ConfigError(UsageError):
    """A config file, kubeconfig or state file that cannot be read or is not valid."""

    code = "config"


class Ambiguous(UsageError):
    """A name that several objects have; the message lists them."""

    code = "ambiguous"


class WrongOrchestrator(UsageError):
    """A command of one orchestrator on an environment of another."""

    code = "wrong-orchestrator"

    def __init__(self, environment: str, orchestrator: str, *, instead: str) -> None:
        runs = {"ecs": "Amazon ECS", "kubernetes": "Kubernetes"}[orchestrator]
        super().__init__(
            f"this environment runs on {runs}, for which the command does not exist",
            hint=f"use `dashborion {instead} -e {shlex.quote(environment)}`",
            environment=environment,
        )


class NotFound(DashborionError):
    """A name that no object has.

    ``known`` are the existing names, for the hint; the errors of several environments
    are merged by them.
    """

    exit_code = 3
    code = "not-found"

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
            f"no {noun} '{name}' in {where}",
            hint=suggestion(name.rpartition("/")[2], self.known),
            environment=environment,
        )


class NothingToRead(DashborionError):
    """No logs: nothing runs, has written yet, or writes to a place that can be read."""

    exit_code = 3
    code = "no-logs"


class AccessError(DashborionError):
    """The API refuses the caller."""

    exit_code = 4
    code = "access"


class CredentialsError(AccessError):
    """Missing, expired or rejected credentials."""

    code = "credentials"


class Forbidden(AccessError):
    """The credentials are valid, but lack a permission."""

    code = "forbidden"


class Declined(DashborionError):
    """The user did not confirm."""

    code = "declined"


class Refusal(DashborionError):
    """A change that the environment does not allow, or that would not have its effect."""

    code = "refused"


class Conflict(DashborionError):
    """A precondition failed: the object has changed, or is not as expected."""

    code = "conflict"


class RolloutFailed(DashborionError):
    """A rollout that failed, was rolled back or superseded, or its workload deleted (``code``)."""

    exit_code = 7
    code = "rollout-failed"

    def __init__(self, message: str, *, code: str = code, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RolloutPending(DashborionError):
    """A rollout that was not finished at the timeout, or that is paused."""

    exit_code = 8
    code = "rollout-pending"


class PartialFailure(DashborionError):
    """Some environments failed and were reported; the results of the others are printed."""

    exit_code = 5
    code = "partial"


class Unavailable(DashborionError):
    """The API gave no valid answer in time."""

    exit_code = 6
    code = "unavailable"


class Unreachable(Unavailable):
    """No connection, or only 5xx answers, after all retries."""

    code = "unreachable"


class MaybeApplied(Unreachable):
    """The answer to a change was lost: it may have been applied, so it is not sent again."""

    code = "maybe-applied"


class Throttled(Unavailable):
    """Too many requests, and no time left to retry."""

    code = "throttled"


class TimedOut(Unavailable):
    """The deadline passed."""

    code = "timeout"


class BadAnswer(Unavailable):
    """An answer that is truncated, not JSON, or not what the API documents."""

    code = "bad-answer"


def suggestion(typed: str, known: Iterable[str], *, most: int = 8) -> str | None:
    """A hint with the known names that are similar, or else with up to ``most`` of them.

    None if no name is known.
    """
    import difflib  # takes 5 ms

    names = list(known)
    near = difflib.get_close_matches(typed, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(name) for name in near)}?"
    if not names:
        return None
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"known: {', '.join(names[:most])}{more}"
