"""Kubeconfig users whose plugin makes a token for EKS, read without AWS' SDK.

``aws eks get-token`` takes more than half a second to print what takes us a
millisecond. A plugin is replaced only when everything it was told is understood;
else it runs as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = "AWS_ACCESS_KEY_ID"
_PROFILE, _REGIONS = "AWS_PROFILE", ("AWS_REGION", "AWS_DEFAULT_REGION")

# The options of each program, by what they say. `aws` takes its global ones anywhere.
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


@dataclass(frozen=True)
class EksUser:
    """The cluster that a token is for, and whose token it is."""

    command: str
    cluster: str
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: None = None


def eks_user(entry: Any, environ: Mapping[str, str]) -> EksUser | None:
    """Whom a kubeconfig's ``exec:`` entry logs in, if it is one of these plugins and no more."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("command"), str):
        return None
    command, args = entry["command"], entry.get("args") or []
    if not isinstance(args, list) or not all(isinstance(one, str) for one in args):
        return None
    said = _said(command, args)
    variables = _variables(entry.get("env"))
    if said is None or variables is None or not said.get("cluster"):
        return None
    if said.get("output", "json") != "json":
        return None
    profile = said.get("profile")
    if profile is None and (profile := variables.get(_PROFILE)) and environ.get(_KEY):
        return None  # keys in variables go before a profile in one, but not before --profile
    return EksUser(
        command,
        cluster=said["cluster"],
        region=said.get("region") or next(filter(None, map(variables.get, _REGIONS)), None),
        profile=profile,
        role_arn=said.get("role_arn"),
    )


def _said(command: str, args: Sequence[str]) -> dict[str, str] | None:
    """What the arguments say, None if one of them is not understood."""
    program = command.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if program == "aws":
        words, known = ["eks", "get-token"], _GET_TOKEN
    elif program == "aws-iam-authenticator":
        words, known = ["token"], _AUTHENTICATOR
    else:
        return None
    said: dict[str, str] = {}
    rest = list(args)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name.startswith("-"):
            if name not in known or known[name] in said or not (equals or rest):
                return None
            said[known[name]] = value if equals else rest.pop(0)
        elif words and not equals and name == words[0]:
            words.pop(0)
        else:
            return None
    return None if words or not all(said.values()) else said


def _variables(entries: Any) -> dict[str, str] | None:
    """The variables that the plugin would get, None if one of them is not understood."""
    found: dict[str, str] = {}
    for one in entries or ():
        if not isinstance(one, Mapping):
            return None
        name, value = one.get("name"), one.get("value")
        if not isinstance(value, str):
            return None
        if name == "AWS_STS_REGIONAL_ENDPOINTS" and value == "regional":
            continue  # as every token of ours
        if name not in (_PROFILE, *_REGIONS):
            return None
        found[name] = value
    return found
