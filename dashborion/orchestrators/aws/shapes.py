"""Fields of an AWS answer that botocore leaves out: its model of the API does not know them.

botocore says nothing about them. A command that writes back what it has read would
lose them, so it has to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

UNKNOWN = "dashborionUnknown"  # the key that is added to the answer, for the fields' paths


def note_unknown(
    operation_model: Any,
    response_dict: Mapping[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """A handler of botocore's ``before-parse`` event, which has the body unparsed."""
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        return  # botocore's parser raises an error for it
    customized_response_dict[UNKNOWN] = list(_unknown(body, operation_model.output_shape, ""))


def _unknown(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for key, member in value.items():
            member_shape = shape.members.get(key)
            where = f"{path}.{key}" if path else key
            if member_shape is None:
                yield where
            else:
                yield from _unknown(member, member_shape, where)
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown(item, shape.value, f"{path}.{key}")
