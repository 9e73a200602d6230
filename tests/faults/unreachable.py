"""What a command says when it cannot connect."""

from __future__ import annotations

from tests.support.cli import Result


def require_unreachable(seen: Result, *words: str) -> None:
    """Exit 6 at once, with an error that has these words in it."""
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    for word in words:
        assert word in seen.error["message"]
    assert seen.error["environment"] == "k8s:here"
    assert " at 0x" not in seen.err
