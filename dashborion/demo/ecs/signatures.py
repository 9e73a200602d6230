"""Signature Version 4 as AWS checks it: whoever knows the key's name alone gets nothing."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dashborion.demo.wire import Ask


def is_signed(ask: Ask, secret_key: str) -> bool:
    """Whether the `Authorization` header is what the key's owner would have written.

    The client's own code computes it again, from the headers that it says it has signed.
    """
    told = _told(ask.headers.get("authorization", ""))
    stamp = ask.headers.get("x-amz-date", "")
    if not told.get("Signature") or not stamp:
        return False
    target = urlsplit(ask.path)
    request = AWSRequest(
        method=ask.method,
        url=f"http://{ask.headers.get('host', '')}{target.path}",
        params=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers={name: ask.headers.get(name, "") for name in told["SignedHeaders"].split(";")},
        data=ask.body,
    )
    request.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(ask.access_key, secret_key), ask.service, ask.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return hmac.compare_digest(signer.signature(text, request), told["Signature"])


def _told(authorization: str) -> Mapping[str, str]:
    """`AWS4-HMAC-SHA256 Credential=…, SignedHeaders=a;b, Signature=…` by name."""
    _, _, rest = authorization.partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {"SignedHeaders": "", **{name: value for name, _, value in pairs}}
