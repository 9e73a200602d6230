"""Lists in chunks: merged, never repeated, never silently short."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli
from tests.support.misbehaviour import body, cut, page, status
from tests.support.stub_api import Api
from tests.support.stub_objects import pod

NAMES = [f"web-{number}" for number in range(7)]
EXPIRED = "The provided continue parameter is too old"


@pytest.fixture
def many(cluster: Api) -> Api:
    """Seven pods, two at a time."""
    cluster.objects["pods"] = [pod(name) for name in NAMES]
    cluster.chunk = 2
    return cluster


def test_chunks_make_one_list(dashborion: Cli, many: Api) -> None:
    assert dashborion("instances list -o name").lines == NAMES

    assert [one.query.get("continue") for one in many.to("pods")] == [None, "2", "4", "6"]
    assert {one.query["limit"] for one in many.to("pods")} == {"500"}


def test_a_restriction_is_repeated_with_every_chunk(dashborion: Cli, many: Api) -> None:
    assert dashborion("instances list -l app=web -o name").lines == NAMES

    assert {one.query["labelSelector"] for one in many.to("pods")} == {"app=web"}
    assert len({one.query["fieldSelector"] for one in many.to("pods")}) == 1


def test_a_forgotten_version_goes_on_with_the_token_given_without_repeating_an_object(
    dashborion: Cli, many: Api
) -> None:
    many.on("*/pods", status(410, EXPIRED, reason="Expired", token="1"), times=1, after=2)

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.err) == (0, "")
    assert seen.lines == NAMES
    assert [one.query.get("continue") for one in many.to("pods")] == [
        None, "2", "4", "1", "3", "5",
    ]  # fmt: skip


def test_a_forgotten_version_without_a_token_starts_the_list_again(
    dashborion: Cli, many: Api
) -> None:
    many.on("*/pods", status(410, EXPIRED, reason="Expired"), times=1, after=2)

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines, seen.err) == (0, NAMES, "")
    asked = [one.query.get("continue") for one in many.to("pods")]
    assert asked == [None, "2", "4", None, "2", "4", "6"]


def test_an_object_deleted_before_the_list_starts_again_is_not_in_it(
    dashborion: Cli, many: Api
) -> None:
    def expire(exchange: object) -> None:
        del many.objects["pods"][0]
        status(410, EXPIRED)(exchange)  # type: ignore[arg-type]

    many.on("*/pods", expire, times=1, after=1)

    assert dashborion("instances list -o name").lines == NAMES[1:]


@pytest.mark.parametrize("token", [None, "2"], ids=["without a token", "with a token"])
def test_a_version_that_is_always_forgotten_is_an_error_and_no_storm(
    dashborion: Cli, many: Api, token: str | None
) -> None:
    many.on("*/pods", status(410, EXPIRED, token=token), continued=True)

    seen = dashborion("instances list -o json", seconds=0.5)

    assert seen.exit_code == 6
    assert len(many.to("pods")) < 50


def test_a_first_chunk_that_is_gone_is_an_error(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", status(410, EXPIRED))

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert EXPIRED in seen.error["message"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(page(500), id="500"),
        pytest.param(cut, id="cut short"),
        pytest.param(body({}), id="another shape"),
        pytest.param(page(404), id="404"),
        pytest.param(status(403, "pods is forbidden"), id="403"),
        pytest.param(status(400, "continue key is not valid"), id="400"),
    ],
)
def test_a_chunk_that_fails_for_good_costs_the_whole_list(
    dashborion: Cli, many: Api, fault: object
) -> None:
    many.on("*/pods", fault, after=2)  # type: ignore[arg-type]

    seen = dashborion("instances list -o json")

    assert seen.exit_code in (4, 6), "what the server said of our own token is not a usage error"
    assert seen.out == ""


def test_a_chunk_that_fails_once_is_asked_for_again(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", page(502), times=1, after=2)

    assert dashborion("instances list -o name").lines == NAMES

    assert [one.query.get("continue") for one in many.to("pods")] == [None, "2", "4", "4", "6"]


def test_a_server_that_gives_the_same_token_for_ever_is_an_error_and_no_storm(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/pods", body({"metadata": {"continue": "again"}, "items": [pod()]}))

    seen = dashborion("instances list -o json", seconds=0.5)

    assert seen.exit_code == 6
    assert len(cluster.to("pods")) < 25


def test_empty_chunks_in_between_do_not_end_the_list(dashborion: Cli, many: Api) -> None:
    many.on("*/pods", body({"metadata": {"continue": "0"}, "items": []}), times=1)

    assert dashborion("instances list -o name").lines == NAMES


def test_items_that_are_null_are_an_empty_list(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/pods", body({"metadata": {}, "items": None}))

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.json) == (0, [])


@pytest.mark.parametrize("raw", ["", " --raw"])
def test_the_same_name_in_two_namespaces_is_two_objects(
    dashborion: Cli, cluster: Api, raw: str
) -> None:
    cluster.objects["pods"] = [pod("web-1", "default"), pod("web-1", "other")]

    assert len(dashborion(f"instances list -A -o json{raw}").json) == 2
