"""What runs in the demo's containers when somebody runs something there: a very small shell.

Nothing of this machine is reached from it: its files, variables and programs are those below.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

_NOT_FOUND, _SEPARATORS = 127, (";", "&&", "||", "&", "|", "(", ")", "<", ">", ">>")
_VARIABLE = re.compile(r"\$(\?|\w+|\{\w+\})")


class Streams(Protocol):
    """What a command reads and writes; ``sleep`` lets its time pass."""

    @property
    def is_tty(self) -> bool: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def read(self) -> bytes: ...
    def read_line(self) -> bytes: ...
    def out(self, data: bytes) -> None: ...
    def err(self, data: bytes) -> None: ...
    def sleep(self, seconds: float) -> None: ...


class Shell:
    """The programs of one container."""

    def __init__(self, name: str, variables: Mapping[str, str], streams: Streams) -> None:
        self._variables = {"HOSTNAME": name, "HOME": "/root", "PATH": "/bin", **variables}
        self._streams = streams
        self._last = 0
        lines = "".join(f"{key}={value}\n" for key, value in self._variables.items())
        self._files = {
            "/etc/hostname": f"{name}\n",
            "/etc/os-release": 'NAME="dashborion demo"\n',
            "/app/README": "There is nothing in here: this container is the demo's.\n",
            "/proc/1/environ": lines.replace("\n", "\0"),
        }
        self._programs: dict[str, Callable[[Sequence[str]], int]] = {
            "cat": self._cat, "echo": self._echo, "env": self._env, "false": lambda _: 1,
            "hostname": lambda _: self._say(f"{name}\n"), "ls": self._ls,
            "printenv": self._env, "sh": self._sh, "sleep": self._sleep, "stty": self._stty,
            "true": lambda _: 0, "tty": self._tty,
        }  # fmt: skip

    def run(self, words: Sequence[str]) -> int | None:
        """Run a command; returns its exit code, or None if there is no such program."""
        program = self._programs.get(words[0].removeprefix("/bin/"))
        return None if program is None else program(words[1:])

    def _say(self, text: str) -> int:
        self._streams.out(text.encode())
        return 0

    def _complain(self, text: str, code: int = 1) -> int:
        self._streams.err(f"{text}\n".encode())
        return code

    # Programs

    def _echo(self, words: Sequence[str]) -> int:
        return self._say(" ".join(words) + "\n")

    def _env(self, words: Sequence[str]) -> int:
        if not words:
            return self._say("".join(f"{key}={value}\n" for key, value in self._variables.items()))
        variable = self._variables.get(words[0])
        return 1 if variable is None else self._say(f"{variable}\n")

    def _ls(self, words: Sequence[str]) -> int:
        folder = "/" + "/".join(w for w in words if not w.startswith("-")).strip("/")
        inside = folder.rstrip("/") + "/"
        names = {
            name[len(inside) :].split("/")[0] for name in self._files if name.startswith(inside)
        }
        if not names and folder not in self._files:
            return self._complain(f"ls: {folder}: No such file or directory")
        return self._say("".join(f"{name}\n" for name in sorted(names) or [folder]))

    def _cat(self, words: Sequence[str]) -> int:
        code = 0
        for name in words or ["-"]:
            if name == "-":
                while data := self._streams.read():
                    self._streams.out(data)
            elif name in self._files:
                self._say(self._files[name])
            else:
                code = self._complain(f"cat: {name}: No such file or directory")
        return code

    def _stty(self, words: Sequence[str]) -> int:
        if not self._streams.is_tty:
            return self._complain("stty: standard input: Not a tty")
        columns, rows = self._streams.size
        return self._say(f"{rows} {columns}\n") if list(words) == ["size"] else 0

    def _tty(self, _: Sequence[str]) -> int:
        self._say("/dev/pts/0\n" if self._streams.is_tty else "not a tty\n")
        return 0 if self._streams.is_tty else 1

    def _sleep(self, words: Sequence[str]) -> int:
        self._streams.sleep(max(0.0, float(words[0] if words else 0)))
        return 0

    def _sh(self, words: Sequence[str]) -> int:
        if words[:1] == ["-c"] and len(words) > 1:
            try:
                self._line(words[1])
            except _Exit as end:
                return end.code
            return self._last
        while True:
            if self._streams.is_tty:
                self._say("$ ")
            line = self._streams.read_line()
            try:
                if not line:
                    return self._last
                self._line(line.decode(errors="replace"))
            except _Exit as end:
                return end.code

    # The language: words, variables, `;`, `&&`, `||` and `>&2`

    def _line(self, text: str) -> None:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError as error:
            self._last = self._complain(f"sh: syntax error: {error}", 2)
            return
        command: list[str] = []
        joined = ";"
        for word in [*words, ";"]:
            if word in (";", "&&", "||"):
                is_wanted = joined == ";" or (joined == "&&") == (self._last == 0)
                if command and is_wanted:
                    self._last = self._command(command)
                command, joined = [], word
            else:
                command.append(word)

    def _command(self, words: list[str]) -> int:
        to_err = words[-2:] == [">&", "2"] or words[-3:] == ["1", ">&", "2"]
        if to_err:
            words = words[: words.index(">&")]
            words = words[:-1] if words[-1:] == ["1"] else words
        if any(word in _SEPARATORS or word == ">&" for word in words):
            return self._complain("sh: this shell is too small for that", 2)
        words = [_VARIABLE.sub(self._value, word) for word in words]
        if words[0] == "exit":
            raise _Exit(int(words[1]) & 0xFF if words[1:] and words[1].isdecimal() else self._last)
        if to_err and words[0] == "echo":
            return self._complain(" ".join(words[1:]), 0)
        code = self.run(words)
        if code is None:
            return self._complain(f"sh: {words[0]}: not found", _NOT_FOUND)
        return code

    def _value(self, match: re.Match[str]) -> str:
        name = match[1].strip("{}")
        return str(self._last) if name == "?" else self._variables.get(name, "")


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
