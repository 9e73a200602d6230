"""How lines look on a terminal: colours, levels, prefixes of one width, times of day."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest

from dashborion.models.log import Source
from dashborion.orchestrators.logs import stamp
from dashborion.render import log_look
from dashborion.render.log_lines import TextLines
from dashborion.render.log_look import STREAM_COLORS, Prefixes, level_in, prefixes, shortened
from dashborion.streams import Streams

AT = datetime(2026, 7, 1, 12, 0, 0, 123_456, tzinfo=UTC)
RED, YELLOW, GREEN, DIM = "1;31", "33", "32", "2"
POD = "transcoder-qwl5xqxzqq-zjgfk"


def source(
    name: str, *, container: str | None = None, env: str = "staging", namespace: str = "media"
) -> Source:
    alone = container is None
    return Source("media", env, namespace, "web", name, container or "app", alone=alone)


def line(text: str) -> bytes:
    return stamp(AT) + b" " + text.encode()


def shown(lines: TextLines, one: Source, text: str = "x") -> str:
    (printed,) = lines(one, [line(text)])
    return printed.decode()


def color_of(prefixes: Prefixes, one: Source) -> str:
    (found,) = re.findall(r"\x1b\[38;5;(\d+)m", prefixes.of(one).decode())
    return str(found)


def test_streams_get_colours_in_their_order_and_none_twice() -> None:
    prefixes = Prefixes(color=True)
    sources = [source(f"web-{n}", container=c) for n in range(55) for c in ("app", "proxy")]
    prefixes.expect(sources)
    colors = [color_of(prefixes, one) for one in reversed(sources)]
    assert colors == [str(color) for color in reversed(STREAM_COLORS)]
    assert len(set(colors)) == len(STREAM_COLORS) >= 100
    assert color_of(prefixes, source("another")) == colors[-1]  # the first again


def test_looks_of_instances_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_look, "MOST_KEPT", 3)
    prefixes = Prefixes(color=True, most=40)
    for number in range(100):
        prefixes.of(source(f"web-{number}"))
    assert len(prefixes._looks) == len(prefixes._known) == 3


@pytest.mark.parametrize(
    ("text", "level", "color"),
    [
        pytest.param('{"level":"error","msg":"INFO"}', "error", RED, id="JSON"),
        pytest.param('{"msg": "an ERROR", "severity": "WARNING"}', "WARNING", YELLOW, id="GCP"),
        pytest.param('{"level":30,"msg":"x"}', "30", GREEN, id="pino"),
        pytest.param('{"log.level":"debug"}', "debug", DIM, id="ECS fields"),
        pytest.param("ts=1 level=warn msg=x", "warn", YELLOW, id="logfmt"),
        pytest.param("2026-01-01 12:00:00 ERROR [main] c.e.App", "ERROR", RED, id="log4j"),
        pytest.param("2026/01/01 12:00:00 [error] 7#7: *1 x", "error", RED, id="nginx"),
        pytest.param("<info> x", "info", GREEN, id="angle"),
        pytest.param("warning: x", "warning", YELLOW, id="first word"),
        pytest.param("Error: x", "Error", RED, id="capital"),
        pytest.param("DEBUG x", "DEBUG", DIM, id="upper case"),
        pytest.param("E0131 12:00:00.000000 1 x.go:1] y", "E", RED, id="klog"),
        pytest.param("no error happened", None, None, id="prose"),
        pytest.param("GET /ERROR 200", None, None, id="path"),
        pytest.param("INFORMATION_SCHEMA", None, None, id="identifier"),
        pytest.param('{"level":"7"}', None, None, id="unknown level"),
        pytest.param("Every 10 minutes", None, None, id="no klog"),
        pytest.param("x" * 3000 + " ERROR", None, None, id="far behind"),
    ],
)
def test_levels_are_found(text: str, level: str | None, color: str | None) -> None:
    found = level_in(text)
    assert (found and (text[found[0] : found[1]], found[2])) == (level and (level, color))
    plain = shown(TextLines(prefixes=None), source("web-1"), text)
    assert plain == text, "without colours nothing is added"
    painted = shown(TextLines(prefixes=None, color=True), source("web-1"), text)
    assert painted == (text.replace(level, f"\x1b[{color}m{level}\x1b[0m", 1) if level else text)


def test_what_is_highlighted_is_not_looked_for_in_codes() -> None:
    patterns = [re.compile(one) for one in ("web", "1", "a ERR")]
    text = shown(
        TextLines(prefixes=None, color=True, highlight=patterns), source("x"), "web 31 a ERROR"
    )
    assert text == (
        "\x1b[1;7mweb\x1b[0m 3\x1b[1;7m1\x1b[0m \x1b[1;7ma ERR\x1b[0m\x1b[1;31mOR\x1b[0m"
    )


def test_a_terminals_prefixes_have_one_width_that_only_grows() -> None:
    lines = TextLines(prefixes=Prefixes(most=32))
    web, api = source("web-1"), source("recommendations-1")
    lines.expect([web, api])
    assert shown(lines, web) == "web-1             | x"
    assert shown(lines, api) == "recommendations-1 | x"
    assert shown(lines, source(POD, container="app")) == f"{POD}/app  | x".replace("  |", " |")
    assert shown(lines, web) == "web-1                           | x"


def test_a_pipes_prefixes_are_as_they_are() -> None:
    lines = TextLines()
    lines.expect([source("web-1"), source("recommendations-1")])
    assert shown(lines, source("web-1")) == "web-1 | x"
    assert shown(lines, source("w" * 200)) == f"{'w' * 200} | x"


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        pytest.param(48, f"media/production rubix/{POD[:5]}…zjgfk/app", id="120 columns"),
        pytest.param(32, "media/production…rans…zjgfk/app", id="80 columns"),
    ],
)
def test_long_names_lose_their_middle(most: int, expected: str) -> None:
    prefixes = Prefixes(environments=True, namespaces=True, most=most)
    one = source(POD, container="app", env="production", namespace="rubix")
    text = prefixes.of(one).decode().removesuffix(" | ")
    assert len(text) <= most
    assert text.startswith("media/produc")
    assert text.endswith("zjgfk/app"), "what tells instances apart stays"


@pytest.mark.parametrize(
    ("most", "short"), [(10, "abcdefghij"), (7, "abc…hij"), (6, "ab…hij"), (1, "a…j")]
)
def test_the_middle_goes(most: int, short: str) -> None:
    assert shortened("abcdefghij", most, "…") == short


@pytest.mark.parametrize(
    ("readable", "utc", "expected"),
    [
        pytest.param(True, False, "2026-07-01 14:00:00.123 x", id="local"),
        pytest.param(True, True, "2026-07-01 12:00:00.123Z x", id="UTC"),
        pytest.param(False, True, "2026-07-01T12:00:00.123456000Z x", id="pipe"),
    ],
)
def test_times_on_a_terminal_are_local_and_in_milliseconds(
    readable: bool, utc: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_look._local.cache_clear()
    monkeypatch.setenv("TZ", "Etc/GMT-2")
    time.tzset()
    try:
        lines = TextLines(prefixes=None, timestamps=True, readable=readable, utc=utc)
        assert shown(lines, source("web-1")) == expected
    finally:
        monkeypatch.undo()
        time.tzset()
        log_look._local.cache_clear()


def test_a_stamp_that_is_no_time_is_shown_as_it_is() -> None:
    lines = TextLines(prefixes=None, timestamps=True, readable=True)
    (printed,) = lines(source("x"), [b"2026-99-99T12:00:00.000000000Z x"])
    assert printed == b"2026-99-99 12:00:00.000 x"


PICTURE = {
    80: """\
