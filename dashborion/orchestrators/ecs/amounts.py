"""CPU and memory as ECS takes them: numbers, or words such as ``1 vCPU`` and ``0.5 GB``. Pure."""

from __future__ import annotations

import re

UNITS_A_CORE = 1024
_MIB_A_GB = 1024
# More digits than any machine has would make numbers that JSON readers cannot hold.
_AMOUNT = re.compile(
    r"\s*(?P<number>[0-9]{1,12}(\.[0-9]{0,6})?|\.[0-9]{1,6})\s*(?P<unit>vcpu|gb|gib|mb|mib|)\s*",
    re.IGNORECASE,
)
_CPU = {"": 1, "vcpu": UNITS_A_CORE}
_MEMORY = {"": 1, "mb": 1, "mib": 1, "gb": _MIB_A_GB, "gib": _MIB_A_GB}


def cpu_units(text: str | None) -> int | None:
    """CPU units: ``256``, ``256.0``, ``.25 vCPU``; None is unknown."""
    return _amount(text, _CPU)


def mib(text: str | None) -> int | None:
    """MiB of memory: ``512``, ``0.5 GB``, ``2GB``; None is unknown."""
    return _amount(text, _MEMORY)


def millicores(units: int | None) -> int | None:
    """Thousandths of a core, rounded up without a float, which any number may be too large for."""
    return -(-units * 1000 // UNITS_A_CORE) if units else None


def as_text(amount: int | None) -> str | None:
    """The number for a model; none for zero, which ECS has where nothing is reserved."""
    return str(amount) if amount else None


def _amount(text: str | None, factors: dict[str, int]) -> int | None:
    matched = _AMOUNT.fullmatch(text or "")
    factor = factors.get(matched["unit"].lower()) if matched else None
    return round(float(matched["number"]) * factor) if matched and factor else None
