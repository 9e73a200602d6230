"""What libraries throw in the middle of an environment, and what is said of it then."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import MaxRetryError, ProxySchemeUnknown

from tests.support.cli import Result

Thrown = Callable[[], Exception]

EVERY_KIND: dict[str, Thrown] = {
    "RuntimeError": lambda: RuntimeError("s3cr3t"),
    "ValueError": lambda: ValueError("s3cr3t"),
    "KeyError": lambda: KeyError("s3cr3t"),
    "TypeError": lambda: TypeError("s3cr3t"),
    "AttributeError": lambda: AttributeError("s3cr3t"),
    "EOFError": lambda: EOFError("s3cr3t"),
    "RecursionError": lambda: RecursionError("s3cr3t"),
    "MemoryError": lambda: MemoryError("s3cr3t"),
    "StopIteration": lambda: StopIteration("s3cr3t"),
    "UnicodeError": lambda: UnicodeDecodeError("utf-8", b"s3cr3t", 0, 1, "s3cr3t"),
    "OSError": lambda: OSError(5, "Input/output error", "/a-file"),
    "FileNotFoundError": lambda: FileNotFoundError(2, "No such file", "/a-file"),
    "BrokenPipeError": lambda: BrokenPipeError(32, "Broken pipe"),
    "TimeoutError": lambda: TimeoutError(110, "Connection timed out"),
    "MaxRetryError": lambda: MaxRetryError(urllib3.HTTPConnectionPool("h"), "/?s3cr3t"),
    "ProxySchemeUnknown": lambda: ProxySchemeUnknown("s3cr3t"),
}
every_kind = pytest.mark.parametrize("thrown", EVERY_KIND.values(), ids=EVERY_KIND)


def said_of(seen: Result, environment: str) -> list[dict[str, Any]]:
    said = [body for line in seen.err.splitlines() for body in json.loads(line).values()]
    return [body for body in said if body["environment"] == environment]
