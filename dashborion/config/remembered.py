"""What ``env use`` remembers: an environment for each config file, in a state file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dashborion.config.targets import Config
from dashborion.errors import ConfigError, short
from dashborion.storage.files import locked, read_own, resolved, write_private

_MOST_BYTES = 1 << 20


class _State(msgspec.Struct):
    """The state file: for each config file (or ``""``), the environment's label."""

    in_use: dict[str, str] = msgspec.field(default_factory=dict)


class RememberedEnvironments(msgspec.Struct, frozen=True):
    """The choices of ``env use``, in the state file at ``path``."""

    path: Path

    def get(self, config: Config) -> str | None:
        """The label remembered for a config file; None too if the state file may not be read.

        Raises:
            ConfigError: the state file is broken. It must not be passed over in silence: another
                environment is used instead.
        """
        return self._read().in_use.get(_key(config))

    def set(self, config: Config, label: str | None) -> None:
        """Remember a label, or with None forget it.

        Raises:
            ConfigError: the state file cannot be written, or not with that label.
        """
        try:
            with locked(self.path):
                try:
                    state = self._read()
                except ConfigError:
                    state = _State()  # what it held is lost anyway
                state.in_use.pop(_key(config), None)
                if label is not None:
                    state.in_use[_key(config)] = label
                write_private(self.path, msgspec.json.encode(state))
        except OSError as error:
            problem = error.strerror or "the file system refuses it"
            raise ConfigError(f"cannot write {self.path}: {problem}") from error
        except UnicodeEncodeError as error:
            raise ConfigError(f"'{short(label)}' is no text that can be kept") from error

    def _read(self) -> _State:
        hint = "choose again with `dashborion env use NAME` or `--forget`, or use -e"
        try:
            content = read_own(self.path, most_bytes=_MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return _State()
        except OSError as error:
            raise ConfigError(f"{self.path} is ignored: {error.strerror}", hint=hint) from error
        try:
            return msgspec.json.decode(content, type=_State)
        except (msgspec.DecodeError, RecursionError):
            problem = "it is not what `env use` writes"
            raise ConfigError(f"{self.path} is ignored: {problem}", hint=hint) from None


def _key(config: Config) -> str:
    path = str(resolved(config.path)) if config.path else ""
    return path.encode(errors="backslashreplace").decode()
