"""AWS's two ways of speaking HTTP: JSON with a target header, and forms answered by XML."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from dashborion.demo.http_server import Answer

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
