"""AWS' program for sessions of Systems Manager, which connects this machine with a task."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from dashborion.errors import Refusal
from dashborion.models.query import Found
from dashborion.orchestrators import processes
from dashborion.orchestrators.aws.client import AwsClient

NAME = "session-manager-plugin"
# As the AWS CLI (awscli/customizations/sessionmanager.py): a newer plugin takes the name of this
# variable in the place of the session, whose token every user can read among the arguments.
SESSION_VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
LAST_WITHOUT_VARIABLE = (1, 2, 497, 0)
VERSION_SECONDS = 5.0
_INSTALL = (
    "install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)


def require() -> None:
    """Raise Refusal unless it is installed."""
    if shutil.which(NAME) is None:
        message = f"`{NAME}` is not on the PATH: it connects this machine with the container"
        raise Refusal(message, hint=_INSTALL)


def takes_variable(environ: Mapping[str, str], note: Callable[[str], None]) -> bool:
    """Whether it takes the session in a variable; what that means if not is noted."""
    if version(environ) > LAST_WITHOUT_VARIABLE:
        return True
    note(f"this {NAME} is not newer than 1.2.497: while it runs, other users of this "
         "machine can read the session's token among its arguments")  # fmt: skip
    return False


def version(environ: Mapping[str, str]) -> tuple[int, ...]:
    """What the plugin says that it is; empty if that is no version."""
    try:
        said = processes.run(
            [NAME, "--version"], environ, VERSION_SECONDS, interactive=False, show_stderr=False
        ).output.decode()
        return tuple(map(int, said.strip().split(".")))
    except (OSError, ValueError, TimeoutError, processes.TooLarge):
        return ()


def target(cluster: str, instance: Found[Any], container: str) -> str:
    """A container of a task, as Systems Manager names it."""
    containers = (instance.raw or {}).get("containers") or ()
    runtime_ids = {item.get("name"): item.get("runtimeId") for item in containers}
    return f"ecs:{cluster}_{instance.item.id}_{runtime_ids.get(container)}"


def arguments(
    aws: AwsClient,
    session: Mapping[str, Any],
    asked: Mapping[str, Any],
    endpoint: str,
    environ: dict[str, str],
    *,
    takes_variable: bool,
) -> list[str]:
    """What it is started with: session, region, operation, profile, what was asked for, endpoint.

    The session goes into ``environ`` if it takes that.
    """
    given = json.dumps(dict(session))
    if takes_variable:
        environ[SESSION_VARIABLE], given = given, SESSION_VARIABLE
    profile = "" if aws.profile in (None, "default") else aws.profile
    return [NAME, given, aws.region, "StartSession", profile, json.dumps(dict(asked)), endpoint]
