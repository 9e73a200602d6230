"""Reading YAML that people write, and writing private files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dashborion.errors import ConfigError

MOST_BYTES = 4 << 20  # a kubeconfig of a thousand clusters is 3 MB; more is not a config


def read_yaml(path: Path) -> Any:
    """The file's one document as plain data; YAML tags are refused.

    Raises:
        ConfigError: the file is unreadable, too large, not UTF-8, or not YAML, with the line.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Refuses equal keys: YAML keeps the last, and a ``protected: true`` must not get lost."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    mark = key.start_mark
                    raise yaml.MarkedYAMLError(
                        problem=f"duplicate key {key.value!r}", problem_mark=mark
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ConfigError(f"{path}: the file is larger than {MOST_BYTES >> 20} MB")
        return yaml.load(content.decode(), Loader=Loader)  # noqa: S506 - a subclass of the safe one
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise ConfigError(f"{path}{line}: not YAML: {problem}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply") from error


def read_named(path: str | Path, *, most_bytes: int = MOST_BYTES, seconds: float = 5.0) -> bytes:
    del seconds
    with Path(path).open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(27, f"larger than {most_bytes >> 10} kB", str(path))
    return content


def write_private(path: Path, content: bytes) -> None:
    """Write or replace a file atomically, with mode 0600 in a folder of mode 0700.

    Raises:
        OSError: the folder cannot be created or written to.
    """
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def cache_folder() -> Path:
    """The folder for caches: ``$DASHBORION_CACHE_DIR``, or the system's default."""
    if named := os.environ.get("DASHBORION_CACHE_DIR"):
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("dashborion")
