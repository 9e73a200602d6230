"""Names as users type them reach the API as names: never as a path, a query or another filter."""

from __future__ import annotations

import shlex
from urllib.parse import unquote

import pytest

from tests.support.cli import Cli
from tests.support.stub_api import Api
from tests.support.stub_objects import deployment, pod
from tests.support.waiting import PATIENCE_SECONDS

NAMES = {
    "dots": "..",
    "a dot": ".",
    "encoded dots": "%2e%2e",
    "encoded slash": "web%2f..%2fapi",
    "a query": "web?x=1",
    "a fragment": "web#x",
    "a parameter": "web;x=1",
    "a space": "we b",
    "a percent sign": "100%",
    "an escape": "web\x1b[31m",
    "a line": "web\r\nX-Evil: 1",
    "a null": "web\x00",
    "bidi": "web\u202egnp",
    "another language": "caf\u00e9",
    "markup": "[red]web[/red]",
    "a backslash": "web\\..\\api",
    "a field selector": "web,metadata.namespace!=x",
    "half a field selector": "web=web",
    "very long": "x" * 5000,
    "bytes that are no text": "web\udcff",
}
PATHS = {
    "climbing": "../../../secrets",
    "climbing behind a namespace": "default/../../secrets",
    "climbing behind a kind": "deployment/..",
    "absolute": "/api/v1/secrets",
    "a whole address": "https://example.com/x",
    "a namespace of dots": "../web",
    "a namespace of one dot": "./web",
    "empty parts": "//web",
}
every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
every_path = pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)
DESCRIBES = pytest.mark.parametrize(
    ("command", "plural"), [("workloads describe", "deployments"), ("instances describe", "pods")]
)


def _asked_in_place(api: Api) -> None:
    """Every path is one that the command asks for by design, with names as whole segments."""
    for one in api.requests:
        assert "secrets" not in one.path
        assert "?" not in one.path
        segments = [unquote(part) for part in one.path.split("/")]
        assert not {".", ".."} & set(segments), f"a server would resolve {one.path}"
        assert "" not in segments[1:], f"an empty name in {one.path}"
        assert "x" not in one.query
        assert "x-evil" not in one.headers


@DESCRIBES
@every_name
def test_an_odd_name_is_not_found_or_refused(
    dashborion: Cli, cluster: Api, command: str, plural: str, name: str
) -> None:
    seen = dashborion(f"{command} {shlex.quote(name)} -o json")

    assert seen.exit_code in (2, 3), plural
    assert seen.error["code"] in ("not-found", "usage")
    _asked_in_place(cluster)


@pytest.mark.parametrize("quoted", ["a query", "a fragment", "a parameter", "a space"])
@DESCRIBES
def test_an_odd_name_is_quoted_so_that_the_api_gets_it_as_it_was_typed(
    dashborion: Cli, cluster: Api, command: str, plural: str, quoted: str
) -> None:
    dashborion(f"{command} {shlex.quote(NAMES[quoted])}")

    asked = {unquote(one.path.rpartition("/")[2]) for one in cluster.to(plural)}
    assert NAMES[quoted] in asked


@DESCRIBES
@every_path
def test_a_name_that_looks_like_a_path_goes_nowhere_else(
    dashborion: Cli, cluster: Api, command: str, plural: str, name: str
) -> None:
    seen = dashborion(f"{command} {shlex.quote(name)} -o json")

    assert seen.exit_code in (2, 3), plural
    _asked_in_place(cluster)


@pytest.mark.parametrize("command", ["workloads list", "instances list", "workloads describe web"])
@every_name
def test_an_odd_namespace_is_not_found_or_refused(
    dashborion: Cli, cluster: Api, command: str, name: str
) -> None:
    seen = dashborion(f"{command} -n {shlex.quote(name)} -o json")

    assert seen.exit_code in (2, 3)
    _asked_in_place(cluster)


@pytest.mark.parametrize(
    "command", ["workloads list {}/x", "instances list -w {}/web", "instances list -w {}"]
)
@every_name
def test_an_odd_name_in_an_option_or_pattern_is_not_found_or_refused(
    dashborion: Cli, cluster: Api, command: str, name: str
) -> None:
    seen = dashborion(f"{command.format(shlex.quote(name))} -o json")

    assert seen.exit_code in (2, 3) or (seen.exit_code == 0 and seen.json == [])
    _asked_in_place(cluster)


@pytest.mark.parametrize("name", ["", " ", "/", "default/"])
@DESCRIBES
def test_a_name_without_a_name_is_refused(
    dashborion: Cli, cluster: Api, command: str, plural: str, name: str
) -> None:
    seen = dashborion(f"{command} {shlex.quote(name)} -o json")

    assert seen.exit_code in (2, 3), plural
    _asked_in_place(cluster)


def test_an_empty_namespace_is_not_all_namespaces(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["deployments"].append(deployment("hidden", "elsewhere"))

    seen = dashborion("workloads list -n '' -o json")

    assert seen.exit_code == 2 or "hidden" not in seen.out


@pytest.mark.parametrize(
    "name", ["web,metadata.namespace=default", "web,status.phase=Running", "web\\", "a=b,c==d"]
)
def test_a_name_in_a_field_selector_is_escaped(dashborion: Cli, cluster: Api, name: str) -> None:
    seen = dashborion(f"workloads describe {shlex.quote(name)} -A -o json")

    assert seen.exit_code in (2, 3)
    asked = {one.query["fieldSelector"] for one in cluster.requests if "fieldSelector" in one.query}
    escaped = name.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
    assert asked <= {f"metadata.name={escaped}"}


@pytest.mark.parametrize(
    "selector",
    ["app=web&limit=1", "app=web#x", "app in (web,api)", "a=%26", "app=caf\u00e9", "app=\x1b[2J"],
)
def test_a_selector_is_one_parameter(dashborion: Cli, cluster: Api, selector: str) -> None:
    dashborion(f"instances list -l {shlex.quote(selector)}")

    (asked,) = cluster.to("pods")
    assert asked.query["labelSelector"] == selector
    assert asked.query["limit"] == "500"


@pytest.mark.parametrize("pattern", ["[", "[!", "w[e", "[z-a]*", "[[:alpha:]]", "*" * 50 + "b"])
def test_a_pattern_that_means_nothing_matches_nothing_and_is_quick(
    dashborion: Cli, cluster: Api, pattern: str
) -> None:
    cluster.objects["deployments"] = [deployment("a" * 60)]

    seen = dashborion(f"workloads list {shlex.quote(pattern)} --type deploy -o json")

    assert seen.exit_code in (0, 2, 3)
    assert seen.out in ("[]\n", "")
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_a_prefix_is_not_a_pattern(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["pods"] = [pod("web-1"), pod("web-2")]

    assert dashborion("instances describe 'web-*'").exit_code == 3
    assert dashborion("instances describe web-2 -o name").lines == ["web-2"]
