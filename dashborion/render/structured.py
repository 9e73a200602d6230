"""JSON and YAML, the same data in both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from dashborion.render import Format
from dashborion.render.cells import chunks
from dashborion.streams import HOSTILE

# JSON escapes C0 controls; DEL, the C1 controls (a terminal's CSI among them) and bidirectional
# overrides are legal in it but not harmless on a terminal. As \\u escapes the data stay the same.
_HOSTILE = re.compile(f"[{HOSTILE}]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def document(value: Any, format_: Format, *, unicode: bool = True) -> str:
    """The value as one document that ends in a newline; without ``unicode`` in plain ASCII."""
    if format_ is Format.YAML:
        return _yaml(value, unicode=unicode)
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    escaped = _HOSTILE if unicode else _BEYOND_ASCII
    return escaped.sub(lambda found: json.dumps(found.group())[1:-1], text) + "\n"


def parts(items: Iterable[Any], format_: Format, *, unicode: bool = True) -> Iterator[str]:
    """A list as one document, in pieces. One that is not taken to its end is not closed."""
    opened = False
    for some in chunks(items):
        text = document(some, format_, unicode=unicode)
        if format_ is Format.JSON:
            inside = text.removeprefix("[\n").removesuffix("\n]\n")
            text = f",\n{inside}" if opened else f"[\n{inside}"
        yield text
        opened = True
    if not opened:
        yield "[]\n"
    elif format_ is Format.JSON:
        yield "\n]\n"


def _yaml(value: Any, *, unicode: bool) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    plain = msgspec.to_builtins(value, str_keys=True)
    text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=unicode))
    if _HOSTILE.search(text):
        text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=False))
    return text
