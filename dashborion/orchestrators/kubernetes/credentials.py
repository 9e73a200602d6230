"""The seam to the Kubernetes SDK: kubeconfig, exec plugins, tokens, certificates, in-cluster.

The SDK reads them and knows when a token has to be renewed; what comes out is
an address, a TLS context and an ``Authorization`` header. Its oddities are
dealt with here: it logs an exec plugin's failure instead of raising it, goes on
as nobody when a user has no credentials, knows nothing of impersonation, and
leaves keys in temporary files until the process ends.
"""

from __future__ import annotations

import binascii
import logging
import math
import os
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies
from kubernetes.config import ConfigException, kube_config, load_incluster_config, load_kube_config

from dashborion.config import InClusterTarget, KubernetesTarget, Target
from dashborion.errors import ConfigError, CredentialsError, UsageError, suggestion
from dashborion.kubeconfig import SERVICE_ACCOUNT, Kubeconfig, kubeconfig_paths, read_kubeconfig

RENEWED_SECONDS = 30.0  # for which a renewed credential that is refused stays refused
LOG_IN = "run the kubeconfig's login command, then try again"


@dataclass
class Credentials:
    """An API server and a way to speak to it as somebody.

    ``user`` is the kubeconfig's name for the identity, ``namespace`` the default
    one. ``generation`` grows when ``renew`` has changed them.
    """

    namespace: str
    user: str | None
    impersonation: tuple[tuple[str, str], ...]
    _load: Callable[[], Any]
    generation: int = 0
    host: str = field(init=False)
    tls: ssl.SSLContext | None = field(init=False)
    server_name: str | None = field(init=False)
    proxy: str | None = field(init=False)
    _configuration: Any = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _renewed_at: float = -math.inf

    def __post_init__(self) -> None:
        self._reload()

    def authorization(self) -> str | None:
        """The header's value, renewed first when its expiry is near; None with a certificate.

        Raises:
            CredentialsError: the plugin that renews it failed, or made no token.
        """
        with self._lock, _translated(self.user):
            return self._authorization()

    def renew(self, refused: str | None) -> None:
        """Load everything again, exec plugins included: the API said 401 to this header.

        Of several requests that are refused at once the first renews for all, and
        what was renewed just now is not renewed again: a plugin may open a browser.

        Raises:
            CredentialsError: as ``connect``.
        """
        with self._lock:
            just_now = time.monotonic() - self._renewed_at < RENEWED_SECONDS
            if self._authorization() == refused and not just_now:
                self._renewed_at = time.monotonic()
                _SharedExec.forget()
                self._reload()
                self.generation += 1

    def _reload(self) -> None:
        with _temporary_files(), _translated(self.user):
            configuration = self._load()
            self.tls = _tls(configuration)
        self._configuration = configuration
        self.host = str(configuration.host).rstrip("/")
        self.server_name = configuration.tls_server_name
        self.proxy = configuration.proxy
        bypassed = configuration.no_proxy
        if self.proxy and bypassed and should_bypass_proxies(self.host, bypassed):
            self.proxy = None

    def _authorization(self) -> str | None:
        setting = self._configuration.auth_settings().get("BearerToken")
        if not setting or not setting["value"]:
            return None
        scheme, _, token = str(setting["value"]).strip().partition(" ")
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise CredentialsError(
                f"the token of user '{self.user}' is none: it is empty, or no header can hold it",
                hint=LOG_IN,
            )
        return f"{scheme} {token}"


def connect(target: Target, environ: Mapping[str, str]) -> Credentials:
    """Load a target's credentials.

    Raises:
        UsageError: the kubeconfig has no such context.
        ConfigError: a kubeconfig that cannot be used.
        CredentialsError: a plugin, token or certificate that does not work.
    """
    if isinstance(target, InClusterTarget):
        return _in_cluster(target)
    if not isinstance(target, KubernetesTarget):
        raise UsageError(f"not a Kubernetes target: {type(target).__name__}")
    paths = kubeconfig_paths(environ, target.kubeconfig)
    known = read_kubeconfig(paths)
    where = os.pathsep.join(str(path) for path in paths)
    if target.context not in known.namespaces:
        raise UsageError(
            f"no context '{target.context}' in {where or 'any kubeconfig'}",
            hint=suggestion(target.context, known.namespaces),
        )
    _require_address(known, target.context, where)
    user = known.users[target.context]
    entry = _user_entry(known, target.context, where)

    def load() -> Any:
        configuration = Configuration()
        load_kube_config(where, target.context, client_configuration=configuration)
        _require_somebody(configuration, entry, user)
        return configuration

    namespace = target.namespace or known.namespaces[target.context] or "default"
    return Credentials(namespace, user, _impersonation(entry), load)


def _in_cluster(target: InClusterTarget) -> Credentials:
    def load() -> Any:
        configuration = Configuration()
        load_incluster_config(client_configuration=configuration)
        return configuration

    own = SERVICE_ACCOUNT / "namespace"
    namespace = target.namespace or (own.read_text().strip() if own.exists() else "default")
    return Credentials(namespace, "the pod's service account", (), load)


def _user_entry(known: Kubeconfig, context: str, where: str) -> Mapping[str, Any]:
    """The kubeconfig's entry for a context's user; kubectl too refuses a name without one."""
    user = known.users[context]
    if user is None:
        return {}
    if user not in known.entries:
        raise ConfigError(
            f"{where}: context '{context}': there is no user '{user}'",
            hint=suggestion(user, known.entries),
        )
    return known.entries[user]


