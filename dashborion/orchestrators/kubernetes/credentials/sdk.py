"""The seam to the Kubernetes SDK: plugins, token files, providers, in-cluster.

The SDK reads them and knows when a token has to be renewed. Its oddities are
dealt with here: it logs an exec plugin's failure instead of raising it, goes on
as nobody when a user has no credentials, and leaves keys in temporary files
until the process ends.
"""

from __future__ import annotations

import binascii
import logging
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies
from kubernetes.config import ConfigException, kube_config, load_incluster_config, load_kube_config

from dashborion.errors import ConfigError, CredentialsError, DashborionError
from dashborion.orchestrators.kubernetes.credentials.settings import Settings, tls_context

LOG_IN = "run the kubeconfig's login command, then try again"


def load(
    where: str,
    context: str,
    entry: Mapping[str, Any],
    user: str | None,
    own: Callable[[], Mapping[str, Any] | None] | None = None,
) -> Settings:
    """The settings of a kubeconfig's context; ``where`` are its paths, ``entry`` its user's.

    ``own`` gives what the user's plugin would, without running it; None from it
    runs the plugin after all.

    Raises:
        ConfigError: a kubeconfig that cannot be used.
        CredentialsError: a plugin, token or certificate that does not work.
    """

    def loaded() -> Configuration:
        configuration = Configuration()
        load_kube_config(where, context, client_configuration=configuration)
        _require_somebody(configuration, entry, user)
        return configuration

    return _settings(loaded, user, own)


def load_in_cluster(user: str) -> Settings:
    """The settings of the pod that this process runs in; raises as ``load``."""

    def loaded() -> Configuration:
        configuration = Configuration()
        load_incluster_config(client_configuration=configuration)
        return configuration

    return _settings(loaded, user)


def forget() -> None:
    """Run plugins again."""
    _SharedExec.forget()


def _settings(
    loaded: Callable[[], Configuration],
    user: str | None,
    own: Callable[[], Mapping[str, Any] | None] | None = None,
) -> Settings:
    with _temporary_files(), _standing_in(own, user), _translated(user):
        configuration = loaded()
        tls = _tls(configuration)
    host = str(configuration.host).rstrip("/")
    proxy, bypassed = configuration.proxy, configuration.no_proxy
    if proxy and bypassed and should_bypass_proxies(host, bypassed):
        proxy = None

    def authorization() -> str | None:
        with _standing_in(own, user), _translated(user):
            return _authorization(configuration, user)

    return Settings(host, tls, configuration.tls_server_name, proxy, authorization)


def _authorization(configuration: Configuration, user: str | None) -> str | None:
    setting = configuration.auth_settings().get("BearerToken")
    if not setting or not setting["value"]:
        return None
    scheme, _, token = str(setting["value"]).strip().partition(" ")
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(
            f"the token of user '{user}' is none: it is empty, or no header can hold it",
            hint=LOG_IN,
        )
    return f"{scheme} {token}"


def _require_somebody(configuration: Any, entry: Mapping[str, Any], user: str | None) -> None:
    """A user who is to log in but did not is an error, not an anonymous request."""
    plugged = entry.get("exec") or entry.get("auth-provider")
    if plugged and not configuration.api_key and not configuration.cert_file:
        raise CredentialsError(
            f"no credentials for user '{user}': its plugin gave neither a token nor a certificate",
            hint=LOG_IN,
        )


def _tls(configuration: Configuration) -> ssl.SSLContext | None:
    if not str(configuration.host).startswith("https:"):
        return None
    context = tls_context(cafile=configuration.ssl_ca_cert, verify=configuration.verify_ssl)
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
                known = _own_answer() or super().run(previous_response)
                self._answers[key] = known
            return known

    @classmethod
    def forget(cls) -> None:
        """Run plugins again."""
        cls._answers.clear()


@dataclass
class _Own:
    """What stands in for a plugin while the SDK loads, and its failure, which the SDK only logs."""

    make: Callable[[], Mapping[str, Any] | None]
    error: DashborionError | None = None


_own: ContextVar[_Own | None] = ContextVar("own", default=None)


def _own_answer() -> Mapping[str, Any] | None:
    own = _own.get()
    try:
        return own.make() if own is not None else None
    except DashborionError as error:
        if own is not None:
            own.error = error
        raise


@contextmanager
def _standing_in(
    make: Callable[[], Mapping[str, Any] | None] | None, user: str | None
) -> Iterator[None]:
    """Let ``make`` answer for the plugin; if it fails, in its own words and with the user's name.

    The SDK makes the plugin's object itself, so there is no other way to hand it something.
    """
    own = _Own(make) if make is not None else None
    before = _own.set(own)
    try:
        yield
    except DashborionError as error:
        if own is None or own.error is None:
            raise
        own.error.message = f"user '{user}': {own.error.message}"
        raise own.error from error
    finally:
        _own.reset(before)


# The SDK's loader looks this name up when it meets an `exec:` user; there is no other seam.
kube_config.ExecProvider = _SharedExec


_write_file = kube_config._create_temp_file_with_content  # noqa: SLF001 - as above
_writing = threading.Lock()


def _write_whole_file(*arguments: Any, **more: Any) -> Any:
    """The SDK names a file in its cache before the file is written: others would read it empty."""
    with _writing:
        return _write_file(*arguments, **more)


kube_config._create_temp_file_with_content = _write_whole_file  # noqa: SLF001


def _expired(status: Mapping[str, Any]) -> bool:
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
