"""Addresses in messages, without what may be secret in them. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit


def without_secrets(address: str, *, path: bool = False) -> str:
    """The scheme, host and port of an address; no user, password or query.

    ``path`` keeps the path too, as that of a socket is: an address that is nothing but a path
    is kept whole then.
    """
    try:
        parts = urlsplit(address if "//" in address or path else f"//{address}")
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        host += f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if not host and path:
        return parts.path.rpartition("@")[2]
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{host}{parts.path if path or parts.scheme == 'unix' else ''}"
