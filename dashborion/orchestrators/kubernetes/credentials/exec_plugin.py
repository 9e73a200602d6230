"""Exec plugins: programs of a kubeconfig that print credentials for its user.

The rules are those of client-go's ``plugin/pkg/client/auth/exec`` and of
kubernetes.io/docs/reference/access-authn-authz/authentication
#client-go-credential-plugins.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from dashborion.config.kubeconfig import Entry
from dashborion.errors import ConfigError, CredentialsError, short
from dashborion.models.base import ready
from dashborion.orchestrators import processes
from dashborion.orchestrators.kubernetes.credentials.entries import exec_cluster
from dashborion.orchestrators.kubernetes.credentials.settings import LOG_IN, ExecCredential
from dashborion.orchestrators.runtime import Runtime

GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
PLUGIN_SECONDS = 60.0
MOST_QUOTED = 1000  # characters of a plugin's stderr

_Time = Annotated[datetime, Meta(tz=True)]

# What looks like a credential in a plugin's words: a header, a JWT, a login or a query in a URL,
# what is set to `…token…` and the like (prose such as `no token: log in` is none), random text.
_CREDENTIALS = re.compile(
    r"""
      (?P<header> \b (?: Bearer | Basic ) \s+ [^\s"']+ )
    | (?P<jwt> \b eyJ [\w-]+ \. [\w.-]* )
    | :// (?P<login> [^/\s@]+ ) @
    | [\w/] \? (?P<query> [^\s"']+ )
    | (?P<pem> -----BEGIN .* )
    | (?: token | secret | passwo?r?d | passphrase | assertion | credential
        | (?: api | access | private | client ) [_-]? key ) [\w-]*
      (?: ["']? \s* [:=] \s* ["'] (?P<quoted> [^"']+ )
        | ["']? [:=] (?P<set> [^\s"',;&}]+ )
        | \s* [:=] \s+ (?P<long> (?= \S* \d ) [\w.~+/=-]{16,} ) )
    | (?<! [\w/.-] )
      (?P<random> (?-i: (?= \S* \d ) (?= \S* [a-z] ) (?= \S* [A-Z] ) ) [\w+~=-]{40,} )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@dataclass(eq=False)
class _Failed(Exception):
    """What is wrong with a plugin, to be said of each user that has it, and how to go on."""

    problem: str
    hint: str = LOG_IN


class _Variable(Struct):
    name: str
    value: str


class _ExecConfig(Struct, rename="camel"):
    """A kubeconfig's ``exec:``; kubectl wants ``interactiveMode`` in v1, we do not."""

    command: str
    api_version: str = ""
    args: list[str] = []
    env: list[_Variable] = []
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


class _Status(Struct, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: str | None = None


class _Printed(Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


@dataclass(frozen=True)
class ExecPlugin:
    """A user's plugin, and ``cluster``, what it is told of the server if it wants to know."""

    user: Entry
    config: _ExecConfig
    cluster: Mapping[str, Any] | None

    @classmethod
    def read(cls, user: Entry, cluster: Entry, environ: Mapping[str, str]) -> ExecPlugin:
        """The plugin of a user's ``exec:`` entry; ``ConfigError`` unless it is as documented."""
        entry = user.body.get("exec")
        if isinstance(entry, Mapping):
            entry = {key: value for key, value in entry.items() if value is not None}
        try:
            config = msgspec.convert(entry, ready(_ExecConfig))
        except msgspec.ValidationError as error:  # which names types and keys, but no values
            raise ConfigError(f"{user.label}: exec: {error}") from error
        if config.api_version not in VERSIONS:
            raise ConfigError(
                f"{user.label}: exec: apiVersion is none of {' and '.join(VERSIONS)}",
                hint="update the plugin, and with it the kubeconfig's entry",
            )
        if config.interactive_mode not in ("Never", "IfAvailable", "Always"):
            raise ConfigError(
                f"{user.label}: exec: interactiveMode is none of Never, IfAvailable and Always"
            )
        if not config.command:
            raise ConfigError(f"{user.label}: exec: command is empty")
        told = exec_cluster(cluster, environ) if config.provide_cluster_info else None
        return cls(user, config, told)

    @property
    def key(self) -> bytes:
        """The same for all users and contexts that may share what the plugin gives."""
        return msgspec.json.encode((str(self.user.path.parent), self.config, self.cluster))

    def error(self, failure: _Failed) -> CredentialsError:
        """An error that names the user and the program, but neither arguments nor variables."""
        return CredentialsError(
            f"user '{short(self.user.name)}': plugin '{short(self.config.command)}' "
            f"{failure.problem}",
            hint=failure.hint,
        )

    def run(self, seconds: float, environ: Mapping[str, str]) -> ExecCredential:
        """Run the plugin and read what it prints; ended if not done after these seconds.

        Its stdin is ours only where that is a terminal: what is piped into us is not
        for it. Its stderr is ours where people read it, else it is kept for the error.

        Raises:
            _Failed: it cannot be run, fails, hangs, or prints something else.
        """
        terminal, mode = os.isatty(0), self.config.interactive_mode
        if mode == "Always" and not terminal:
            raise _Failed(
                "needs a terminal (its interactiveMode is Always), and stdin is none",
                "run the command in a terminal, without anything piped into it",
            )
        interactive = terminal and mode != "Never"
        install = self.config.install_hint.strip() or "install it, or correct the entry's command"
        try:
            finished = processes.run(
                [self._program(environ), *self.config.args],
                {**environ, **self._variables(interactive)},
                seconds,
                interactive=interactive,
                show_stderr=os.isatty(2),
            )
        except FileNotFoundError as error:
            raise _Failed("is not installed: there is no such program", install) from error
        except TimeoutError as error:
            raise _Failed(f"did not answer within {seconds:.3g} seconds and was ended") from error
        except processes.TooLarge as error:
            raise _Failed("printed too much to be an ExecCredential") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "an argument or variable is not usable"
            raise _Failed(f"cannot be started: {reason}", install) from error
        if finished.code:
            how = f"exit code {finished.code}" if finished.code > 0 else f"signal {-finished.code}"
            raise _Failed(f"failed with {how}{self._quoted(finished.stderr)}")
        return _credential(finished.output, self.config.api_version)

    def _program(self, environ: Mapping[str, str]) -> str:
        """The file to run: a relative path starts at the kubeconfig's folder, a name is in PATH."""
        command = self.config.command
        if os.sep in command or (os.altsep and os.altsep in command):
            return str(self.user.file(command))
        found = shutil.which(command, path=environ.get("PATH"))
        if found is None:
            raise FileNotFoundError
        return found

    def _variables(self, interactive: bool) -> dict[str, str]:
        spec = {"interactive": interactive, **({"cluster": self.cluster} if self.cluster else {})}
        info = {"kind": "ExecCredential", "apiVersion": self.config.api_version, "spec": spec}
        variables = {variable.name: variable.value for variable in self.config.env}
        return {**variables, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}

    def _quoted(self, stderr: bytes) -> str:
        """The end of its stderr, without the entry's arguments and variables, and credentials."""
        quoted = stderr.decode(errors="replace").strip()
        values = [argument.partition("=")[2] for argument in self.config.args]
        values += [argument for argument in self.config.args if not argument.startswith("-")]
        values += [variable.value for variable in self.config.env]
        for value in sorted(values, key=len, reverse=True):
            if len(value) > 3:  # a shorter one is no secret, and part of many words
                quoted = quoted.replace(value, "***")
        quoted = _CREDENTIALS.sub(_hidden, quoted)
        return f": {quoted[-MOST_QUOTED:]}" if quoted else ""


def _hidden(match: re.Match[str]) -> str:
    start, end = match.span(match.lastgroup or 0)
    return f"{match.string[match.start() : start]}***{match.string[end : match.end()]}"


def _credential(output: bytes, version: str) -> ExecCredential:
    """The credentials that a plugin printed. Nothing of the output is ever shown."""
    try:
        printed = msgspec.json.decode(output, type=ready(_Printed))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Failed("did not print an ExecCredential") from error
    status = printed.status
    if printed.kind != "ExecCredential" or status is None:
        raise _Failed("did not print an ExecCredential with a status")
    if printed.api_version != version:
        raise _Failed(f"printed an ExecCredential of another apiVersion than {version}")
    certificate, key = status.client_certificate_data, status.client_key_data
    if not (status.token or certificate or key):
        raise _Failed("gave neither a token nor a certificate")
    if bool(certificate) != bool(key):
        raise _Failed("gave a certificate without its key, or a key without its certificate")
    try:
        expires = msgspec.convert(status.expiration_timestamp, _Time | None)
    except msgspec.ValidationError as error:
        raise _Failed("gave an expirationTimestamp that is no RFC 3339 time") from error
    if expires is not None and expires.year == 1:
        expires = None  # the zero time of plugins in Go
    return ExecCredential(status.token, certificate, key, expires)


@dataclass
class _Login:
    """What a plugin gave to all environments that share it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    credential: ExecCredential | None = None
    failure: _Failed | None = None
    runs: int = 0


class ExecPlugins:
    """Runs each plugin once for all environments with the same user: it may open a browser."""

    def __init__(self) -> None:
        self._logins: dict[bytes, _Login] = {}

    def credential(
        self, plugin: ExecPlugin, runtime: Runtime, refused: ExecCredential | None = None
    ) -> ExecCredential:
        """What the plugin gave, or gives now if that has expired or is the ``refused`` one.

        A tenth of the time is left for ending a plugin that hangs and for saying so.

        Raises:
            CredentialsError: the plugin failed, now or while we waited for our turn.
            TimedOut: the deadline has passed.
        """
        login = self._logins.setdefault(plugin.key, _Login())
        runs, deadline = login.runs, runtime.deadline
        if not login.lock.acquire(timeout=deadline.remaining()):
            raise deadline.expired()
        try:
            known = login.credential
            if known is not None and known is not refused and not known.expired():
                return known
            if login.failure is not None and login.runs != runs:
                raise plugin.error(login.failure)
            seconds = min(PLUGIN_SECONDS, deadline.remaining()) * 0.9
            if seconds <= 0:
                raise deadline.expired()
            login.failure = None
            try:
                login.credential = plugin.run(seconds, runtime.environ)
            except _Failed as failure:
                login.failure = failure
                raise plugin.error(failure) from failure
            finally:
                login.runs += 1
            return login.credential
        finally:
            login.lock.release()
