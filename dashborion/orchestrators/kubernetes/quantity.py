"""Resource quantities such as ``250m``, ``1.5``, ``128Mi`` and ``1e3``, and their sums. Pure.

The rules are those of apimachinery's ``resource.Quantity``. Sums are written in its
canonical form: with the largest suffix that leaves a whole number, binary or decimal as
in the first of the quantities.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from math import ceil

from msgspec import Struct

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MOST = Decimal(2**63 - 1)  # as in `resource.Quantity`, which caps what is larger
_LONGEST = 32  # characters that anybody writes
_DECIMAL = {"n": -3, "u": -2, "m": -1, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


class Amount(Struct, frozen=True):
    """A number of cores or bytes, and whether it was written with a binary suffix."""

    number: Decimal
    binary: bool = False


@lru_cache(maxsize=4096)  # thousands of pods have few different quantities
def parse(text: str | float) -> Amount | None:
    """The amount of a quantity; None if the text is not a quantity."""
    value = str(text).strip()
    for suffixes, base, size in ((_BINARY, 1024, 2), (_DECIMAL, 1000, 1)):
        number, suffix = value[:-size], value[-size:]
        if suffix in suffixes and (parsed := _number(number)) is not None:
            scaled = parsed * Decimal(base) ** suffixes[suffix]
            return Amount(_bounded(scaled), binary=base == 1024)
    plain = _number(value)
    return Amount(_bounded(plain)) if plain is not None else None


def total(quantities: Iterable[str | float]) -> Amount | None:
    """The sum, binary or decimal as the first quantity; None if there is nothing to add up."""
    return _sum(tuple(quantities))


@lru_cache(maxsize=4096)
def _sum(quantities: tuple[str | float, ...]) -> Amount | None:
    parsed = [amount for text in quantities if (amount := parse(text)) is not None]
    if not parsed:
        return None
    number = sum((amount.number for amount in parsed), Decimal(0))
    return Amount(_bounded(number), parsed[0].binary)


def canonical_cpu(amount: Amount) -> str:
    """``2`` or ``1250m``; rounded up to a thousandth, as by the scheduler."""
    milli = millicores(amount)
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


@lru_cache(maxsize=4096)
def canonical_memory(amount: Amount) -> str:
    """``1280Mi``, ``1Gi``, ``500M`` or plain bytes."""
    count = ceil(amount.number)
    base, suffixes = (1024, _BINARY) if amount.binary else (1000, _DECIMAL)
    fitting = [(power, suffix) for suffix, power in suffixes.items()
               if power > 0 and count and count % base**power == 0]  # fmt: skip
    if not fitting:
        return str(count)
    power, suffix = max(fitting)
    return f"{count // base**power}{suffix}"


def shown(text: str | float) -> str:
    """A quantity as it is written; one that is too long to be read as its number, bounded."""
    written = str(text)
    if len(written) <= _LONGEST:
        return written
    amount = parse(written)
    return canonical_memory(amount) if amount else f"{written[:_LONGEST]}…"


def millicores(amount: Amount) -> int:
    """Thousandths of a core, rounded up as by the scheduler."""
    return min(ceil(amount.number * 1000), int(_MOST))


def _bounded(number: Decimal) -> Decimal:
    return max(-_MOST, min(number, _MOST))


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None
