"""Where something is, whatever an environment calls it: what flags are compared by. Pure.

An environment is one of many names for a cluster. Flags hold for the place: a cluster of ECS in
an account and a region, or an API server; and there for a namespace, or for all of them.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from posixpath import normpath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from dashborion.config.targets import AwsClusterTarget, EcsTarget, EksTarget, Target

_PORTS = {"http": 80, "https": 443}
_LOCAL = frozenset({"localhost", "::1", "::", "0.0.0.0"})  # noqa: S104 - as one connects to it
# botocore takes these words for a region, and asks it at its FIPS endpoints.
_FIPS = re.compile(r"fips-|-fips")
# ID.SHARD.REGION.eks.amazonaws.com, and api.aws where it is dual-stack.
_EKS_HOST = re.compile(
    r".+\.(?P<region>[a-z]{2,}(-[a-z]+)+-\d)\.(eks\.amazonaws\.com(\.cn)?|api\.aws)"
)


class EcsPlace(Struct, frozen=True):
    """A cluster of ECS."""

    account: str
    region: str
    cluster: str


class ServerPlace(Struct, frozen=True):
    """An API server of Kubernetes."""

    host: str
    port: int | None
    path: str


Place: TypeAlias = EcsPlace | ServerPlace


def ecs_place(account: str, region: str, cluster: str) -> EcsPlace:
    return EcsPlace(account.strip(), plain_region(region), _plain(cluster))


def ecs_place_of(arn: str, region: str, cluster: str) -> EcsPlace:
    """Where a service or a task is: its ARN, ``arn:aws:ecs:REGION:ACCOUNT:…``, has the account."""
    return ecs_place([*arn.split(":"), *[""] * 5][4], region, cluster)


def server_place(url: str) -> ServerPlace:
    """The server of an address; the scheme does not tell one from another, the port does."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    path = normpath(f"/{unquote(parts.path).strip('/')}")
    return ServerPlace(plain_host(parts.hostname or ""), port, path)


def plain_host(host: str) -> str:
    """A name, or an address in its usual form: ``127.0.0.1`` of ``127.1`` and ``0x7f000001``."""
    host = host.rstrip(".")
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    with suppress(OSError):
        host = socket.inet_ntoa(socket.inet_aton(host))  # which reads what a resolver does
    with suppress(ValueError):
        address = IPv6Address(host)
        host = str(address.ipv4_mapped or address)
    return "127.0.0.1" if host in _LOCAL else host


def plain_region(region: str) -> str:
    """The region's own name: ``us-west-2`` of ``US-West-2`` and ``us-west-2-fips``."""
    return _FIPS.sub("", _plain(region))


def in_namespace(target: Target, namespace: str | None) -> bool:
    """Whether the flags of a target are about a namespace: without one of its own, about all."""
    guarded = _plain(target.namespace or "")
    return not guarded or namespace is None or guarded == _plain(namespace)


def could_be(place: Place, reached_by: Target, target: Target) -> bool:
    """Whether a target may be at a place, by what is written; ``reached_by`` is known to be there.

    A region that is not written may be any: a variable says it, and another tomorrow.
    """
    if isinstance(place, EcsPlace):
        return isinstance(target, EcsTarget) and _is_named(target, place.cluster, place.region)
    if not isinstance(target, EksTarget):
        return not isinstance(target, EcsTarget)
    if isinstance(reached_by, EksTarget):
        return _is_named(target, reached_by.cluster_name, reached_by.region)
    known = _EKS_HOST.fullmatch(place.host)
    return known is None or _is_in(target, known["region"])


def is_written_there(place: Place, reached_by: Target, target: Target) -> bool:
    """Whether a target that could be at a place is there without asking anybody."""
    if not isinstance(target, AwsClusterTarget):
        return False
    if isinstance(place, EcsPlace) and target.account == place.account:
        return True
    return isinstance(reached_by, AwsClusterTarget) and (
        (target.profile, target.role_arn, target.endpoint_url)
        == (reached_by.profile, reached_by.role_arn, reached_by.endpoint_url)
    )


def name_at_address(first: Place, second: Place) -> tuple[str, str] | None:
    """The name and the address, if one is known by the one and one by the other, else alike.

    Two names are never one server for having one address: a proxy may serve both.
    """
    if not (isinstance(first, ServerPlace) and isinstance(second, ServerPlace)):
        return None
    if (first.port, first.path) != (second.port, second.path):
        return None
    names = [host for host in (first.host, second.host) if not _is_address(host)]
    addresses = [host for host in (first.host, second.host) if _is_address(host)]
    return (names[0], addresses[0]) if names and addresses else None


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False


def is_at(place: Place, located: Place) -> bool:
    """Whether what could be at a place is there, by where it says it is."""
    if isinstance(place, EcsPlace) and isinstance(located, EcsPlace):
        return place.account in ("", located.account)  # name and region fit already
    return place == located


def _is_named(target: AwsClusterTarget, cluster: str, region: str | None) -> bool:
    return _plain(target.cluster_name) == _plain(cluster) and _is_in(target, region)


def _is_in(target: AwsClusterTarget, region: str | None) -> bool:
    if not (region and target.region):
        return True
    return plain_region(target.region) == plain_region(region)


def _plain(text: str) -> str:
    """Capitals and blanks do not tell one name from another."""
    return text.strip().lower()
