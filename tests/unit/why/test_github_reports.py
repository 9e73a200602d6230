"""Annotations and summaries: what they say, and that no text of an API gets out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from dashborion.errors import RolloutFailed, Unreachable
from dashborion.models.cause import Code, Confidence, Evidence, Severity, Verdict
from dashborion.models.environment import Check, Permission
from dashborion.render import github
from dashborion.render.github import ANNOTATIONS, Level, Problem, Report, block, data, inline, prop
from dashborion.streams import no_command
from tests.support.causes import cause, diagnosis, tail

EVIL = "a\n::set-env name=x::y\r##[add-mask]b%0A</pre><img src=x>[c](javascript:d)|`e`\x1b[2J,f"
COMMAND = re.compile(r"::(error|warning|notice) title=[^:,\r\n]*::[^\r\n]*\n")


def lines(*problems: Problem) -> list[str]:
    return list(github.commands(problems, dict.fromkeys(Level, ANNOTATIONS)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("100%", "100%25", id="percent"),
        pytest.param("a\nb", "a%0Ab", id="line feed"),
        pytest.param("a\rb", "a%0Db", id="carriage return"),
        pytest.param("%0A", "%250A", id="what is escaped already"),
        pytest.param("a: b, c", "a: b, c", id="a colon and a comma"),
    ],
)
def test_data_of_a_command(text: str, expected: str) -> None:
    assert data(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: b, c", "a%3A b%2C c", id="a colon and a comma"),
        pytest.param("a\nb", "a b", id="a line"),
        pytest.param("100%", "100%25", id="percent"),
        pytest.param("x::error::y", "x%3A%3Aerror%3A%3Ay", id="a command"),
    ],
)
def test_a_property_of_a_command(text: str, expected: str) -> None:
    assert prop(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("::error::a", ": :error::a", id="at the beginning"),
        pytest.param(" \t::error::a", " \t: :error::a", id="behind spaces"),
        pytest.param("a ##[error]b", "a # #[error]b", id="the older form, anywhere"),
        pytest.param("a::b #[c] ## d", "a::b #[c] ## d", id="neither"),
    ],
)
def test_what_is_said_is_no_command(text: str, expected: str) -> None:
    assert no_command(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("<b>&amp;</b>", r"\<b\>\&amp\;\<\/b\>", id="HTML"),
        pytest.param("*a* _b_ `c`", r"\*a\* \_b\_ \`c\`", id="emphasis and code"),
        pytest.param("[a](b) ![c](d)", r"\[a\]\(b\) \!\[c\]\(d\)", id="links and images"),
        pytest.param("a|b", r"a\|b", id="a cell"),
        pytest.param("# a\n- b", r"\# a \- b", id="a heading and a list"),
        pytest.param("https://x.example", r"https\:\/\/x\.example", id="an address"),
        pytest.param("a\\", r"a\\", id="a backslash"),
    ],
)
def test_text_in_markdown(text: str, expected: str) -> None:
    assert inline(text) == expected


def test_a_block_cannot_be_left() -> None:
    assert block("a</pre>\n\n<script>") == "<pre>a&lt;/pre&gt;\n\n&lt;script&gt;</pre>"


def _reports() -> dict[str, Report]:
    told = [Evidence(source=EVIL, field=EVIL, value=EVIL)]
    bad = cause(Code.QUOTA, reason=EVIL, message=f"{EVIL}!", evidence=told, instances=[EVIL])
    found = diagnosis(bad, workload=EVIL, environment=EVIL, headline=EVIL, log=[tail(EVIL)])
    failed = RolloutFailed(EVIL, hint=EVIL)
    failed.causes = [bad]
    denied = [Permission(action=EVIL, allowed=False)]
    check = Check(
        project=None, environment=EVIL, orchestrator="ecs", endpoint=None, reachable=True,
        identity=EVIL, version=None, seconds=0.0, permissions=denied, error=None,
    )  # fmt: skip
    return {
        "a diagnosis": github.of_diagnosis(found, most=5, logs=True),
        "a list": github.of_diagnoses([found], None),
        "an error": github.of_error(failed, "why"),
        "an error of an environment": github.of_error(Unreachable(EVIL, environment=EVIL), "why"),
        "a check": github.of_check([check]),
    }


@pytest.mark.parametrize("name", _reports())
def test_nothing_that_an_api_says_gets_out(name: str) -> None:
    report = _reports()[name]
    for line in lines(*report.problems):
        assert COMMAND.fullmatch(line), "one command, with one property"
        assert "\x1b" not in line
    for section in report.sections:
        assert "\x1b" not in section
        outside = re.sub(r"<pre>[^<]*</pre>", "", section)
        assert not re.search(r"(?<!\\)(<|\]\(|`|&)", outside)
        assert not any(line.lstrip().startswith("::") for line in outside.splitlines())


def test_a_diagnosis_has_an_annotation_for_each_cause() -> None:
    found = diagnosis(cause(), cause(Code.QUOTA, severity=Severity.WARNING), cause(Code.BUDGET))
    shown = lines(*github.of_diagnosis(found, most=5, logs=False).problems)
    assert [line.partition(" ")[0] for line in shown] == ["::error", "::warning", "::notice"]
    assert shown[0].startswith(
        "::error title=web in shop/staging%3A out of memory (OOMKilled)::"
        "pod/web-1 status.reason: OOMKilled (2026-03-01T11:56:00Z)%0A"
    )
    assert "-> read what it wrote: dashborion instances logs web-1" in shown[0]


def test_what_is_not_certain_is_marked_once_where_it_is_told() -> None:
    found = diagnosis(cause(confidence=Confidence.LIKELY))
    (alone,) = lines(*github.of_diagnosis(found, most=5, logs=False).problems)
    (of_several,) = lines(*github.of_diagnoses([found], None).problems)
    (section,) = github.of_diagnosis(found, most=5, logs=False).sections
    assert "out of memory (OOMKilled) (likely)::" in alone
    assert "::failing (likely): out of memory" in of_several
    assert [text.count("likely") for text in (alone, of_several, section)] == [1, 1, 1]


def test_one_that_is_well_has_a_notice() -> None:
    (line,) = lines(*github.of_diagnosis(diagnosis(), most=5, logs=False).problems)
    assert line == "::notice title=web in shop/staging::healthy: 2 of 2 replicas available\n"


def test_of_several_each_has_one_annotation_and_one_row() -> None:
    found = [
        diagnosis(cause(), cause(Code.QUOTA)),
        diagnosis(verdict=Verdict.UNKNOWN, workload="api"),
    ]
    report = github.of_diagnoses(found, None)
    assert [problem.level for problem in report.problems] == [Level.ERROR, Level.WARNING]
    assert report.sections[0].splitlines()[2] == (
        r"| shop\/staging | shop | web | failing | out of memory |"
    )


@pytest.mark.parametrize("logs", [True, False], ids=["asked for", "not asked for"])
def test_what_a_container_wrote_is_told_only_if_asked_for(logs: bool) -> None:
    """The message of a container that ended may be the end of its log."""
    told = [Evidence(source="pod/a", field="state.terminated.message", value="password=hunter2")]
    ended = cause(Code.EXIT, message="token=hunter2", evidence=told)
    found = diagnosis(ended, log=[tail("key=hunter2")])
    report = github.of_diagnosis(found, most=5, logs=logs)
    text = "".join([*lines(*report.problems), *report.sections])
    assert ("password=hunter2" in text) is logs
    assert ("token=hunter2" in text) is logs
    assert ("key=hunter2" in text) is logs


@pytest.mark.parametrize(
    ("count", "left", "shown", "last"),
    [
        pytest.param(10, 10, 10, "::p9\n", id="as many as GitHub shows"),
        pytest.param(13, 10, 10, "::and 4 more\n", id="more"),
        pytest.param(3, 2, 2, "::and 2 more\n", id="after others"),
        pytest.param(3, 0, 0, "", id="none left"),
    ],
)
def test_annotations_that_github_would_not_show_are_counted(
    count: int, left: int, shown: int, last: str
) -> None:
    problems = [Problem(Level.ERROR, "a", f"p{number}") for number in range(count)]
    found = list(github.commands(problems, {**dict.fromkeys(Level, 10), Level.ERROR: left}))
    assert len(found) == shown
    assert "".join(found).endswith(last)


@pytest.mark.parametrize(
    ("sections", "room", "kept"),
    [
        pytest.param(["a" * 50] * 3, 1000, 3, id="all"),
        pytest.param(["a" * 50] * 30, 1000, 17, id="as many as fit"),
        pytest.param(["é" * 500] * 3, 1200, 1, id="bytes, not characters"),
    ],
)
def test_a_summary_has_a_bound(sections: Sequence[str], room: int, kept: int) -> None:
    text = github.summary(sections, room)
    assert len(text.encode()) <= room
    assert text.count(sections[0]) == kept
    left = len(sections) - kept
    assert (f"_{left} more do not fit here._" in text) is bool(left)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (Code.LIVENESS, "Liveness probe failed: password=hunter2"),
        (Code.STARTUP_PROBE, "Startup probe failed: hunter2"),
        (Code.READINESS, "Readiness probe errored: rpc error: hunter2"),
        (Code.READINESS_REFUSED, 'Readiness probe failed: Get "http://me:hunter2@db/": refused'),
        (Code.READINESS_STATUS, 'Readiness probe failed: Get "http://10.0.0.1/?key=hunter2": EOF'),
        (Code.HOOK_FAILED, 'Exec lifecycle hook ([sh]) for "web" failed, message: "hunter2"'),
        (Code.EXIT, "hunter2"),
    ],
)
def test_what_a_container_has_written_is_shown_only_with_logs(code: Code, said: str) -> None:
    told = Evidence(source="event/web", field="message", value=said)
    of = diagnosis(cause(code, message=said, evidence=[told], advice=[]))
    hidden = github.of_diagnosis(of, most=None, logs=False)
    assert "hunter2" not in "".join([*lines(*hidden.problems), *hidden.sections])
    shown = github.of_diagnosis(of, most=None, logs=True)
    assert "hunter2" in shown.problems[0].text


@pytest.mark.parametrize(
    "said",
    [
        "HTTP probe failed with statuscode: 503",
        'Get "http://10.0.0.1:80/up": dial tcp 10.0.0.1:80: connect: connection refused',
        'Get "http://[fd00::1]:80/up": context deadline exceeded (Client.Timeout exceeded)',
        "dial tcp 10.0.0.1:80: i/o timeout",
    ],
)
def test_what_a_kubelet_says_of_a_probe_is_shown(said: str) -> None:
    of = diagnosis(cause(Code.READINESS, message=f"Readiness probe failed: {said}", evidence=[]))
    assert said in github.of_diagnosis(of, most=None, logs=False).problems[0].text


@pytest.mark.parametrize(
    "said",
    [
        "pull of https://bucket.example/layer?X-Amz-Signature=hunter2&X-Amz-Expires=9: 403",
        "https://me:hunter2@registry.example/v2/: denied",
        'Get "postgres://me:hunter2@db": refused',
    ],
)
def test_an_address_keeps_what_lets_others_in_to_itself(said: str) -> None:
    """A registry's errors hold the signed address of a layer, with which anybody could read it."""
    found = cause(Code.IMAGE_PULL, message=said, evidence=[])
    failed = RolloutFailed(said)
    failed.causes = [found]
    reports = [
        github.of_diagnosis(diagnosis(found), most=None, logs=True),
        github.of_error(failed, "web"),
    ]
    for told in reports:
        assert "hunter2" not in "".join([*lines(*told.problems), *told.sections])
        assert "…" in told.problems[0].text or "…" in lines(*told.problems)[0]


def test_the_error_of_a_wait_does_not_quote_a_container_either() -> None:
    said = "Liveness probe failed: hunter2"
    failed = RolloutFailed(f"3 instances failed (Unhealthy: {said})")
    failed.causes = [cause(Code.LIVENESS, message=said, evidence=[])]
    report = github.of_error(failed, "web")
    assert "hunter2" not in "".join([*lines(*report.problems), *report.sections])
