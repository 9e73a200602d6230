"""Decodes the API's JSON into the types of ``wire``."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from dashborion.errors import BadAnswer
from dashborion.models.base import ready
from dashborion.orchestrators.kubernetes.request import Request

T = TypeVar("T")


def decode(type_: type[T], body: bytes, request: Request) -> T:
    """The answer to a request, as a type.

    Raises:
        BadAnswer: the body is not JSON, or not of the shape that the API documents.
    """
    try:
        decoded: T = decoder(type_).decode(body)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong_shape(error, request) from error
    return decoded


def convert(type_: type[T], plain: Any, request: Request) -> T:
    """Decoded JSON as a type; raises as ``decode``."""
    try:
        return msgspec.convert(plain, ready(type_))
    except (msgspec.ValidationError, RecursionError) as error:
        raise _wrong_shape(error, request) from error


@cache
def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(ready(type_))


def _wrong_shape(error: Exception, request: Request) -> BadAnswer:
    problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return BadAnswer(f"{request} was answered with what is not the API's: {problem}")
