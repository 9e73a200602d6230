"""Types are worked out one after the other, however many threads meet them at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from dashborion.models.base import ready

AT_ONCE = 8


def test_no_two_threads_work_out_types_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, made = 0, 0, []
    together = threading.Barrier(AT_ONCE)

    def decoder(type_: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        made.append(type_)
        pause.wait(0.01)
        inside -= 1

    def ask(type_: Any) -> None:
        together.wait()
        assert ready(type_) is type_

    pause = threading.Event()
    types = [msgspec.defstruct(f"Made{number % 3}", ["a"]) for number in range(3)]
    monkeypatch.setattr(msgspec.json, "Decoder", decoder)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ask, [types[number % 3] for number in range(AT_ONCE)]))
    assert most == 1
    assert sorted(made, key=id) == sorted(types, key=id)
