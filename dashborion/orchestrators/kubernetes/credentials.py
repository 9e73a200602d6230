"""The seam to the Kubernetes SDK: kubeconfig, exec plugins, tokens, certificates, in-cluster.

The SDK reads them and knows when a token has to be renewed; what comes out is
an address, a TLS context and an ``Authorization`` header. Its oddities are
dealt with here: it logs an exec plugin's failure instead of raising it, lets
the last of several files decide on the current context, and leaves keys in
temporary files until the process ends.
"""

from __future__ import annotations

import binascii
import logging
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies
from kubernetes.config import ConfigException, kube_config, load_incluster_config, load_kube_config

from dashborion.config import InClusterTarget, KubernetesTarget, Target
from dashborion.errors import ConfigError, CredentialsError, UsageError, suggestion
from dashborion.kubeconfig import SERVICE_ACCOUNT, kubeconfig_paths, read_kubeconfig

# The SDK keeps temporary files and the root logger in module state.
_sdk = threading.Lock()


@dataclass
class Credentials:
    """An API server and a way to speak to it as somebody.

    ``user`` is the kubeconfig's name for the identity, ``namespace`` the default one.
    """

    host: str
    namespace: str
    user: str | None
    tls: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None
    _configuration: Any
    _load: Callable[[], Any]

    def authorization(self) -> str | None:
        """The header's value, renewed first when its expiry is near; None with a certificate.

        Raises:
            CredentialsError: the plugin that renews it failed.
        """
        with _sdk, _translated(self.user):
            setting = self._configuration.auth_settings().get("BearerToken")
            return str(setting["value"]) if setting and setting["value"] else None

    def renew(self) -> None:
        """Load everything again, exec plugins included: the API said 401.

        Raises:
            CredentialsError: as ``connect``.
        """
        with _sdk, _translated(self.user):
            self._configuration = self._load()


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

    def load() -> Any:
        configuration = Configuration()
        load_kube_config(where, target.context, client_configuration=configuration)
        return configuration

    namespace = target.namespace or known.namespaces[target.context] or "default"
    return _prepared(load, namespace, known.users[target.context])


def _in_cluster(target: InClusterTarget) -> Credentials:
    def load() -> Any:
        configuration = Configuration()
        load_incluster_config(client_configuration=configuration)
        return configuration

    own = SERVICE_ACCOUNT / "namespace"
    namespace = target.namespace or (own.read_text().strip() if own.exists() else "default")
    return _prepared(load, namespace, "the pod's service account")


def _prepared(load: Callable[[], Any], namespace: str, user: str | None) -> Credentials:
    with _sdk, _translated(user):
        configuration = load()
        tls = _tls(configuration)
        # What the SDK wrote out for `load_cert_chain` to read has now been read; a private key
        # should not lie in /tmp until the process ends, or for ever if it is killed.
        kube_config._cleanup_temp_files()  # noqa: SLF001 - there is no public way
    host = str(configuration.host).rstrip("/")
    proxy = configuration.proxy
    if proxy and configuration.no_proxy and should_bypass_proxies(host, configuration.no_proxy):
        proxy = None
    return Credentials(
        host=host,
        namespace=namespace,
        user=user,
        tls=tls,
        server_name=configuration.tls_server_name,
        proxy=proxy,
        _configuration=configuration,
        _load=load,
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


@contextmanager
def _translated(user: str | None) -> Iterator[None]:
    """Turn what the SDK raises, and the plugin failures that it only logs, into our errors."""
    said = _Said()
    logging.getLogger().addHandler(said)
    who = f"user '{user}'" if user else "a context without a user"
    try:
        yield
    except (ConfigException, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ConfigError(f"kubeconfig: {who}: {error}") from error
    except ssl.SSLError as error:
        raise CredentialsError(
            f"kubeconfig: {who}: unusable certificate or key: {error}"
        ) from error
    except (OSError, ValueError) as error:
        raise CredentialsError(f"kubeconfig: {who}: {error}") from error
    finally:
        logging.getLogger().removeHandler(said)
    if said.messages:
        raise CredentialsError(
            f"no credentials for {who}: {'; '.join(said.messages)}",
            hint="run the kubeconfig's login command, then try again",
        )


class _Said(logging.Handler):
    """Keeps the errors that the SDK logs; while it is there, the SDK prints nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
