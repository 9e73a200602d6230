"""A terminal gets a fitted table with ages, a pipe gets everything."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from dashborion.models.cause import Code
from dashborion.models.workload import Endpoint, EndpointType, Resources, Workload
from dashborion.render import Format, Style, show_list
from dashborion.render.columns import Column, comparable, short_image
from dashborion.render.table import fitted
from dashborion.render.views.workloads import ENDPOINTS, WORKLOADS
from dashborion.streams import Streams, age
from tests.support.render_samples import NOW, workload


def rendered(items: list[Workload], style: Style, *, tty: bool = False, width: int = 100) -> str:
    streams = Streams.test(tty=tty, width=width)
    show_list(streams, WORKLOADS, items, style, now=NOW)
    return streams.out.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_table_on_a_terminal(three: list[Workload]) -> None:
    expected = """\
    NAME                         TYPE        STATUS    READY  ROLLOUT   REASON            RESTARTS  IMAGE    UPDATED
    web                          deployment  running   2/2    complete  -                        0  web:1.2  2d
    api                          deployment  degraded  1/3    complete  CrashLoopBackOff        13  web:1.2  9m
    job-runner-with-a-long-name  deployment  running   0/0    complete  -                        -  web:1.2  -
    """  # noqa: E501
    assert rendered(three, Style(), tty=True, width=120) == dedent(expected)


def test_the_table_at_80_columns(three: list[Workload]) -> None:
    expected = """\
    NAME              STATUS    READY  ROLLOUT   REASON            RESTARTS  UPDATED
    web               running   2/2    complete  -                        0  2d
    api               degraded  1/3    complete  CrashLoopBackOff        13  9m
    job-runner-with…  running   0/0    complete  -                        -  -
    """
    assert rendered(three, Style(), tty=True, width=80) == dedent(expected)


def test_where_the_api_has_no_word_the_code_of_the_cause_is_shown(three: list[Workload]) -> None:
    shown = [workload("web", cause=Code.UNAVAILABLE), *three]
    rows = rendered(shown, Style(columns=["name", "reason", "cause"])).splitlines()
    assert rows[1:3] == ["web\tunavailable\tunavailable", "web\t-\t-"]


def test_the_table_in_a_pipe(three: list[Workload]) -> None:
    rows = [line.split("\t") for line in rendered(three, Style()).splitlines()]
    assert rows == [
        ["NAME", "TYPE", "STATUS", "READY", "ROLLOUT", "IMAGE", "CREATED"],
        ["web", "k8s-deployment", "running", "2/2", "complete",
         "registry.example.com/team/web:1.2", "2026-03-01T11:56:40Z"],
        ["api", "k8s-deployment", "degraded", "1/3", "complete",
         "registry.example.com/team/web:1.2", "2026-03-01T11:56:40Z"],
        ["job-runner-with-a-long-name", "k8s-deployment", "running", "0/0", "complete",
         "registry.example.com/team/web:1.2", "-"],
    ]  # fmt: skip


def test_csv_has_every_column_and_leaves_the_unknown_empty() -> None:
    out = rendered([workload(created_at=None, image='a"b,c')], Style(format=Format.CSV))
    head, row = out.splitlines()
    assert head.startswith("name,type,status,ready,rollout,reason,restarts,image,created,updated,")
    assert row.startswith('web,k8s-deployment,running,2/2,complete,,,"a""b,c",,,')


def test_no_headers(three: list[Workload]) -> None:
    for tty in (True, False):
        assert rendered(three, Style(headers=False), tty=tty).splitlines()[0].startswith("web")


def test_columns_in_the_order_asked_for(three: list[Workload]) -> None:
    out = rendered(three, Style(columns=["STATUS", "name"]))
    assert out.splitlines()[:2] == ["STATUS\tNAME", "running\tweb"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        pytest.param("name", ["api", "job-runner-with-a-long-name", "web"], id="a name"),
        pytest.param("-ready", ["web", "api", "job-runner-with-a-long-name"], id="descending"),
        pytest.param("created", ["web", "api", "job-runner-with-a-long-name"], id="unknown last"),
        pytest.param("-created", ["web", "api", "job-runner-with-a-long-name"], id="still last"),
    ],
)
def test_rows_are_sorted_by_a_column(three: list[Workload], sort: str, expected: list[str]) -> None:
    out = rendered(three, Style(columns=["name"], sort=sort, headers=False))
    assert out.split() == expected


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [
        (["250m", "2", "1500m"], ["512Mi", "2Gi", "1025Mi"]),
        (["256", "2048", "1024"], ["512", "4096", "2048"]),
    ],
    ids=["kubernetes", "ecs"],
)
@pytest.mark.parametrize("key", ["cpu", "memory"])
def test_amounts_are_sorted_as_numbers(key: str, cpu: list[str], memory: list[str]) -> None:
    shown = [
        workload(
            name, cpu=one, memory=two, resources=Resources(cpu_millicores=order, memory_mib=order)
        )
        for name, one, two, order in zip("acb", cpu, memory, (1, 3, 2), strict=True)
    ]
    out = rendered(shown, Style(columns=["name"], sort=key, headers=False))
    assert out.split() == ["a", "b", "c"]


def test_a_column_is_named_as_its_header_on_a_terminal_too(three: list[Workload]) -> None:
    style = Style(columns=["name", "age"], sort="AGE", headers=False)
    assert rendered(three, style).split()[0] == "web"


@pytest.mark.parametrize("value", ["10/10", "2Gi", "10", "9m", 2, 0.5])
def test_texts_that_are_numbers_compare_as_numbers(value: str | float) -> None:
    assert comparable("1m") < comparable(value) < comparable("a")


def test_a_table_that_was_asked_for_is_drawn_in_a_pipe_too(three: list[Workload]) -> None:
    drawn = rendered(three, Style(), tty=True)
    assert rendered(three, Style(format=Format.TABLE)) == drawn
    assert rendered(three, Style(format=Format.TSV), tty=True) == rendered(three, Style())


def test_colour_only_where_it_is_wanted(three: list[Workload]) -> None:
    assert "\x1b" not in rendered(three, Style(), tty=True)
    streams = Streams.test(tty=True, width=100)
    streams.set_color("always", {})
    show_list(streams, WORKLOADS, three, Style(), now=NOW)
    assert "\x1b[31mdegraded" in streams.out.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("color", "environ", "expected"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, True),
        ("auto", {"TERM": "dumb"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {}, False),
    ],
)
def test_no_color_and_the_option(color: str, environ: dict[str, str], *, expected: bool) -> None:
    streams = Streams.test(tty=True)
    streams.set_color(color, environ)  # type: ignore[arg-type]
    assert streams.out_color is expected


@pytest.mark.parametrize("width", [20, 40, 60, 80, 108, 300])
def test_no_column_that_was_asked_for_is_dropped(three: list[Workload], width: int) -> None:
    style = Style(columns=["name", "type", "image"])
    head = rendered(three, style, tty=True, width=width).splitlines()[0]
    assert head.split() == [one.title or one.header for one in WORKLOADS.chosen(style)]


@pytest.mark.parametrize("width", [80, 120, 160, 300])
def test_a_wide_table_fits_and_says_what_it_has_no_room_for(
    three: list[Workload], width: int
) -> None:
    streams = Streams.test(tty=True, width=width)
    show_list(streams, WORKLOADS, three, Style(format=Format.WIDE), now=NOW)
    lines = streams.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    said = streams.err.getvalue()  # type: ignore[attr-defined]
    for column in WORKLOADS.columns:
        title = column.title or column.header
        if column.wide and any(column.value(one) is not None for one in three):
            assert (title in lines[0]) is (title not in said), title
        elif title in ("IMAGE", "UPDATED", "RESTARTS", "REASON"):
            assert title in lines[0] or title in said or not any(map(column.value, three)), title
    assert ("no room" in said) is (width <= 120)


def test_the_memory_of_ecs_has_its_unit_on_a_terminal(three: list[Workload]) -> None:
    """And a pipe has what the API says."""
    item = workload(memory="512", resources=Resources(cpu_millicores=250, memory_mib=512))
    style = Style(columns=["memory"])
    assert rendered([item], style, tty=True).splitlines()[1].strip() == "512Mi"
    wide = rendered([item], Style(format=Format.WIDE), tty=True, width=300)
    assert "512Mi" in wide
    assert rendered([item], style).splitlines()[1] == "512"


@pytest.mark.parametrize("width", [80, 60])
def test_the_namespace_stays_where_it_tells_rows_apart(width: int) -> None:
    """Bug: two workloads of the same name looked alike with ``-A`` at 80 columns."""
    image = "registry.example.com/team/a-long-name-of-an-image:2026.11.27"
    rows = [workload(namespace=f"media-{name}", image=image) for name in ("staging", "production")]
    style = Style(extra=frozenset({"namespace"}))
    assert "media-staging" in rendered(rows, style, tty=True, width=width)
    alike = [workload(namespace="shop", image=image, name=name) for name in ("a" * 30, "b" * 30)]
    assert "NAMESPACE" not in rendered(alike, style, tty=True, width=width)


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        (200, set()),
        (100, {"TYPE"}),
        (80, {"TYPE", "IMAGE"}),
        (70, {"TYPE", "IMAGE", "RESTARTS"}),
        (60, {"TYPE", "IMAGE", "RESTARTS", "UPDATED"}),
    ],
)
def test_the_least_important_columns_go_where_there_is_no_room(
    three: list[Workload], width: int, gone: set[str]
) -> None:
    whole = rendered(three, Style(), tty=True, width=300).splitlines()[0].split()
    head = rendered(three, Style(), tty=True, width=width).splitlines()[0].split()
    assert set(whole) - set(head) == gone


def test_a_column_without_any_value_is_not_drawn(three: list[Workload]) -> None:
    unknown = [workload(one.name, created_at=None) for one in three]
    assert "AGE" not in rendered(unknown, Style(), tty=True).split()
    assert "CREATED" in rendered(unknown, Style())


def test_environments_of_several_projects_are_one_column_on_a_terminal() -> None:
    shown = [workload("web", project=name) for name in ("shop", "media")]
    style = Style(extra=frozenset({"project", "environment"}))
    assert rendered(shown, style, tty=True).split()[0] == "ENV"
    assert "shop/k8s:demo" in rendered(shown, style, tty=True)
    assert rendered(shown, style).startswith("PROJECT\tENVIRONMENT\t")


def test_a_long_image_keeps_its_tag() -> None:
    shown = [workload("web", image="example.com/a-very-long-name-of-an-image:10.4.1")]
    assert "…of-an-image:10.4.1" in rendered(shown, Style(columns=["image"]), tty=True, width=19)


def test_a_table_is_as_wide_as_the_terminal_if_its_columns_give_way() -> None:
    items = [workload("n" * 60, image="example.com/" + "i" * 60)]
    lines = rendered(items, Style(), tty=True, width=80).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "…" in lines[1]


def test_wide_characters_keep_their_columns_in_line() -> None:
    out = rendered([workload("東京"), workload("web")], Style(columns=["name", "ready"]), tty=True)
    assert out.splitlines()[1:] == ["東京  2/2", "web   2/2"]


def test_the_column_with_the_highest_shrink_gives_way_first() -> None:
    columns = [
        Column("a", str, shrink=1, min_width=5),
        Column("b", str),
        Column("c", str, shrink=2, min_width=5),
    ]
    assert fitted(columns, [20, 10, 20], 50) == [20, 10, 20]
    assert fitted(columns, [20, 10, 20], 40) == [20, 10, 10]
    assert fitted(columns, [20, 10, 20], 30) == [15, 10, 5]
    assert fitted(columns, [20, 10, 20], 5) == [5, 10, 5]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"),
        (3600 * 2, "120m"), (3600 * 3, "3h"), (3600 * 7 + 60, "7h1m"), (3600 * 8, "8h"),
        (3600 * 47, "47h"), (86400 * 2, "2d"), (86400 * 7 + 3600, "7d1h"), (86400 * 8, "8d"),
        (86400 * 729, "729d"), (86400 * 365 * 3, "3y"), (86400 * 365 * 8, "8y"),
    ],
)  # fmt: skip
def test_ages_are_those_of_kubectl(seconds: int, expected: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("image", "short"),
    [
        (None, None),
        ("web", "web"),
        ("registry.example.com:5000/team/web:1.2", "web:1.2"),
        (f"example.com/web@sha256:{'ab' * 32}", "web@sha256:abababababab"),
    ],
)
def test_images_are_shortened(image: str | None, short: str | None) -> None:
    assert short_image(image) == short


def test_the_endpoints_of_a_load_balancer_fit_a_terminal() -> None:
    """Bug: an address of AWS' own, 50 characters long, does not give way."""
    one = Endpoint(
        type=EndpointType.TARGET_GROUP,
        name="web-staging",
        address="web-staging-1766875812.eu-west-3.elb.amazonaws.com",
        port=443,
        protocol="HTTPS",
        url="https://www.staging.shop.example/",
        healthy=2,
        total=2,
    )
    streams = Streams.test(tty=True, width=80)
    show_list(streams, ENDPOINTS, [one], Style(), now=NOW)
    lines = streams.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(len(line) for line in lines) <= 80
    assert "https://ww" in lines[1]
