"""Kubeconfig users whose exec plugin makes a token for EKS.

``aws eks get-token`` takes more than half a second for what takes us a
millisecond. A plugin is substituted only when every argument and variable of its
entry is understood; else it runs as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

_KEY = "AWS_ACCESS_KEY_ID"
_PROFILE, _REGIONS = "AWS_PROFILE", ("AWS_REGION", "AWS_DEFAULT_REGION")

# The fields that each program's options set. `aws` takes its global ones anywhere.
_GET_TOKEN = {
    "--cluster-name": "cluster",
    "--cluster-id": "cluster",  # of a cluster on an Outpost; it is signed in the same header
    "--role-arn": "role_arn",
    "--role": "role_arn",
    "--region": "region",
    "--profile": "profile",
    "--output": "output",
}
_AUTHENTICATOR = {
    "-i": "cluster",
    "--cluster-id": "cluster",
    "-r": "role_arn",
    "--role": "role_arn",
    "--region": "region",
}


class EksUser(Struct, frozen=True):
    """The cluster that a token is for, and the AWS identity that it proves."""

    command: str
    cluster_name: str
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: None = None


def eks_user(entry: Any, environ: Mapping[str, str]) -> EksUser | None:
    """What a kubeconfig's ``exec:`` entry asks for, None unless all of it is understood."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("command"), str):
        return None
    command, args = entry["command"], entry.get("args") or []
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        return None
    options = _options(command, args)
    variables = _variables(entry.get("env"))
    if options is None or variables is None or not options.get("cluster"):
        return None
    if options.get("output", "json") != "json":
        return None
    profile = options.get("profile")
    if profile is None and (profile := variables.get(_PROFILE)) and environ.get(_KEY):
        return None  # keys in variables go before a profile in one, but not before --profile
    return EksUser(
        command,
        cluster_name=options["cluster"],
        region=options.get("region") or next(filter(None, map(variables.get, _REGIONS)), None),
        profile=profile,
        role_arn=options.get("role_arn"),
    )


def _options(command: str, args: Sequence[str]) -> dict[str, str] | None:
    """The fields that the arguments set, None if one of them is not understood."""
    program = command.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if program == "aws":
        words, fields = ["eks", "get-token"], _GET_TOKEN
    elif program == "aws-iam-authenticator":
        words, fields = ["token"], _AUTHENTICATOR
    else:
        return None
    options: dict[str, str] = {}
    rest = list(args)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name.startswith("-"):
            if name not in fields or fields[name] in options or not (equals or rest):
                return None
            options[fields[name]] = value if equals else rest.pop(0)
        elif words and not equals and name == words[0]:
            words.pop(0)
        else:
            return None
    return None if words or not all(options.values()) else options


def _variables(entries: Any) -> dict[str, str] | None:
    """The variables that the entry sets, None if one of them is not understood."""
    variables: dict[str, str] = {}
    for entry in entries or ():
        if not isinstance(entry, Mapping):
            return None
        name, value = entry.get("name"), entry.get("value")
        if not isinstance(value, str):
            return None
        if name == "AWS_STS_REGIONAL_ENDPOINTS" and value == "regional":
            continue  # as every token of ours
        if name not in (_PROFILE, *_REGIONS):
            return None
        variables[name] = value
    return variables
