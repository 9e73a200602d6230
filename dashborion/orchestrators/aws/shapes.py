"""What of an AWS answer botocore would drop: members that its model of the API does not know.

botocore parses an answer by the model that it ships with and leaves out the
rest without a word. Whoever writes back what was read has to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

UNKNOWN = "dashborionUnknown"  # the answer's key for the paths that were found


def note_unknown(
    operation_model: Any,
    response_dict: Mapping[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """A handler of botocore's ``before-parse`` event, which sees the body as it came."""
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        return  # the parser will say so
    customized_response_dict[UNKNOWN] = list(_unknown(body, operation_model.output_shape, ""))


def _unknown(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for key, member in value.items():
            known = shape.members.get(key)
            where = f"{path}.{key}" if path else key
            if known is None:
                yield where
            else:
                yield from _unknown(member, known, where)
    elif shape.type_name == "list" and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unknown(item, shape.member, f"{path}[{place}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown(item, shape.value, f"{path}.{key}")
