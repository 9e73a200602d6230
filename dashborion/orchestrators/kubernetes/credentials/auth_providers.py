"""Legacy ``auth-provider`` users of a kubeconfig: the seam to the Kubernetes SDK.

The SDK knows ``gcp`` and ``oidc``, renews their tokens and writes renewed ones
back into the kubeconfig. kubectl itself has only ``oidc`` left.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dashborion.config.kubeconfig import Entry
from dashborion.errors import CredentialsError
from dashborion.orchestrators.kubernetes.credentials.settings import bearer

REPLACEMENTS = {
    "azure": "kubelogin (`kubelogin convert-kubeconfig`)",
    "gcp": "gke-gcloud-auth-plugin (`gcloud container clusters get-credentials`)",
    "oidc": "kubelogin (`kubectl oidc-login setup`)",
    "openstack": "client-keystone-auth",
}
SUPPORTED = ("gcp", "oidc")

_lock = threading.Lock()  # the SDK keeps its temporary files in module state


def provider_authorization(
    user: Entry, paths: tuple[Path, ...], context: str
) -> Callable[[], str | None]:
    """The header of a user with an auth provider, renewed when its token has expired.

    Raises:
        CredentialsError: a provider that is not supported, or that gave no token.
    """
    entry = user.body.get("auth-provider")
    provider = str(entry.get("name")) if isinstance(entry, Mapping) else "without a name"
    replacement = REPLACEMENTS.get(provider, "an exec plugin")
    label = f"user '{user.name}': auth provider '{provider}'"
    if provider not in SUPPORTED:
        raise CredentialsError(
            f"{label} is not supported", hint=f"log in with {replacement} instead"
        )
    from kubernetes.client import Configuration
    from kubernetes.config import load_kube_config

    configuration = Configuration()

    def authorization() -> str | None:
        with _translated(label, replacement):
            setting = configuration.auth_settings().get("BearerToken")
            token = str(setting["value"]).removeprefix("Bearer ") if setting else ""
        return bearer(token, label)

    # The folder gets the keys that the SDK writes out and would leave until we end.
    with _translated(label, replacement), tempfile.TemporaryDirectory() as folder:
        where = os.pathsep.join(map(str, paths))
        load_kube_config(where, context, configuration, temp_file_path=folder)
    authorization()
    return authorization


@contextmanager
def _translated(label: str, replacement: str) -> Iterator[None]:
    """Without the text of whatever the SDK and its libraries raise: they quote the entry."""
    try:
        with _lock:
            yield
    except Exception as error:
        raise CredentialsError(
            f"{label} gave no token", hint=f"log in again, or with {replacement} instead"
        ) from error
