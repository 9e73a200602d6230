"""``workloads why``: what is printed, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from dashborion.errors import Forbidden
from dashborion.models.cause import Code, NotChecked
from dashborion.orchestrators.kubernetes.diagnose import Causes
from dashborion.orchestrators.protocol import Examined
from tests.support.causes import cause, examined
from tests.support.cli import Cli
from tests.support.render_samples import NOW, workload
from tests.unit.why.conftest import Found

BROKEN = examined(cause(), cause(Code.QUOTA), name="broken")
BLIND = Examined(
    item=workload("blind"),
    not_checked=[NotChecked(what="instances", permission="list pods", reason="it is forbidden")],
)
WELL = examined(name="well")
ENDED = msgspec.structs.replace(
    BROKEN, failed=[("web-1", "web")], last_lines=lambda *_: ["FATAL no memory"]
)


def test_without_a_name_all_that_is_not_well_is_listed_the_worst_first(
    dashborion: Cli, found: Found
) -> None:
    found(WELL, BLIND, BROKEN)
    seen = dashborion("workloads why", tty=True, now=NOW, width=80)
    assert seen.exit_code == 0
    told = "instances: it is forbidden (permission needed: list pods)"
    warning = f"warning: k8s:demo: not checked: {told}\n"
    assert seen.err == f"using k8s:here, from $DASHBORION_ENV\n{warning}"
    rows = [line.split() for line in seen.lines]
    assert rows[0] == ["NAME", "VERDICT", "FOR", "HEADLINE"]
    assert rows[1][:3] == ["broken", "failing", "4m"]
    assert rows[2][:2] == ["blind", "unknown"]
    assert len(rows) == 3


def test_the_list_as_json_has_all_causes(dashborion: Cli, found: Found) -> None:
    found(WELL, BLIND, BROKEN)
    seen = dashborion("workloads why -o json")
    assert [(one["workload"], one["verdict"]) for one in seen.json] == [
        ("broken", "failing"),
        ("blind", "unknown"),
    ]
    assert [one["code"] for one in seen.json[0]["causes"]] == ["oom", "quota"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("'b*'", ["broken", "blind"], id="a pattern"),
        pytest.param("well broken", ["broken", "well"], id="what is named is told in any case"),
        pytest.param("'w*' blind", ["blind"], id="what is not well of a pattern, and a name"),
    ],
)
def test_names_and_patterns(dashborion: Cli, found: Found, typed: str, expected: list[str]) -> None:
    found(WELL, BLIND, BROKEN)
    seen = dashborion(f"workloads why {typed} -o json")
    assert [one["workload"] for one in seen.json] == expected


def test_one_name_is_one_object(dashborion: Cli, found: Found) -> None:
    found(WELL, BROKEN)
    seen = dashborion("workloads why broken -o json")
    assert (seen.json["workload"], seen.json["headline"]) == ("broken", "out of memory (OOMKilled)")
    assert seen.json["causes"][0]["advice"][0]["command"] == (
        "dashborion instances logs web-1 -e k8s:here"
    )


@pytest.mark.parametrize(
    ("all_examined", "typed", "said"),
    [
        pytest.param([WELL], "", "the one workload is well", id="one"),
        pytest.param([WELL, examined()], "", "all 2 workloads are well", id="several"),
        pytest.param([WELL, BROKEN], "'we*'", "the one workload is well", id="of a pattern"),
        pytest.param([], "", "no workloads found", id="none"),
    ],
)
@pytest.mark.parametrize("options", ["", "--exit-code"])
def test_nothing_is_wrong(
    dashborion: Cli,
    found: Found,
    all_examined: list[Examined[object]],
    typed: str,
    said: str,
    options: str,
) -> None:
    found(*all_examined)
    seen = dashborion(f"workloads why {typed} {options}")
    assert (seen.exit_code, seen.out, seen.err) == (0, "", f"{said}\n")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("", 9, id="a list"),
        pytest.param("broken", 9, id="a name"),
        pytest.param("broken -o json", 9, id="in JSON"),
        pytest.param("broken -o github", 9, id="for GitHub"),
        pytest.param("blind", 0, id="what is not known is not failing"),
        pytest.param("well", 0, id="well"),
        pytest.param("nope", 3, id="no such workload"),
    ],
)
def test_the_exit_code_tells_on_demand(
    dashborion: Cli, found: Found, typed: str, code: int
) -> None:
    found(WELL, BLIND, BROKEN)
    assert dashborion(f"workloads why {typed} --exit-code").exit_code == code
    if code == 9:
        assert dashborion(f"workloads why {typed}").exit_code == 0


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        pytest.param("", True, id="by default"),
        pytest.param("--no-logs", False, id="not wanted"),
        pytest.param("-o github", False, id="not for GitHub"),
        pytest.param("-o github --logs", True, id="for GitHub by demand"),
    ],
)
def test_the_last_log_lines(
    dashborion: Cli, found: Found, summary: Path, options: str, shown: bool
) -> None:
    found(ENDED)
    seen = dashborion(f"workloads why broken {options}")
    assert ("FATAL no memory" in seen.out + summary.read_text()) is shown


def test_a_log_that_cannot_be_read_is_told(dashborion: Cli, found: Found) -> None:
    def denied(*_: object) -> list[str]:
        raise Forbidden("logs may not be read")

    found(msgspec.structs.replace(ENDED, last_lines=denied))
    seen = dashborion("workloads why broken")
    assert seen.exit_code == 0
    assert "not checked: logs: logs may not be read\n" in seen.out


@pytest.mark.parametrize(
    ("option", "seconds"),
    [
        pytest.param("", 3600, id="an hour"),
        pytest.param("--since 15m", 900, id="as asked"),
        pytest.param("--since 7d", 7 * 86400, id="days"),
    ],
)
def test_how_long_ago_is_told(dashborion: Cli, found: Found, option: str, seconds: int) -> None:
    asked = found(WELL)
    dashborion(f"workloads why {option}")
    dashborion(f"workloads why well {option}")
    assert [one.total_seconds() for one in asked] == [seconds, seconds]


@pytest.mark.parametrize("text", ["soon", "99999999999999d", "-1h"])
def test_a_since_that_is_none(dashborion: Cli, found: Found, text: str) -> None:
    found(WELL)
    seen = dashborion(f"workloads why --since={text}")
    assert (seen.exit_code, seen.out) == (2, "")
    assert f"--since: '{text}'" in seen.err


def test_only_five_causes_unless_all_are_asked_for(dashborion: Cli, found: Found) -> None:
    found(examined(*[cause()] * 7))
    assert "2 more causes: use --all" in dashborion("workloads why web").out
    assert dashborion("workloads why web --all").out.count("error: out of memory") == 7


@pytest.mark.parametrize("format_", ["csv", "name", "wide", "yaml"])
def test_other_formats(dashborion: Cli, found: Found, format_: str) -> None:
    found(BROKEN)
    for typed in ("", "broken"):
        assert "broken" in dashborion(f"workloads why {typed} -o {format_}").out


def test_a_wide_page_is_the_page(dashborion: Cli, found: Found) -> None:
    found(BROKEN)
    wide, page = (dashborion(f"workloads why broken{more}").out for more in (" -o wide", ""))
    assert wide == page


# --- For GitHub ---------------------------------------------------------------------------------


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_github_gets_annotations_and_a_summary(
    dashborion: Cli, found: Found, summary: Path
) -> None:
    found(WELL, BROKEN)
    seen = dashborion("workloads why -o github")
    assert (seen.exit_code, seen.err) == (0, "")
    (line,) = seen.lines
    begin = "::error title=broken in k8s%3Ademo::failing: out of memory (OOMKilled)%0A"
    assert line.startswith(f"{begin}pod/web-1 status.reason: OOMKilled ")
    assert line.endswith("%0A-> read what it wrote: dashborion instances logs web-1 -e k8s:here")
    text = summary.read_text()
    assert text.startswith("before\n| environment | namespace | workload | verdict | problem |")
    assert "| broken | failing |" in text


def test_nothing_wrong_is_a_notice(dashborion: Cli, found: Found, summary: Path) -> None:
    found(WELL)
    assert dashborion("workloads why -o github").out == (
        "::notice title=dashborion::the one workload is well\n"
    )
    assert "the one workload is well" in summary.read_text()


def test_an_error_is_an_annotation_too(dashborion: Cli, found: Found, summary: Path) -> None:
    found(WELL)
    seen = dashborion("workloads why nope -o github")
    assert seen.exit_code == 3
    assert seen.out.startswith("::error title=k8s%3Ahere::no workload 'nope' in here%0A")
    assert r"no workload \'nope\' in here" in summary.read_text()


def test_what_is_said_on_stderr_is_no_command(
    dashborion: Cli, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(WELL)

    def denied(*_: object) -> None:
        raise Forbidden("a ##[add-mask]b", hint="::stop-commands::c")

    monkeypatch.setattr(Causes, "workload", denied)
    seen = dashborion("workloads why well -o github")
    assert seen.err == "error: k8s:here: a # #[add-mask]b\n  : :stop-commands::c\n"
    assert seen.lines == ["::error title=k8s%3Ahere::a ##[add-mask]b%0A::stop-commands::c"]


def test_a_summary_that_is_full_is_left_as_it_is(
    dashborion: Cli, found: Found, summary: Path
) -> None:
    summary.write_bytes(b"x" * ((1 << 20) - 50))
    found(BROKEN)
    assert dashborion("workloads why -o github").out
    assert summary.stat().st_size == (1 << 20) - 50


def test_a_summary_that_cannot_be_written_is_a_warning(
    dashborion: Cli, found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    found(BROKEN)
    seen = dashborion("workloads why -o github")
    assert seen.exit_code == 0
    assert "warning: cannot write to $GITHUB_STEP_SUMMARY: Is a directory" in seen.err


def test_other_formats_write_no_summary(dashborion: Cli, found: Found, summary: Path) -> None:
    found(BROKEN)
    json.loads(dashborion("workloads why -o json").out)
    assert summary.read_text() == "before\n"
