"""Reading a cluster's bearer token as EKS' authenticator and STS do between them.

Written from AWS' description of Signature Version 4 and the authenticator's rules, with no code
of botocore's, which makes the tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

PREFIX = "k8s-aws-v1."
ALLOWED_FOR = timedelta(minutes=15)
_ALLOWED = {
    "Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token",
}  # fmt: skip


class Refused(Exception):
    """Not a token for this cluster."""


@dataclass(frozen=True)
class Signed:
    """What a good token says."""

    access_key: str
    region: str
    host: str
    session_token: str | None
    at: datetime


def verified(
    bearer: str, *, cluster: str, region: str, secrets: Mapping[str, str], now: datetime
) -> Signed:
    """What the header's value says.

    Raises:
        Refused: with the first rule that it breaks.
    """
    url = _url(bearer)
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    query = dict(pairs)
    scope = query.get("X-Amz-Credential", "").split("/")
    _require(len(pairs) == len(query) and set(query) <= _ALLOWED, "a parameter not allowed")
    _require(parts.scheme == "https" and parts.path == "/", "not an STS address")
    _require(parts.netloc == f"sts.{region}.amazonaws.com", f"host {parts.netloc}")
    _require(query.get("Action") == "GetCallerIdentity", "another action")
    _require(query.get("Version") == "2011-06-15", "another version")
    _require(query.get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256", "another algorithm")
    _require(query.get("X-Amz-SignedHeaders") == "host;x-k8s-aws-id", "other headers are signed")
    _require(query.get("X-Amz-Expires") == "60", "another time of validity")
    _require(len(scope) == 5 and scope[2:] == [region, "sts", "aws4_request"], f"scope {scope}")
    at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    _require(scope[1] == f"{at:%Y%m%d}", "the scope's day")
    _require(timedelta(0) - timedelta(minutes=5) < now - at < ALLOWED_FOR, "expired")
    secret = secrets.get(scope[0])
    if secret is None:
        raise Refused(f"nobody's key {scope[0]}")
    signature = query.pop("X-Amz-Signature", "")
    expected = _signature(query, parts.netloc, cluster, secret, scope[1:], query["X-Amz-Date"])
    _require(hmac.compare_digest(signature, expected), "the signature")
    return Signed(scope[0], scope[2], parts.netloc, query.get("X-Amz-Security-Token"), at)


def _url(bearer: str) -> str:
    scheme, _, token = bearer.partition(" ")
    _require(scheme == "Bearer" and token.startswith(PREFIX), "not such a token")
    text = token.removeprefix(PREFIX)
    _require("=" not in text and "+" not in text and "/" not in text, "not unpadded base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")


def _signature(
    query: Mapping[str, str], host: str, cluster: str, secret: str, scope: list[str], at: str
) -> str:
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~"))
                     for name, value in query.items())  # fmt: skip
    request = "\n".join((
        "GET", "/", "&".join(f"{name}={value}" for name, value in encoded),
        f"host:{host}", f"x-k8s-aws-id:{cluster}", "", "host;x-k8s-aws-id",
        hashlib.sha256(b"").hexdigest(),
    ))  # fmt: skip
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(("AWS4-HMAC-SHA256", at, "/".join(scope), digest))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _require(good: bool, said: str) -> None:
    if not good:
        raise Refused(said)
