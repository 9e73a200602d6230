"""What ``env use`` remembers: an environment for each config file, in a state file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dashborion.config.targets import Config
from dashborion.errors import ConfigError
from dashborion.storage.files import write_private


class _State(msgspec.Struct):
    """The state file: for each config file (or ``""``), the environment's label."""

    in_use: dict[str, str] = msgspec.field(default_factory=dict)


class RememberedEnvironments(msgspec.Struct, frozen=True):
    """The choices of ``env use``, in the state file at ``path``."""

    path: Path

    def get(self, config: Config) -> str | None:
        """The label remembered for a config file; None too if the state file is unreadable."""
        return self._read().in_use.get(_key(config))

    def set(self, config: Config, label: str | None) -> None:
        """Remember a label, or with None forget it.

        Raises:
            ConfigError: the state file cannot be written.
        """
        state = self._read()
        state.in_use.pop(_key(config), None)
        if label is not None:
            state.in_use[_key(config)] = label
        try:
            write_private(self.path, msgspec.json.encode(state))
        except OSError as error:
            raise ConfigError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _read(self) -> _State:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_State)
        except (OSError, msgspec.DecodeError):
            return _State()


def _key(config: Config) -> str:
    return str(config.path.resolve()) if config.path else ""
