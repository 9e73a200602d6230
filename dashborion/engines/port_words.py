"""The words for ports on the command line: which port of this machine leads to which one there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from dashborion.errors import UsageError, short

_PORT = re.compile(
    r"(?:(?P<local>\d*):)?(?P<remote>[A-Za-z0-9][A-Za-z0-9-]*)(?:/(?P<protocol>\w+))?"
)


class Ports(Struct, frozen=True):
    """A local port (0: any that is free, None: the same) and a port's number or name there."""

    local: int | None
    remote: str

    @classmethod
    def parse(cls, text: str) -> Ports:
        """``8080``, ``8080:80``, ``:80``, ``8080:http``.

        Raises:
            UsageError: it is none of these, or UDP.
        """
        match = _PORT.fullmatch(text)
        if match is None:
            raise UsageError(f"'{short(text)}' is not LOCAL:REMOTE", hint=_FORMS)
        protocol = (match["protocol"] or "tcp").lower()
        if protocol != "tcp":
            raise UsageError(f"'{short(text)}': only TCP can be forwarded, not {protocol.upper()}")
        local, remote = match["local"], match["remote"]
        for number in filter(str.isdecimal, (local or "", remote)):
            if not 0 < int(number) < 1 << 16:
                raise UsageError(f"'{short(text)}': there is no port {short(number)}", hint=_FORMS)
        if local is None:
            return cls(int(remote) if remote.isdecimal() else None, remote)
        return cls(int(local or 0), remote)


_FORMS = "use 8080, 8080:80, :80 for any free local port, or 8080:NAME"


def parse_all(words: Sequence[str]) -> list[Ports]:
    """All of them; raises as ``parse``, and for a local port that is there twice."""
    ports = [Ports.parse(word) for word in words]
    locals_ = [one.local for one in ports if one.local]
    for local in locals_:
        if locals_.count(local) > 1:
            raise UsageError(f"local port {local} is there twice")
    return ports
