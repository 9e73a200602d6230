"""Resource quantities: ``250m``, ``1.5``, ``128Mi``, ``1e3`` and their sums.

The rules are those of apimachinery's ``resource.Quantity``; sums are written
in its canonical form: the largest suffix that leaves a whole number.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def parse(text: str | float) -> Decimal | None:
    """The number a quantity stands for, in cores or bytes; None if it is not a quantity."""
    value = str(text).strip()
    for size in (2, 1):
        number, suffix = value[:-size], value[-size:]
        factor = _factor(suffix)
        if number and factor is not None and (parsed := _number(number)) is not None:
            return parsed * factor
    return _number(value)


def total(quantities: Iterable[str | float]) -> Decimal | None:
    """The sum, or None when there is nothing to add up."""
    parsed = [number for text in quantities if (number := parse(text)) is not None]
    return sum(parsed, Decimal(0)) if parsed else None


def canonical_cpu(cores: Decimal) -> str:
    """``2`` or ``1250m``; never finer than a thousandth, as the scheduler rounds up."""
    milli = rounded_up(cores * 1000)
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def canonical_memory(size: Decimal) -> str:
    """``1280Mi``, ``1Gi``, or for sizes that are no multiple of 1024, ``500M``."""
    count = rounded_up(size)
    families = ((1024, _BINARY), (1000, {key: n for key, n in _DECIMAL.items() if n > 0}))
    for base, suffixes in families:
        if count == 0 or count % base:
            continue
        fitting = {key: n for key, n in suffixes.items() if count % base**n == 0}
        suffix = max(fitting, key=lambda key: fitting[key])
        return f"{count // base ** fitting[suffix]}{suffix}"
    return str(count)


def rounded_up(number: Decimal) -> int:
    """The next whole number."""
    return int(-((-number) // 1))


def _factor(suffix: str) -> Decimal | None:
    if suffix in _BINARY:
        return Decimal(1024) ** _BINARY[suffix]
    return Decimal(1000) ** _DECIMAL[suffix] if suffix in _DECIMAL and suffix else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