media/staging api-1              | 2026-07-01 12:00:00.123Z INFO started
media/production web-1/app       | 2026-07-01 12:00:00.123Z {"level":"error"}
media/production recom…zjgfk/app | 2026-07-01 12:00:00.123Z [warn] slow
""",
    120: """\
media/staging api-1                              | 2026-07-01 12:00:00.123Z INFO started
media/production web-1/app                       | 2026-07-01 12:00:00.123Z {"level":"error"}
media/production recommendations-5d4f8-zjgfk/app | 2026-07-01 12:00:00.123Z [warn] slow
""",
}


@pytest.mark.parametrize("width", PICTURE)
@pytest.mark.parametrize("color", [False, True], ids=["plain", "coloured"])
def test_what_a_terminal_shows(width: int, color: bool) -> None:
    streams = Streams.test(tty=True, width=width)
    streams.out_color = color
    said = {
        source("api-1"): "INFO started",
        source("web-1", container="app", env="production"): '{"level":"error"}',
        source("recommendations-5d4f8-zjgfk", container="app", env="production"): "[warn] slow",
    }
    lines = TextLines(
        prefixes=prefixes(streams, environments=True, namespaces=False),
        timestamps=True,
        readable=True,
        utc=True,
        color=color,
    )
    lines.expect(list(said))
    printed = "".join(f"{shown(lines, one, text)}\n" for one, text in said.items())
    assert re.sub(r"\x1b\[[\d;]*m", "", printed) == PICTURE[width]
    codes = re.findall(r"\x1b\[([\d;]+)m", printed)
    expected = ["38;5;75", "32", "38;5;169", "1;31", "38;5;114", "33"] if color else []
    assert [code for code in codes if code != "0"] == expected
