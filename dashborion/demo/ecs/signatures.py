"""Signature Version 4 as AWS checks it: whoever knows the key's name alone gets nothing."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dashborion.demo.ecs.aws_protocol import AwsRequest


def is_signed(request: AwsRequest, secret_key: str) -> bool:
    """Whether the ``Authorization`` header has the signature of ``secret_key``.

    The client's own code computes it again, from the headers that it says it has signed.
    """
    parts = _parts_of(request.headers.get("authorization", ""))
    stamp = request.headers.get("x-amz-date", "")
    if not parts.get("Signature") or not stamp:
        return False
    target = urlsplit(request.path)
    again = AWSRequest(
        method=request.method,
        url=f"http://{request.headers.get('host', '')}{target.path}",
        params=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers={name: request.headers.get(name, "") for name in parts["SignedHeaders"].split(";")},
        data=request.body,
    )
    again.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(request.access_key, secret_key), request.service, request.region)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return hmac.compare_digest(signer.signature(text, again), parts["Signature"])


def _parts_of(authorization: str) -> Mapping[str, str]:
    """``AWS4-HMAC-SHA256 Credential=…, SignedHeaders=a;b, Signature=…`` by name."""
    _, _, rest = authorization.partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {"SignedHeaders": "", **{name: value for name, _, value in pairs}}
