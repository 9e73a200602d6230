"""What all objects of the APIs have in common."""

from __future__ import annotations

from msgspec import Struct


class Wire(Struct, rename="camel", frozen=True, gc=False):
    """Converted from an answer, never changed."""


class Pascal(Struct, rename="pascal", frozen=True, gc=False):
    """The same in the older APIs' spelling."""


class Tag(Wire, frozen=True):
    key: str = ""
    value: str = ""


class NameValue(Wire, frozen=True):
    """A setting, a detail or an attribute; never a variable, whose value is not decoded."""

    name: str = ""
    value: str = ""


def arn_name(arn: str) -> str:
    """What an ARN ends in, in the old format and the new: a name, an id, ``family:revision``."""
    return arn.rsplit("/", 1)[-1]
