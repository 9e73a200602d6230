"""Everything that can go wrong, as one tree; each class owns its exit code.

::

    DashborionError            1  failed
    ├── Declined               1  declined     at the prompt
    ├── Refusal                1  refused      a change that would not do what it says
    ├── Conflict               1  conflict     the object is not what it was taken for
    ├── UsageError             2  usage        what was typed cannot be done
    │   ├── ConfigError        2  config       a file that cannot be read as meant
    │   ├── Ambiguous          2  ambiguous    a name that fits more than one object
    │   └── WrongOrchestrator  2  wrong-orchestrator  a command that the environment has no use for
    ├── NotFound               3  not-found
    ├── NothingToRead          3  no-logs      nothing has written yet, or not where it can be read
    ├── AccessError            4
    │   ├── CredentialsError   4  credentials  nobody, or somebody whose time is up
    │   └── Forbidden          4  forbidden    somebody who may not
    ├── PartialFailure         5  partial      some environments failed, the rest is printed
    ├── RolloutFailed          7  rollout-failed, rolled-back, superseded, deleted
    ├── RolloutPending         8  rollout-pending
    └── Unavailable            6
        ├── Unreachable        6  unreachable
        ├── MaybeApplied       6  maybe-applied  a change whose answer is lost
        ├── Throttled          6  throttled
        ├── TimedOut           6  timeout
        └── BadAnswer          6  bad-answer   cut short, garbled, or not the API's

A message says what and where, a hint how to go on. Only ``__main__`` turns an
error into text and an exit code; SDK errors are translated in the adapters.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
BROKEN_PIPE = 141  # 128 + SIGPIPE


class DashborionError(Exception):
    """The root: a message for a person, a hint, and where it happened."""

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
    """What was typed cannot be done."""

    exit_code = 2
    code = "usage"


class ConfigError(UsageError):
    """A config file, kubeconfig or state file that cannot be read as meant."""

    code = "config"


class Ambiguous(UsageError):
    """A name that fits more than one object; the message lists them."""

    code = "ambiguous"


class WrongOrchestrator(UsageError):
    """A command of one orchestrator on an environment of another."""

    code = "wrong-orchestrator"

    def __init__(self, environment: str, orchestrator: str, *, instead: str) -> None:
        runs = {"ecs": "Amazon ECS", "kubernetes": "Kubernetes"}[orchestrator]
        super().__init__(
            f"this runs on {runs}, which the command is not for",
            hint=f"use `dashborion {instead} -e {shlex.quote(environment)}`",
            environment=environment,
        )


class NotFound(DashborionError):
    """A name that fits nothing, with the names that there are.

    ``known`` feeds the hint; several environments' errors are merged by it.
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
    """No log: nothing runs, has written yet, or writes where it can be read."""

    exit_code = 3
    code = "no-logs"


class AccessError(DashborionError):
    """The API knows the call and refuses the caller."""

    exit_code = 4
    code = "access"


class CredentialsError(AccessError):
    """No credentials, or ones that are expired or not accepted."""

    code = "credentials"


class Forbidden(AccessError):
    """Accepted credentials that lack a right."""

    code = "forbidden"


class Declined(DashborionError):
    """Somebody said no at the prompt."""

    code = "declined"


class Refusal(DashborionError):
    """A change that would not do what it says, or that the environment does not allow."""

    code = "refused"


class Conflict(DashborionError):
    """A precondition did not hold: the object is not, or no longer, what it was taken for."""

    code = "conflict"


class RolloutFailed(DashborionError):
    """A rollout that ended badly; ``code`` says how: failed, rolled back, superseded, deleted."""

    exit_code = 7
    code = "rollout-failed"

    def __init__(self, message: str, *, code: str = code, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RolloutPending(DashborionError):
    """A rollout that was not finished when the time was up, or that cannot go on by itself."""

    exit_code = 8
    code = "rollout-pending"


class PartialFailure(DashborionError):
    """Some environments failed and were reported; the others' results are printed."""

    exit_code = 5
    code = "partial"


class Unavailable(DashborionError):
    """The API did not give a usable answer in time."""

    exit_code = 6
    code = "unavailable"


class Unreachable(Unavailable):
    """No connection: refused, unresolvable, TLS, reset, or a 5xx to the end."""

    code = "unreachable"


class MaybeApplied(Unreachable):
    """A change was sent and its answer is lost: it may have been applied, and is not sent again."""

    code = "maybe-applied"


class Throttled(Unavailable):
    """Too many requests, and the deadline does not leave room to wait."""

    code = "throttled"


class TimedOut(Unavailable):
    """The deadline passed."""

    code = "timeout"


class BadAnswer(Unavailable):
    """An answer that is cut short, not JSON, or not what the API documents."""

    code = "bad-answer"


def suggestion(typed: str, known: Iterable[str], *, most: int = 8) -> str | None:
    """The nearest of the known names, or else what there is; None if nothing is known."""
    import difflib  # only when something is already wrong: 5 ms at start-up

    names = list(known)
    near = difflib.get_close_matches(typed, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(name) for name in near)}?"
    if not names:
        return None
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"there is {', '.join(names[:most])}{more}"
