"""Converts what botocore has parsed into the types of ``wire``."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from dashborion.errors import BadAnswer
from dashborion.models.base import ready

T = TypeVar("T")


def convert(type_: type[T], plain: Any, operation: str = "an AWS API") -> T:
    """An answer, or a part of it, as a type.

    Raises:
        BadAnswer: it is not of the shape that the API documents.
    """
    try:
        return msgspec.convert(plain, ready(type_))
    except msgspec.ValidationError as error:
        raise BadAnswer(
            f"{operation}: an answer that is not what the API documents: {error}"
        ) from error
