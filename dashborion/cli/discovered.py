"""What ``env discover`` does with what was found: choose, and add to the config file."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dashborion.errors import NotFound, UsageError

if TYPE_CHECKING:
    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.discovery.search import Sight
    from dashborion.models.environment import Discovered

Found = Sequence[tuple["Discovered", "Environment"]]


def require_addable(context: Context, *, yes: bool) -> None:
    """Called before anything is searched.

    Raises:
        UsageError: the demo has no such file, or nobody is there to be asked.
    """
    if context.globals.demo:
        raise UsageError("the demo has no config file to add to")
    if not yes and not (context.stdin.isatty() and context.streams.err_tty):
        raise UsageError("--add asks, and nobody is there to answer", hint="--yes means yes")


def chosen(context: Context, sight: Sight, patterns: Sequence[str]) -> Found:
    """The proposals for what was found, or those that a pattern fits.

    Raises:
        NotFound: a name that nothing fits, though everything could be searched.
    """
    from dashborion.discovery.proposals import propose

    found = propose(sight.candidates, context.config_file.config.environments)
    names = [row.name for row, _ in found]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names) and not sight.failures:
            raise NotFound("environment", pattern, where="what was found", known=names)
    return [
        one
        for one in found
        if not patterns or any(fnmatchcase(one[0].name, pattern) for pattern in patterns)
    ]


def put(context: Context, found: Found, *, yes: bool) -> None:
    """Add what is not configured yet to the config file.

    Raises:
        Declined: the answer was not yes.
        ConfigError: the file cannot be written.
    """
    file = context.config_file
    new = [environment for row, environment in found if not row.configured]
    if not new:
        context.streams.note(f"nothing to add to {file.path}")
        return
    count = f"{len(new)} environment{'s' if len(new) > 1 else ''}"
    if not yes:
        context.confirm(f"add {count} to {file.path}")
    file.add(new)
    context.streams.note(f"added {count} to {file.path}")
