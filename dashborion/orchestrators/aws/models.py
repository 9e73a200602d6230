"""The descriptions of AWS' APIs that botocore ships, read without looking at those of all others.

Before it opens one, botocore looks for it in the folders of all 400 services, for each kind of
file; and it decodes with ``json``. That was half of what the first client cost.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from botocore.loaders import Loader

_OPEN: Mapping[str, Callable[..., Any]] = {".json": open, ".json.gz": gzip.open}  # by suffix


class _Files:
    """As botocore's ``JSONFileLoader``; names come without their suffix."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return any(os.path.isfile(name + suffix) for suffix in _OPEN)  # noqa: PTH113

    def load_file(self, name: str) -> Any:
        """Its content; None if there is no such file."""
        for suffix, opened in _OPEN.items():
            with suppress(FileNotFoundError), opened(name + suffix, "rb") as file:
                return msgspec.json.decode(file.read())
        return None


class Models(Loader):  # type: ignore[misc]  # botocore has no types
    """As botocore's loader, with the folders of ``$AWS_DATA_PATH`` (``data_path``) before its own.

    What is no service fails as late as a service without the kind of file that is looked for.
    """

    FILE_LOADER_CLASS = _Files

    def __init__(self, data_path: str | None) -> None:
        paths = (data_path or "").split(os.pathsep)
        super().__init__([os.path.expanduser(os.path.expandvars(one)) for one in paths if one])  # noqa: PTH111

    def list_available_services(self, _: str) -> list[str]:
        """Every folder, whatever is in it."""
        return [name for place in self._potential_locations() for name in os.listdir(place)]  # noqa: PTH208
