"""JSON and YAML, the same data in both."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dashborion.render import Format

# JSON escapes C0 controls; DEL, the C1 controls (a terminal's CSI among them) and bidirectional
# overrides are legal in it but not harmless on a terminal. As \\u escapes the data stay the same.
_HOSTILE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def document(value: Any, format_: Format) -> str:
    """The value as one JSON or YAML document that ends in a newline."""
    if format_ is Format.YAML:
        return _yaml(value)
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return _HOSTILE.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"


def _yaml(value: Any) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    plain = msgspec.to_builtins(value, str_keys=True)
    text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=True))
    if _HOSTILE.search(text):
        text = str(yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=False))
    return text
