"""A command that is killed in the middle: after so many of its writes, as if by Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dashborion.orchestrators.aws.client import AwsClient
from dashborion.orchestrators.kubernetes.client import Client

_WRITERS = (AwsClient, Client)


@contextmanager
def killed_after(writes: int) -> Iterator[list[object]]:
    """Gives the writes that were made; the last of them is, and nothing after it."""
    made: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        for writer in _WRITERS:
            write: Any = writer.write

            def counted(*args: Any, _write: Any = write, **more: Any) -> Any:
                if len(made) >= writes:  # of a thread that has not heard of it
                    raise KeyboardInterrupt
                answer = _write(*args, **more)
                made.append(args[1:])
                if len(made) == writes:
                    raise KeyboardInterrupt
                return answer

            patch.setattr(writer, "write", counted)
        yield made
