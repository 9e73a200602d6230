"""Quantities as apimachinery's ``resource.Quantity`` reads and writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dashborion.orchestrators.kubernetes import quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("2", "2"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("250m", "0.25"),
        ("1500m", "1.5"),
        ("100u", "0.0001"),
        ("100n", "0.0000001"),
        ("1k", "1000"),
        ("2M", "2000000"),
        ("1G", "1000000000"),
        ("1T", "1000000000000"),
        ("1P", "1000000000000000"),
        ("1E", "1000000000000000000"),
        ("1Ki", "1024"),
        ("128Mi", "134217728"),
        ("1.5Gi", "1610612736"),
        ("1Ti", "1099511627776"),
        ("1Pi", "1125899906842624"),
        ("1Ei", "1152921504606846976"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("134217728000m", "134217728"),
        ("-1", "-1"),
        ("+1Ki", "1024"),
    ],
)
def test_a_quantity_is_a_number_and_a_suffix(text: str, expected: str) -> None:
    found = quantity.parse(text)
    assert found is not None
    assert found.number == Decimal(expected)


@pytest.mark.parametrize(("number", "expected"), [(2, "2"), (0.5, "0.5")])
def test_a_bare_json_number_is_a_quantity_too(number: float, expected: str) -> None:
    assert quantity.parse(number) == quantity.Amount(Decimal(expected))


@pytest.mark.parametrize(
    "text", ["", "m", "Mi", "one", "1K", "1mi", "1KiB", "1 Gi Mi", "NaN", "Infinity", "1NaN"]
)
def test_text_that_is_no_quantity_is_none(text: str) -> None:
    assert quantity.parse(text) is None


def test_a_total_adds_up_what_are_quantities() -> None:
    assert quantity.total(["250m", "1", "what"]) == quantity.Amount(Decimal("1.25"))
    assert quantity.total(["0"]) == quantity.Amount(Decimal(0))
    assert quantity.total([]) is None
    assert quantity.total(["what"]) is None


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        ("0", "0"),
        ("1", "1"),
        ("2.0", "2"),
        ("1.25", "1250m"),
        ("0.1", "100m"),
        ("0.0001", "1m"),
        ("1.0001", "1001m"),
    ],
)
def test_cpu_is_whole_cores_or_thousandths_rounded_up(cores: str, expected: str) -> None:
    assert quantity.canonical_cpu(quantity.Amount(Decimal(cores))) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("0", "0"),
        ("500", "500"),
        ("1Ki", "1Ki"),
        ("1025", "1025"),
        ("1.25Gi", "1280Mi"),
        ("1024Mi", "1Gi"),
        ("1024Pi", "1Ei"),
        ("1024", "1024"),
        ("500000k", "500M"),
        ("1000M", "1G"),
        ("0.9999Ki", "1Ki"),
    ],
)
def test_memory_has_the_largest_suffix_that_leaves_a_whole_number(size: str, expected: str) -> None:
    amount = quantity.parse(size)
    assert amount is not None
    assert quantity.canonical_memory(amount) == expected
