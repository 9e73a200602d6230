"""Pages as AWS's lists have them: an opaque token that belongs to the question it answers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


class BadTokenError(Exception):
    """The token does not belong to this request."""


def page_of(
    items: Iterable[Thing],
    size: int,
    token: str | None,
    question: object,
    *,
    key: Callable[[Thing], str] = str,
    is_sorted: bool = False,
) -> tuple[list[Thing], str | None]:
    """One page and the token for the next; in an arbitrary order unless ``is_sorted``.

    A token says behind which thing to go on, so things that come and go meanwhile make no page
    skip others.
    """
    asked = _digest(json.dumps(question, sort_keys=True, default=str))
    keyed = {_digest(key(item)): item for item in items}
    order = list(keyed) if is_sorted else sorted(keyed)
    if token:
        last = _last_seen(token, asked)
        if not is_sorted:
            order = [digest for digest in order if digest > last]
        else:
            order = order[order.index(last) + 1 :] if last in order else []
    page = [keyed[digest] for digest in order[:size]]
    if len(order) <= size:
        return page, None
    return page, base64.b64encode(json.dumps([asked, order[size - 1]]).encode()).decode()


def _last_seen(token: str, asked: str) -> str:
    try:
        question, last = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadTokenError from error
    if question != asked or not isinstance(last, str):
        raise BadTokenError
    return last


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
