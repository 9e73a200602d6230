"""Text from an API that means to move the cursor, forge a row or look like something else."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
import yaml

from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube, document, write
from tests.support.misbehaviour import status
from tests.support.stub_api import Api
from tests.support.stub_objects import Manifest, deployment, event, pod

# Nothing of this may reach a terminal; the line's own end and a pipe's tabs are looked at apart.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
HOSTILE = {
    "colour": "a\x1b[31mred",
    "title": "a\x1b]0;owned\x07b",
    "clipboard": "a\x1b]52;c;cm0gLXJm\x1b\\b",
    "clear": "a\x1b[2J\x1b[Hb",
    "C1": "a\x9b31mb\x9d0;x\x9c",
    "backspace": "good\x08\x08\x08\x08evil",
    "carriage return": "good\revil",
    "line": "a\nforged\t1/1\trunning",
    "tab": "a\tb",
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "null": "a\x00b",
    "delete": "a\x7fb",
    "bidi": "a\u202egnp.exe\u2066x",
    "arabic mark": "a\u061cb",
    "zero width": "a\u200bb\ufeffc",
    "tags": "a\U000e0041\U000e0042b",
    "markup": "[red]a[/red][link=https://example.com]b[/link][/]",
    "emoji code": ":skull: :warning:",
    "quotes": "a\"b'c,d;e",
}
FORMATS = ["table", "wide", "csv", "json", "yaml", "name"]
LISTS = ["workloads list", "instances list"]
EVERYTHING = " ".join(HOSTILE.values())


def _deployment(name: str, text: str) -> Manifest:
    made = deployment(name, image=f"x/{text}", message=text, labels={"app": text})
    made["status"]["conditions"][0]["reason"] = text
    return made


def _pod(name: str, text: str) -> Manifest:
    made = pod(name, image=f"x/{text}", reason=f"Err{text}", message=text)
    made["spec"]["nodeName"] = text
    made["status"]["podIP"] = text
    return made


def _require_harmless(text: str) -> None:
    found = _HARMFUL.search(text)
    assert not found, f"{found.group()!r} in {text[max(0, found.start() - 40) : found.end() + 9]!r}"
    assert "\nforged" not in text


@pytest.fixture
def hostile(cluster: Api) -> Api:
    """Deployments and pods, one for each text, with the text in all that is shown of them."""
    cluster.objects |= {
        "deployments": [_deployment(text, text) for text in HOSTILE.values()],
        "statefulsets": [],
        "pods": [_pod(text, text) for text in HOSTILE.values()],
    }
    return cluster


@pytest.fixture
def described(cluster: Api) -> Api:
    """A Deployment, a pod and its event, with all texts in all that is shown of them."""
    instance = _pod("web-1", EVERYTHING)
    cluster.objects |= {
        "deployments": [_deployment("web", EVERYTHING)],
        "pods": [instance],
        "events": [event(EVERYTHING, uid=instance["metadata"]["uid"])],
    }
    return cluster


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("command", LISTS)
@pytest.mark.usefixtures("hostile")
def test_hostile_text_in_a_list_is_harmless_and_forges_no_row(
    dashborion: Cli, command: str, output: str, tty: bool
) -> None:
    seen = dashborion(f"{command} -q -o {output} --color never", tty=tty, width=200)

    assert (seen.exit_code, seen.err) == (0, "")
    _require_harmless(seen.out.replace("\r\n", "\n") if output == "csv" else seen.out)
    if output in ("table", "wide", "name"):
        assert seen.out.count("\n") == len(HOSTILE) + (output != "name"), "one line an object"


@pytest.mark.parametrize("command", LISTS)
@pytest.mark.usefixtures("hostile")
def test_hostile_text_keeps_a_pipes_columns_in_place(dashborion: Cli, command: str) -> None:
    lines = dashborion(f"{command} -o wide").out.split("\n")[:-1]

    assert {line.count("\t") for line in lines} == {lines[0].count("\t")}


@pytest.mark.parametrize("command", LISTS)
@pytest.mark.usefixtures("hostile")
def test_hostile_text_keeps_a_spreadsheets_rows_and_columns_in_place(
    dashborion: Cli, command: str
) -> None:
    rows = list(csv.reader(io.StringIO(dashborion(f"{command} -o csv").out, newline="")))

    assert [len(row) for row in rows] == [len(rows[0])] * (len(HOSTILE) + 1)


@pytest.mark.parametrize("raw", ["", " --raw"], ids=["normalised", "raw"])
@pytest.mark.parametrize("output", ["json", "yaml"])
@pytest.mark.parametrize("command", LISTS)
@pytest.mark.usefixtures("hostile")
def test_hostile_text_is_harmless_and_the_same_text_again_for_a_program(
    dashborion: Cli, command: str, output: str, raw: str
) -> None:
    seen = dashborion(f"{command} -o {output}{raw}")

    found = json.loads(seen.out) if output == "json" else yaml.safe_load(seen.out)
    names = [one["metadata"]["name"] if raw else one["name"] for one in found]
    assert sorted(names) == sorted(HOSTILE.values())
    _require_harmless(seen.out)


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("output", ["table", "json", "yaml"])
@pytest.mark.parametrize("command", ["workloads describe web", "instances describe web-1"])
@pytest.mark.usefixtures("described")
def test_hostile_text_in_a_description_is_harmless(
    dashborion: Cli, command: str, output: str, tty: bool
) -> None:
    seen = dashborion(f"{command} -o {output} --color never", tty=tty, width=200)

    assert seen.exit_code == 0
    _require_harmless(seen.out)


@pytest.mark.parametrize("code", [401, 403, 400, 410, 500, 418])
@pytest.mark.parametrize("output", ["table", "json"])
def test_hostile_text_in_an_error_is_one_harmless_line(
    dashborion: Cli, cluster: Api, output: str, code: int
) -> None:
    cluster.on("*", status(code, f"denied: {EVERYTHING}", reason=EVERYTHING))

    seen = dashborion(f"instances list -o {output}")

    assert seen.exit_code in (2, 4, 6)
    _require_harmless(seen.err)


def test_hostile_text_in_a_traceback_is_harmless(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*", status(418, EVERYTHING))

    seen = dashborion("instances list --debug")

    assert seen.exit_code == 6
    assert not _HARMFUL.search(seen.err)


def test_hostile_text_in_a_warning_is_one_harmless_line(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/statefulsets", status(403, EVERYTHING))

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 5
    _require_harmless(seen.err)
    assert json.loads(seen.err.splitlines()[0])["warning"]["message"].endswith(EVERYTHING)


@pytest.mark.parametrize("typed", ["web-", "webb"])
def test_hostile_names_among_the_candidates_are_harmless(
    dashborion: Cli, cluster: Api, typed: str
) -> None:
    cluster.objects["pods"] = [pod(f"web-{text}") for text in HOSTILE.values()]

    seen = dashborion(f"instances describe {typed}")

    assert seen.exit_code in (2, 3)
    _require_harmless(seen.err)


@pytest.mark.parametrize(
    "command", ["workloads list -o json -e 'k8s:here*'", "env list", "workloads list -e k8s:x"]
)
def test_a_hostile_context_and_namespace_are_harmless(
    dashborion: Cli, cluster: Api, kube: Kube, command: str
) -> None:
    name = f"here {EVERYTHING}"
    content: dict[str, Any] = document(cluster.url, namespace=EVERYTHING)
    content["contexts"][0]["name"] = name
    write(kube(cluster.url), {**content, "current-context": name})

    seen = dashborion(command)

    _require_harmless(seen.out + seen.err)


@pytest.mark.parametrize("text", ["caf\u00e9", "\u6771\u4eac", "\U0001f600", "e\u0301"])
@pytest.mark.parametrize("output", FORMATS)
def test_harmless_text_of_any_language_stays_as_it_is(
    dashborion: Cli, cluster: Api, text: str, output: str
) -> None:
    cluster.objects |= {"deployments": [deployment(text)], "statefulsets": []}

    seen = dashborion(f"workloads list -o {output}")

    if output == "yaml":  # libyaml writes what is beyond 16 bits as an escape, which is the same
        assert yaml.safe_load(seen.out)[0]["name"] == text
    else:
        assert text in seen.out


def test_colour_on_a_terminal_ends_where_the_cell_ends(dashborion: Cli, cluster: Api) -> None:
    cluster.objects |= {"deployments": [deployment("a\x1b[31mb")], "statefulsets": []}

    seen = dashborion("workloads list --color always", tty=True, width=120)

    codes = re.findall("\x1b[^m]*m", seen.out)
    assert codes
    assert codes[-1] == "\x1b[0m"
    assert "a\x1b" not in seen.out


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        *((f"{sign}SUM(1)", f"'{sign}SUM(1)") for sign in "\uff1d\uff0b\uff0d\uff20"),
        ("-12.5", "-12.5"),
        ("-", "-"),
    ],
)
def test_no_cell_of_csv_is_a_formula(
    dashborion: Cli, api: Api, kube: Kube, name: str, cell: str
) -> None:
    kube(api.url)
    web = api.objects["deployments"][0]
    api.objects["deployments"] = [{**web, "metadata": {**web["metadata"], "name": name}}]
    rows = list(csv.reader(io.StringIO(dashborion("workloads list -o csv --columns name").out)))
    assert [cell] in rows
