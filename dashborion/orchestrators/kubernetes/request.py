"""One request to a Kubernetes API, as data, and its answer decoded into the types of ``wire``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct, field

from dashborion.errors import BadAnswer
from dashborion.models.base import ready

JSON = "application/json"

T = TypeVar("T")

NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what decoding raises


class Request(Struct, frozen=True):
    """What is sent, to which server, as which user and through which proxy.

    ``is_change`` is False for whatever may be sent again without harm. ``params`` become
    the query, those without a value are left out. As text, the method, path and server:
    never the query, a header or the body, which may hold secrets.
    """

    host: str
    method: str
    path: str
    user: str | None = None
    proxy: str | None = None
    params: Mapping[str, str | None] = field(default_factory=dict)
    accept: str = JSON
    encoding: str = "gzip"
    body: bytes | None = None
    content_type: str = JSON
    is_change: bool = False

    @property
    def url(self) -> str:
        query = urlencode(
            {key: value for key, value in self.params.items() if value}, errors="surrogateescape"
        )
        return f"{self.host}{self.path}{'?' if query else ''}{query}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.host}"


def decode(type_: type[T], body: bytes | bytearray, request: Request) -> T:
    """The answer to a request, as a type. A null is an absent field, as in Go.

    Raises:
        BadAnswer: the body is not JSON, or not of the shape that the API documents.
    """
    try:
        decoded: T = decoder(type_).decode(body)  # type: ignore[arg-type]
    except msgspec.ValidationError:
        return convert(type_, decode(object, body, request), request)
    except NOT_DECODED as error:
        raise _wrong_shape(error, request) from error
    return decoded


def convert(type_: type[T], plain: Any, request: Request) -> T:
    """Decoded JSON as a type; raises as ``decode``."""
    try:
        try:
            return msgspec.convert(plain, ready(type_))
        except msgspec.ValidationError:
            return msgspec.convert(_without_nulls(plain), type_)
    except NOT_DECODED as error:
        raise _wrong_shape(error, request) from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value if one is not None]
    return value


@cache
def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(ready(type_))


def _wrong_shape(error: Exception, request: Request) -> BadAnswer:
    words = {RecursionError: "nested too deeply", UnicodeDecodeError: "not UTF-8 text"}
    problem = words.get(type(error)) or str(error)
    return BadAnswer(f"{request} was answered with what is not the API's: {problem}")
