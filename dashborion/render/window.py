"""The alternate screen of a terminal, on which one picture takes the place of the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from dashborion.errors import CannotWrite, ClosedPipe
from dashborion.streams import Streams

if TYPE_CHECKING:
    from rich.console import RenderableType


class _Out:
    """The stream as rich writes to it."""

    def __init__(self, streams: Streams) -> None:
        self.write, self.flush = streams.write, streams.flush
        self.encoding = "utf-8" if streams.unicode else "ascii"

    def isatty(self) -> bool:
        return True


class Window:
    """A context manager: inside of it there is the screen."""

    def __init__(self, streams: Streams) -> None:
        from rich.console import Console

        self._streams = streams
        self._live: Any = None
        self._console = Console(
            file=_Out(streams),  # type: ignore[arg-type]  # all of a file that it uses
            force_terminal=True,
            color_system="standard" if streams.out_color else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Show what was there before, if the terminal is."""
        live, self._live = self._live, None
        if live is not None:
            with suppress(CannotWrite, ClosedPipe):
                live.stop()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Something else is written to the terminal meanwhile."""
        self.leave()
        try:
            yield
        finally:
            self.__enter__()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now; columns as wide as everywhere without a terminal."""
        with suppress(OSError, ValueError):
            size = os.get_terminal_size(self._streams.out.fileno())
            if size.columns and size.lines:
                return size.columns, size.lines
        return self._streams.width, 24

    def draw(self, picture: RenderableType) -> None:
        """Show a picture; raises as ``Streams.write``."""
        width, height = self.size
        self._console.size = (width, height)
        self._live.update(picture, refresh=True)

    def print(self, picture: RenderableType) -> None:
        """Leave a picture behind, on the screen that was there before, if that is still there."""
        with suppress(CannotWrite, ClosedPipe):
            self._console.print(picture)
