"""Long lists are written while the rest is still fetched; one that ends early is not closed."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable

import pytest
import yaml

from tests.support.cli import Cli, start
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.misbehaviour import Exchange, cut, status
from tests.support.stub_api import Api
from tests.support.stub_objects import metadata, pod
from tests.support.waiting import PATIENCE_SECONDS

COUNT = 2600  # more than is held back, and not a whole number of chunks
NAMES = [f"web-{number:05}" for number in range(COUNT)]


@pytest.fixture
def many(cluster: Api) -> Api:
    cluster.objects["pods"] = [pod(name) for name in NAMES]
    return cluster


def _gated(api: Api) -> threading.Event:
    """The fifth chunk is not given before this is set."""
    gate = threading.Event()

    def wait(exchange: Exchange) -> None:
        gate.wait(PATIENCE_SECONDS)
        status(503)(exchange)  # to be asked again

    api.on("*/pods", wait, times=1, after=4)
    return gate


FORMATS: dict[str, Callable[[str], list[str]]] = {
    "-o json": lambda text: [one["name"] for one in json.loads(text)],
    "-A -o json": lambda text: [one["name"] for one in json.loads(text)],
    "-A": lambda text: [line.split("\t")[1] for line in text.splitlines()[1:]],
    "-A -o wide": lambda text: [line.split("\t")[1] for line in text.splitlines()[1:]],
    "-A -o csv --columns name": lambda text: text.split()[1:],
    "-A -o name": lambda text: [line.removeprefix("default/") for line in text.splitlines()],
    "--raw": lambda text: [one["metadata"]["name"] for one in json.loads(text)],
}


@pytest.mark.parametrize("options", FORMATS)
def test_the_first_rows_are_written_while_the_server_holds_back_the_last(
    many: Api, options: str
) -> None:
    gate = _gated(many)
    with start(f"instances list {options}") as process:
        assert process.stdout
        early = os.read(process.stdout.fileno(), 1000)  # waits for it, in vain if nothing streams
        held_back = not gate.is_set()
        gate.set()
        rest, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert early
    assert held_back
    assert (process.returncode, err) == (0, b"")
    assert FORMATS[options]((early + rest).decode()) == NAMES


def test_yaml_in_pieces_is_one_document(dashborion: Cli, many: Api) -> None:
    del many.objects["pods"][600:]

    seen = dashborion("instances list -o yaml")

    assert [one["name"] for one in yaml.load(seen.out, yaml.CSafeLoader)] == NAMES[:600]


@pytest.mark.parametrize("options", ["-o json", "-A", "-A -o csv"])
def test_a_list_that_fails_in_the_middle_has_its_rows_and_the_error(
    dashborion: Cli, many: Api, options: str
) -> None:
    many.on("*/pods", cut, after=4)

    seen = dashborion(f"instances list {options}", fails_with_rows=True)

    assert seen.exit_code == 6
    assert NAMES[1999] in seen.out
    assert "error" in seen.err
    if "json" in options:
        assert not seen.out.rstrip().endswith("]"), "an interrupted array is not closed"
        assert len(json.loads(seen.out + "]")) == 2000


def test_an_interrupt_in_the_middle_leaves_the_array_unclosed(many: Api) -> None:
    gate = _gated(many)
    with start("instances list -o json") as process:
        assert process.stdout
        early = os.read(process.stdout.fileno(), 1000)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=PATIENCE_SECONDS)
        gate.set()

    assert (process.returncode, err) == (130, b"")
    assert not (early + rest).rstrip().endswith(b"]")


def test_a_list_that_fails_before_much_was_read_prints_nothing(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", cut, after=1)

    assert dashborion("instances list -o json").out == ""


def test_rows_in_another_order_are_sorted(dashborion: Cli, many: Api) -> None:
    many.objects["pods"].reverse()

    seen = dashborion("instances list -o json")

    assert [one["name"] for one in seen.json] == NAMES


def test_a_namespace_comes_where_kubectl_has_it(dashborion: Cli, cluster: Api) -> None:
    places = ["a-b", "a.b", "a", "a0", "b"]  # etcd's order: a slash ends the namespace
    cluster.objects["pods"] = [pod("web", place) for place in places]

    seen = dashborion("instances list -A -o json")

    assert [one["namespace"] for one in seen.json] == places


def test_a_list_that_has_to_start_again_repeats_no_row(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", status(410, "too old"), times=1, after=4)

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, [one["name"] for one in seen.json]) == (0, NAMES)


def _two(api: Api, other: Api, kube: Kube) -> None:
    content = merged(document(api.url, context="a"), document(other.url, context="b"))
    write(kube(api.url), content)


BOTH = "instances list -e k8s:a -e k8s:b"


def test_environments_follow_one_another(dashborion: Cli, many: Api, kube: Kube) -> None:
    with Api() as other:
        other.objects["pods"] = [pod("one")]
        _two(many, other, kube)

        seen = dashborion(f"{BOTH} -A")

    rows = [line.split("\t")[:3] for line in seen.lines]
    assert rows[0] == ["ENVIRONMENT", "NAMESPACE", "NAME"]
    assert rows[1:] == [
        *(["k8s:a", "default", name] for name in NAMES),
        ["k8s:b", "default", "one"],
    ]


@pytest.mark.parametrize(
    ("after", "closed", "count"),
    [
        pytest.param(1, True, 1, id="before anything of it was written"),
        pytest.param(4, False, 2001, id="in the middle"),
    ],
)
def test_one_environment_that_fails_does_not_cost_the_others_rows(
    dashborion: Cli, many: Api, kube: Kube, after: int, closed: bool, count: int
) -> None:
    many.on("*/pods", cut, after=after)
    with Api() as other:
        other.objects["pods"] = [pod("one")]
        _two(many, other, kube)

        seen = dashborion(f"{BOTH} -o json")

    assert seen.exit_code == 5
    assert seen.out.rstrip().endswith("]") is closed
    assert len(json.loads(seen.out if closed else seen.out + "]")) == count
    assert json.loads(seen.err.splitlines()[0])["error"]["environment"] == "k8s:a"


def test_an_empty_list_is_an_empty_array_and_a_note(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["pods"] = []
    cluster.objects["namespaces"].append({"metadata": metadata("default", None)})

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.json) == (0, [])
    assert "no instances found" in seen.err


def test_sorted_by_a_column_everything_is_read_first(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", cut, after=4)

    assert dashborion("instances list -o json --sort -name").out == ""


def test_an_unknown_column_is_an_error_before_anything_is_asked(dashborion: Cli, many: Api) -> None:
    seen = dashborion("instances list -A --columns magic")

    assert (seen.exit_code, seen.out) == (2, "")
