"""Credentials of the pod that we run in: its service account's files, as client-go reads them."""

from __future__ import annotations

import ssl

from dashborion.config.kubeconfig import SERVICE_ACCOUNT, in_cluster_namespace
from dashborion.config.targets import InClusterTarget
from dashborion.errors import CredentialsError
from dashborion.orchestrators.kubernetes.credentials.entries import MOST_PEM_BYTES, TokenFile
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.credentials.settings import (
    Settings,
    proxy_from_environment,
    tls_context,
)
from dashborion.orchestrators.runtime import Runtime
from dashborion.storage.files import read_named

USER = "the pod's service account"


def connect(target: InClusterTarget, runtime: Runtime) -> Credentials:
    """The credentials of the pod.

    Raises:
        CredentialsError: a file or variable of a pod is missing, or not what it should be.
    """
    namespace = target.namespace or in_cluster_namespace() or "default"
    return Credentials(namespace, USER, (), lambda _: _settings(runtime))


def _settings(runtime: Runtime) -> Settings:
    environ, authority = runtime.environ, SERVICE_ACCOUNT / "ca.crt"
    host, port = (environ.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    if not host or not port:
        raise CredentialsError(
            f"{USER}: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set",
            hint="choose an environment with -e; outside a pod there is no service account",
        )
    try:
        tls = tls_context(authority=read_named(authority, most_bytes=MOST_PEM_BYTES))
    except ssl.SSLError as error:
        raise CredentialsError(f"{USER}: {authority} holds no PEM certificate") from error
    except OSError as error:
        raise CredentialsError(f"{USER}: {authority}: {error.strerror}") from error
    token = TokenFile(SERVICE_ACCOUNT / "token", USER)
    token.authorization()
    return Settings(
        host=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        tls=tls,
        proxy=proxy_from_environment(host, "https", environ),
        authorization=token.authorization,
    )
