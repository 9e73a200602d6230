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


def document(value: Any, format_: Format, *, unicode: bool = True) -> Iterator[str]:
    """The value as one document that ends in a newline; without ``unicode`` in plain ASCII."""
    yield _document(value, format_, unicode=unicode)


def list_document(items: Iterable[Any], format_: Format, *, unicode: bool = True) -> Iterator[str]:
    """A list as one document. A JSON array is not closed if the iteration ends with an error."""
    opened = False
    for chunk in chunks(items):
        text = _document(chunk, format_, unicode=unicode)
        if format_ is Format.JSON:
            inside = text.removeprefix("[\n").removesuffix("\n]\n")
            text = f",\n{inside}" if opened else f"[\n{inside}"
        yield text
        opened = True
    if not opened:
        yield "[]\n"
    elif format_ is Format.JSON:
        yield "\n]\n"


def _document(value: Any, format_: Format, *, unicode: bool) -> str:
    if format_ is Format.YAML:
        return _yaml(value, unicode=unicode)
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return escaped_json(text, unicode=unicode) + "\n"


def escaped_json(text: str, *, unicode: bool = True) -> str:
    """JSON that is harmless on a terminal; without ``unicode`` in plain ASCII."""
    pattern = _HOSTILE if unicode else _BEYOND_ASCII
    return pattern.sub(lambda match: json.dumps(match.group())[1:-1], text)


def _yaml(value: Any, *, unicode: bool) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    plain = msgspec.to_builtins(value, str_keys=True)
    text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=unicode))
    if _HOSTILE.search(text):
        text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=False))
    return text
