"""What AWS's services have in common: two ways of speaking HTTP, signatures, and pages.

The ways are JSON with a target header, and forms answered by XML.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dashborion.demo.ecs.moto_objects import digits_of
from dashborion.demo.http_server import Answer

Thing = TypeVar("Thing")

_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_MEMBER = re.compile(r"(?P<name>\w+)\.member\.\d+")


@dataclass(frozen=True)
class AwsRequest:
    """One request to one service, region and account."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    service: str = ""  # as signed, which is also the prefix of its IAM actions
    region: str = ""
    access_key: str = ""
    account: str = ""
    operation: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the IAM action, such as ``ecs:DescribeServices``."""
        return f"{self.service}:{self.operation}"

    @property
    def wants_xml(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def parse_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> AwsRequest:
    """Read service, region and key from the signature, and the operation with its parameters."""
    headers = {name.lower(): value for name, value in headers.items()}
    scope = _SCOPE.search(headers.get("authorization", ""))
    request = AwsRequest(method, path, headers, body)
    if request.wants_xml:
        params = _folded(parse_qsl(body.decode(), keep_blank_values=True))
        operation = params.pop("Action", "")
        params.pop("Version", None)
    else:
        operation = headers.get("x-amz-target", f"{method} {path}").rsplit(".", 1)[-1]
        params = json.loads(body) if body.startswith(b"{") else {}
    return replace(
        request,
        service=scope["service"] if scope else "",
        region=scope["region"] if scope else "",
        access_key=scope["key"] if scope else "",
        operation=operation,
        params=params,
    )


def _folded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """``Names.member.1=a&Names.member.2=b`` is the list ``Names``; deeper ones keep their keys."""
    params: dict[str, Any] = {}
    for key, value in pairs:
        if member := _MEMBER.fullmatch(key):
            params.setdefault(member["name"], []).append(value)
        else:
            params[key] = value
    return params


def refusal(request: AwsRequest, code: str, message: str, status: int = 400) -> Answer:
    """An error as the service itself would write it."""
    request_id = str(uuid.uuid4())
    if request.wants_xml:
        blame = "Sender" if status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{blame}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        kind = "text/xml"
    else:
        text = json.dumps({"__type": code, "message": message})
        kind = "application/x-amz-json-1.1"
    return Answer(status, {"Content-Type": kind, "x-amzn-RequestId": request_id}, text.encode())


def is_signed(request: AwsRequest, secret_key: str) -> bool:
    """Whether the ``Authorization`` header has the signature (version 4) of ``secret_key``.

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


def page_of(
    items: Iterable[Thing],
    size: int,
    token: str | None,
    question: object,
    *,
    invalid: Exception,
    key: Callable[[Thing], str] = str,
    is_sorted: bool = False,
) -> tuple[list[Thing], str | None]:
    """One page and the token for the next; in an arbitrary order unless ``is_sorted``.

    A token says behind which thing to go on, so things that come and go meanwhile make no page
    skip others. Raises ``invalid`` for a token that does not belong to the question.
    """
    asked = _digest(json.dumps(question, sort_keys=True, default=str))
    keyed = {_digest(key(item)): item for item in items}
    order = list(keyed) if is_sorted else sorted(keyed)
    if token:
        try:
            given, last = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError, TypeError) as error:
            raise invalid from error
        if given != asked or not isinstance(last, str):
            raise invalid
        if not is_sorted:
            order = [digest for digest in order if digest > last]
        else:
            order = order[order.index(last) + 1 :] if last in order else []
    page = [keyed[digest] for digest in order[:size]]
    if len(order) <= size:
        return page, None
    return page, base64.b64encode(json.dumps([asked, order[size - 1]]).encode()).decode()


def _digest(text: str) -> str:
    return digits_of(text, 24)
