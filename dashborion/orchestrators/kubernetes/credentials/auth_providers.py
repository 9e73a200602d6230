"""Legacy ``auth-provider`` users of a kubeconfig.

Of these kubectl has only ``oidc`` left; of ``gcp`` a token that is still good is
taken. What replaced the others is named.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dashborion.config.kubeconfig import Entry, read_kubeconfig
from dashborion.errors import ConfigError, CredentialsError, short
from dashborion.orchestrators.kubernetes.credentials import oidc
from dashborion.orchestrators.kubernetes.credentials.settings import (
    LOG_IN,
    NEAR_EXPIRY,
    ExecCredential,
)
from dashborion.orchestrators.runtime import Runtime
from dashborion.storage.files import LOCK_SECONDS, locked, resolved, write_private

REPLACEMENTS = {
    "azure": "kubelogin (`kubelogin convert-kubeconfig`)",
    "gcp": "gke-gcloud-auth-plugin (`gcloud container clusters get-credentials`)",
    "openstack": "client-keystone-auth",
}
_Time = Annotated[datetime, Meta(tz=True)]

# One login at a time: of two users of a refresh token the second gets what the first was given,
# since many identity providers take each refresh token once and end the session at the second use.
_lock = threading.Lock()
_refreshed: dict[tuple[str, str], oidc.Tokens] = {}  # by the user and the token that is used up


def credential(user: Entry, paths: tuple[Path, ...], runtime: Runtime) -> ExecCredential:
    """The token of a user with an auth provider, renewed if it has expired.

    A renewed one is written into the kubeconfig, as by kubectl.

    Raises:
        ConfigError: an entry that is not as documented.
        CredentialsError: a provider that is not supported, or that gave no token.
        Unavailable: the identity provider cannot be reached.
    """
    label, name, config = _read(user)
    if name == "oidc":
        return _fresh(config.get("id-token")) or _renewed(user, paths, runtime)
    if name == "gcp" and (token := config.get("access-token")) and _is_future(config.get("expiry")):
        return ExecCredential(token)
    state = "has no token that is still good" if name == "gcp" else "is not supported"
    replacement = REPLACEMENTS.get(name, "an exec plugin")
    raise CredentialsError(f"{label} {state}", hint=f"log in with {replacement} instead")


def _read(user: Entry) -> tuple[str, str, Mapping[str, str]]:
    """The label for messages, the name of the provider, and its settings."""
    entry = user.body.get("auth-provider")
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(name, str):
        raise ConfigError(f"{user.label}: auth-provider: expected a mapping with a name")
    config = entry.get("config") or {}
    if not isinstance(config, Mapping):
        raise ConfigError(f"{user.label}: auth-provider: config: expected a mapping")
    for key, value in config.items():
        if value is not None and not isinstance(value, str):
            raise ConfigError(f"{user.label}: auth-provider: config: {key}: expected text")
    return f"user '{short(user.name)}': auth provider '{short(name)}'", name, config


def _renewed(user: Entry, paths: tuple[Path, ...], runtime: Runtime) -> ExecCredential:
    """A new token of an ``oidc`` user, or the one that somebody else was given meanwhile."""
    left = runtime.deadline.remaining()
    if not _lock.acquire(timeout=left):
        raise runtime.deadline.expired()
    try:
        with ExitStack() as stack:
            with suppress(OSError):  # where nothing can be written, nobody takes turns
                stack.enter_context(locked(resolved(user.path), seconds=min(LOCK_SECONDS, left)))
            user = read_kubeconfig(paths).user_entries.get(user.name, user)
            label, _, config = _read(user)
            if known := _fresh(config.get("id-token")):
                return known
            refresh_token = config.get("refresh-token")
            while given := _refreshed.get((user.label, refresh_token or "")):
                if known := _fresh(given.id_token):
                    return known
                if given.refresh_token in (None, refresh_token):
                    break
                refresh_token = given.refresh_token
            if not refresh_token:
                problem = "the id-token has expired, and there is no refresh-token"
                raise CredentialsError(f"{label}: {problem}", hint=LOG_IN)
            tokens = oidc.refresh(oidc.Provider.read(user, label, config), refresh_token, runtime)
            _refreshed[user.label, refresh_token] = tokens
            _keep(user, tokens, runtime)
            return ExecCredential(tokens.id_token, expires=oidc.expiry(tokens.id_token))
    finally:
        _lock.release()


def _fresh(id_token: str | None) -> ExecCredential | None:
    """A token that has not expired, None for one that has, or that does not say."""
    expires = oidc.expiry(id_token) if id_token else None
    if expires is None or expires <= datetime.now(UTC) + NEAR_EXPIRY:
        return None
    return ExecCredential(id_token, expires=expires)


def _keep(user: Entry, tokens: oidc.Tokens, runtime: Runtime) -> None:
    """Write renewed tokens into the user's file; a warning if that is impossible."""
    import yaml

    from dashborion.storage.yaml_files import read_yaml

    path = resolved(user.path)
    try:
        document: Any = read_yaml(path) if path.is_file() else None  # it may be a pipe
        named = {str(item.get("name") or ""): item for item in document["users"]}
        config = named[user.name]["user"]["auth-provider"]["config"]
        config["id-token"] = tokens.id_token
        config["refresh-token"] = tokens.refresh_token or config["refresh-token"]
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1 << 20)
        write_private(path, text.encode())
    except (OSError, ConfigError, LookupError, TypeError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is no file, or has changed"
        runtime.warn(
            CredentialsError(
                f"{user.label}: the renewed login cannot be kept there: {reason}",
                hint="log in again when the next command is refused",
            )
        )


def _is_future(expiry: str | None) -> bool:
    """Whether an expiry is none, or in the future; RFC 3339, or with a space and without a zone."""
    if not expiry:
        return True
    text = expiry.replace(" ", "T")
    for candidate in (text, f"{text}Z"):
        try:
            return msgspec.convert(candidate, _Time) > datetime.now(UTC)
        except msgspec.ValidationError:
            continue
    return False