def _require_somebody(configuration: Any, entry: Mapping[str, Any], user: str | None) -> None:
    """A user who is to log in but did not is an error, not an anonymous request."""
    plugged = entry.get("exec") or entry.get("auth-provider")
    if plugged and not configuration.api_key and not configuration.cert_file:
        raise CredentialsError(
            f"no credentials for user '{user}': its plugin gave neither a token nor a certificate",
            hint=LOG_IN,
        )


def _impersonation(entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers for a user with ``as``, as kubectl; without them one would have more rights."""
    headers = []
    if entry.get("as"):
        headers.append(("Impersonate-User", str(entry["as"])))
    if entry.get("as-uid"):
        headers.append(("Impersonate-Uid", str(entry["as-uid"])))
    headers += [("Impersonate-Group", str(group)) for group in entry.get("as-groups") or ()]
    for key, values in (entry.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return tuple(headers)


def _require_address(known: Kubeconfig, context: str, where: str) -> None:
    """The SDK takes anything for an address, and HTTP libraries make the strangest of it."""
    cluster = known.clusters[context] or ""
    server = known.servers.get(cluster) or ""
    try:
        parts = urlsplit(server)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not server.isprintable() or " " in server:
        raise ConfigError(
            f"{where}: context '{context}': cluster '{cluster}': "
            f"server '{server}' is not an http or https address"
        )


def _tls(configuration: Any) -> ssl.SSLContext | None:
    if not str(configuration.host).startswith("https:"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    # Python 3.13 demands key identifiers that many clusters' authorities lack; kubectl does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


class _SharedExec(kube_config.ExecProvider):  # type: ignore[misc]
    """Runs a kubeconfig user's plugin once, however many contexts and environments share it.

    The SDK runs it for each context; twenty environments must not open twenty
    browsers. The answer is kept until it expires or the API refuses it.
    """

    _answers: ClassVar[dict[str, Any]] = {}
    _locks: ClassVar[dict[str, threading.Lock]] = defaultdict(threading.Lock)

    def run(self, previous_response: Any = None) -> Any:
        cluster = self.cluster.value if self.cluster else None
        key = repr((self.args, sorted(self.env.items()), self.cwd, cluster))
        with self._locks[key]:
            known = self._answers.get(key)
            if known is None or _expired(known):
                known = self._answers[key] = super().run(previous_response)
            return known

    @classmethod
    def forget(cls) -> None:
        """Run plugins again."""
        cls._answers.clear()


# The SDK's loader looks this name up when it meets an `exec:` user; there is no other seam.
kube_config.ExecProvider = _SharedExec


_write_file = kube_config._create_temp_file_with_content  # noqa: SLF001 - as above
_writing = threading.Lock()


def _write_whole_file(*arguments: Any, **more: Any) -> Any:
    """The SDK names a file in its cache before the file is written: others would read it empty."""
    with _writing:
        return _write_file(*arguments, **more)


kube_config._create_temp_file_with_content = _write_whole_file  # noqa: SLF001


def _expired(status: dict[str, Any]) -> bool:
    ends = status.get("expirationTimestamp")
    try:
        return bool(ends) and datetime.fromisoformat(str(ends)) <= datetime.now(UTC)
    except (TypeError, ValueError):
        return True


_loading = 0
_loading_lock = threading.Lock()


@contextmanager
def _temporary_files() -> Iterator[None]:
    """What the SDK writes out for ``load_cert_chain`` is deleted when the last loader has read it.

    A private key should not lie in /tmp until the process ends, or for ever if
    it is killed.
    """
    global _loading  # noqa: PLW0603 - a count of what shares the SDK's module state
    with _loading_lock:
        _loading += 1
    try:
        yield
    finally:
        with _loading_lock:
            _loading -= 1
            if not _loading:
                kube_config._cleanup_temp_files()  # noqa: SLF001 - there is no public way


@contextmanager
def _translated(user: str | None) -> Iterator[None]:
    """Turn what the SDK raises, and the plugin failures that it only logs, into our errors."""
    said = _Said()
    logging.getLogger().addHandler(said)
    who = f"user '{user}'" if user else "a context without a user"
    try:
        yield
    except (ConfigException, LookupError, TypeError, AttributeError, binascii.Error) as error:
        raise ConfigError(f"kubeconfig: {who}: {error}") from error
    except ssl.SSLError as error:
        raise CredentialsError(
            f"kubeconfig: {who}: unusable certificate or key: {error}"
        ) from error
    except (OSError, ValueError) as error:
        raise CredentialsError(f"kubeconfig: {who}: {error}") from error
    except CredentialsError as error:
        if not said.messages:
            raise
        raise said.error(who) from error
    finally:
        logging.getLogger().removeHandler(said)
    if said.messages:
        raise said.error(who)


class _Said(logging.Handler):
    """Keeps the errors that the SDK logs on this thread; while it is there, nothing is printed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.messages.append(record.getMessage())

    def error(self, who: str) -> CredentialsError:
        """What was said, as an error."""
        return CredentialsError(
            f"no credentials for {who}: {'; '.join(self.messages)}",
            hint=LOG_IN,
        )
