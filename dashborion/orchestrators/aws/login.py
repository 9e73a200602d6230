"""How an AWS identity logs in, as far as AWS' own files and variables tell: for messages."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

Way = Literal["variables", "sso", "keys", "login", "process", "web-identity", "container", ""]

_KEY, _TOKEN_FILE = "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# Files that AWS' variables name: the SDKs take a missing one for an empty one, or raise an OSError.
_OPTIONAL_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_FILES = (*_OPTIONAL_FILES, _TOKEN_FILE, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CA_BUNDLE",
          "REQUESTS_CA_BUNDLE")  # fmt: skip


class Login(Struct, frozen=True):
    """Where an identity's credentials come from, and what its user can do about them.

    ``profile`` is the one in use, None for AWS' default; ``source`` the profile at the
    end of its ``source_profile`` chain, which has the credentials; ``way`` how that one
    logs in, "" if nothing says; ``asks_for_code`` whether an MFA code is needed.
    """

    profile: str | None = None
    source: str | None = None
    way: Way = ""
    program: str | None = None
    asks_for_code: bool = False

    @classmethod
    def of(
        cls, profile: str | None, config: Mapping[str, Any], environ: Mapping[str, str]
    ) -> Login:
        """What botocore's ``full_config`` says of a profile; None is the one in use.

        The order is that of botocore's providers: keys in variables go before the
        profile that a variable names, but not before one that was asked for.
        """
        name = profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None
        if profile is None and environ.get(_KEY):
            return cls(name, way="variables")
        chain = _chain(name or "default", config.get("profiles") or {})
        settings = chain[-1][1] if chain else {}
        source = chain[-1][0] if chain and name else None
        way, program = _way(settings), None
        if way == "process":
            program = program_of(settings["credential_process"])
        if not way and profile is None:
            way = "web-identity" if environ.get(_TOKEN_FILE) else way
            way = "container" if any(map(environ.get, _CONTAINER)) else way
        asks = any("mfa_serial" in step for _, step in chain)
        return cls(name, source, way, program, asks)

    @property
    def option(self) -> str:
        """`` --profile NAME`` for a shell, "" for the default profile."""
        return _option(self.profile)

    @property
    def hint(self) -> str:
        """What to type or to change, to have credentials that work."""
        option = _option(self.source or self.profile)
        check = f"check `aws sts get-caller-identity{self.option}`"
        steps: dict[Way, str] = {
            "variables": f"set ${_KEY}, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN anew",
            "sso": f"log in with `aws sso login{option}`",
            "login": f"log in with `aws login{option}`",
            "keys": f"renew the keys with `aws configure{option}`",
            "process": f"run `{shlex.quote(self.program)}` by itself to see what it says"
            if self.program
            else "correct `credential_process` in AWS' config file",
            "web-identity": f"see the file that ${_TOKEN_FILE} names",
            "container": "see the variables AWS_CONTAINER_… of this task or pod",
        }
        step = steps.get(self.way, f"log in with `aws configure{option}` or `aws login{option}`")
        return f"{step}, or {check}"

    def __str__(self) -> str:
        """Where the credentials come from, in a message."""
        profile = f" of profile '{self.source or self.profile}'" if self.profile else ""
        sources: dict[Way, str] = {
            "variables": f"${_KEY}, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN",
            "sso": f"the SSO login{profile}",
            "login": f"the login session{profile}",
            "keys": f"the keys{profile}",
            "process": f"program '{self.program}' (credential_process{profile})"
            if self.program
            else f"the credential_process{profile}",
            "web-identity": f"${_TOKEN_FILE}",
            "container": "the container's credentials ($AWS_CONTAINER_CREDENTIALS_…)",
        }
        return sources.get(self.way, f"the AWS credentials{profile}")


def program_of(command: object) -> str | None:
    """The program of a command line, without its arguments, which may be secrets."""
    try:
        words = shlex.split(str(command))
    except ValueError:  # an open quote
        return None
    return words[0] if words else None


def named_file(path: object, environ: Mapping[str, str]) -> str:
    """A file as messages name it, with the variable that points at it."""
    text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else "a file"
    for variable in _FILES:
        value = environ.get(variable)
        if value and str(Path(value).expanduser()) == str(Path(text).expanduser()):
            return f"${variable}: '{text}'"
    return f"'{text}'"


def missing_files(environ: Mapping[str, str]) -> str:
    """What to add to a message when credentials or a profile are not there: "" or why."""
    lost = [
        f"${variable} names '{environ[variable]}', which cannot be read"
        for variable in _OPTIONAL_FILES
        if environ.get(variable) and not _is_readable(environ[variable])
    ]
    return f" ({'; '.join(lost)})" if lost else ""


def _is_readable(named: str) -> bool:
    path = Path(os.path.expandvars(named)).expanduser()
    return os.access(path, os.R_OK) and not path.is_dir()


def _option(profile: str | None) -> str:
    return f" --profile {shlex.quote(profile)}" if profile else ""


def _chain(name: str, profiles: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """A profile and those that its ``source_profile`` leads to; not for ever."""
    chain: list[tuple[str, Mapping[str, Any]]] = []
    while name in profiles and name not in dict(chain):
        settings = profiles[name]
        chain.append((name, settings))
        name = settings.get("source_profile") or ""
    return chain


def _way(settings: Mapping[str, Any]) -> Way:
    """In the order of botocore's providers."""
    if "web_identity_token_file" in settings:
        return "web-identity"
    if "sso_session" in settings or "sso_start_url" in settings:
        return "sso"
    if "aws_access_key_id" in settings:
        return "keys"
    if "login_session" in settings:
        return "login"
    return "process" if "credential_process" in settings else ""


def account_of(role: str | None, profile: str | None, config: Mapping[str, Any]) -> str | None:
    """The account of an identity as it is written: in a role's ARN, or beside an SSO login.

    None where nothing says so; a role of the config goes before its profile's own.
    """
    settings = (config.get("profiles") or {}).get(profile or "") or {}
    for arn in filter(None, (role, settings.get("role_arn"))):
        return str(arn).split(":")[4] if str(arn).count(":") > 4 else None
    is_sso = "sso_session" in settings or "sso_start_url" in settings
    return str(settings["sso_account_id"]) if is_sso and "sso_account_id" in settings else None
