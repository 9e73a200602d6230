"""Text from an API can neither move a cursor nor pretend to be another column."""

from __future__ import annotations

import json

import pytest
import yaml

from dashborion.errors import DashborionError
from dashborion.render import Format, Style, show_list
from dashborion.render.views.workloads import WORKLOADS
from dashborion.streams import Streams, escape
from tests.support.render_samples import NOW, workload

HOSTILE = "a\x1b[31mb\tc\nd\x9b2Je\u202ef[bold]g[/bold]\x00\x7f"
DANGEROUS = ("\x1b", "\x9b", "\u202e", "\x00", "\x7f")


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_no_format_lets_it_through(format_: Format, *, tty: bool) -> None:
    streams = Streams.test(tty=tty, width=400)
    items = [workload(HOSTILE)]
    show_list(streams, WORKLOADS, items, Style(format=format_), now=NOW)
    out = streams.out.getvalue()  # type: ignore[attr-defined]
    assert not any(one in out for one in DANGEROUS)
    assert "[bold]g[/bold]" in out
    if format_ in (Format.TABLE, Format.WIDE, Format.NAME):
        assert len(out.splitlines()) == (1 if format_ is Format.NAME else 2)


def test_json_and_yaml_still_carry_the_text_itself() -> None:
    for format_, load in ((Format.JSON, json.loads), (Format.YAML, yaml.safe_load)):
        streams = Streams.test()
        show_list(streams, WORKLOADS, [workload(HOSTILE)], Style(format=format_), now=NOW)
        assert load(streams.out.getvalue())[0]["name"] == HOSTILE  # type: ignore[attr-defined]


@pytest.mark.parametrize("structured", [True, False], ids=["json", "text"])
def test_errors_are_one_visible_line(*, structured: bool) -> None:
    streams = Streams.test()
    streams.structured = structured
    streams.fail(DashborionError(HOSTILE))
    said = streams.err.getvalue()  # type: ignore[attr-defined]
    assert len(said.splitlines()) == 1
    assert not any(one in said for one in DANGEROUS)


def test_escapes_are_readable() -> None:
    assert escape("a\x1b[31m\u202e\n") == "a\\x1b[31m\\u202e\\x0a"


def test_no_other_thread_comes_between_a_message_and_its_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams, written = Streams.test(), list[str]()
    monkeypatch.setattr(streams.err, "write", written.append)
    streams.warn(DashborionError("it may be lost", hint="one\ntwo"))
    assert written == ["warning: it may be lost\n  one\n  two\n"]
