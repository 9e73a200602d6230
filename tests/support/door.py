"""What a test that types a command gets, and how it types one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Result:
    """What a command did: its exit code and both streams."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object of ``-o json``, from the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])["error"]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Door(Protocol):
    def __call__(
        self,
        command: str,
        *,
        tty: bool = False,
        width: int = 80,
        now: datetime | None = None,
        cwd: Path | None = None,
    ) -> Result: ...
