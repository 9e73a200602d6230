"""What dashborion says of random objects is what the API server's own printer says.

The printer makes the columns of ``kubectl get``. A seed and a number draw each object again:
``DASHBORION_TEST_OBJECTS=5000 DASHBORION_TEST_SEED=2 pytest
tests/real/test_agrees_with_the_printer.py`` is the chore, of 5,000 pods and 500 of each other kind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import collection_of
from tests.support.cli import Cli
from tests.support.control_plane import CURRENT, OLDEST, ControlPlane
from tests.support.random_objects import KINDS, NEWER, SPACE, kinds, objects

PODS = int(os.environ.get("DASHBORION_TEST_OBJECTS", "500"))
SEED = int(os.environ.get("DASHBORION_TEST_SEED", "1"))
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
LAST_OLD = (1, 20)
CELLS = Mapping[str, Any]
Compare = Callable[[CELLS, Any, CELLS], Iterator[tuple[Any, Any]]]


@pytest.fixture(scope="module", params=[CURRENT, OLDEST], ids=["current", "oldest"])
def still(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """A control plane on which nothing moves, full of random objects."""
    if not os.environ.get(request.param):
        pytest.skip(f"${request.param} names no folder with a control plane's programs")
    with ControlPlane.from_environment(request.param, is_moving=False) as plane:
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
        with ThreadPoolExecutor(16) as pool:
            for kind, draw in kinds(is_modern=plane.version > LAST_OLD).items():
                count = PODS if kind == "pods" else PODS // 10
                list(pool.map(partial(create, plane), objects(draw, count, SEED)))
        yield plane


def create(plane: ControlPlane, item: dict[str, Any]) -> None:
    """The object, then its status; what has a finalizer is deleted, which takes for ever."""
    plane.request("POST", (collection := collection_of(item)), item)
    path = f"{collection}/{item['metadata']['name']}"
    if "status" in item:
        change = {"status": item["status"]}
        plane.request("PATCH", f"{path}/status", change, "application/merge-patch+json")
    if "finalizers" in item["metadata"]:
        plane.request("DELETE", path)


def printed(plane: ControlPlane, path: str) -> dict[str, dict[str, Any]]:
    """The printer's cells by column, by the object's name."""
    table = plane.request("GET", path, accept=TABLE)
    names = [column["name"] for column in table["columnDefinitions"]]
    rows = [dict(zip(names, row["cells"], strict=True)) for row in table["rows"]]
    return {row["Name"]: row for row in rows}


@pytest.fixture
def ours(
    still: ControlPlane, dashborion: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], dict[str, tuple[CELLS, Any]]]:
    """A command's rows, as columns and as JSON, by the object's name."""
    path = still.write_kubeconfig(tmp_path / "kubeconfig", namespace=SPACE)
    monkeypatch.setenv("KUBECONFIG", str(path))

    def rows(command: str) -> dict[str, tuple[CELLS, Any]]:
        result = dashborion(f"{command} -o wide")
        assert result.exit_code == 0, result.err
        header, *lines = result.lines
        columns = header.split("\t")
        cells = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
        items = dashborion(f"{command} -o json").json
        return {item["name"]: (row, item) for row, item in zip(cells, items, strict=True)}

    return rows


Pairs = Iterator[tuple[Any, Any]]


def has_changed_since(ours: str, theirs: str) -> bool:
    """Whether 1.20 printed by another rule: the newer one holds everywhere.

    Of a container that ended well and one that failed it told the first; and no architecture.
    """
    return theirs in ("Completed", "NotReady") or re.sub(r" \(\w+\)$", "", ours) == plain(theirs)


def pod(cells: CELLS, item: Any, theirs: CELLS) -> Pairs:
    word = cells["STATUS"] if item["reason"] else cells["STATUS"].capitalize()
    if word == "Unschedulable":  # which the printer does not tell from any other Pending
        word = "Pending"
    yield cells["READY"], theirs["Ready"]
    yield word, theirs["Status"]
    yield cells["RESTARTS"], str(theirs["Restarts"]).split(" ")[0]
    yield cells["IP"], theirs["IP"]
    yield cells["NODE"], theirs["Node"]


def replicated(cells: CELLS, item: Any, theirs: CELLS) -> Pairs:
    yield f"{item['running']}/{item['desired']}", theirs["Ready"]
    yield item["available"], theirs.get("Available", item["available"])
    yield ",".join(item["images"]), theirs["Images"]


def daemon_set(_: CELLS, item: Any, theirs: CELLS) -> Pairs:
    yield item["desired"], theirs["Desired"]
    yield item["running"], theirs["Ready"]
    yield item["available"], theirs["Available"]


def job(cells: CELLS, _: Any, theirs: CELLS) -> Pairs:
    # Ours is better: what shall not run is suspended before its controller has written so.
    is_sooner = (cells["STATUS"], theirs["Status"]) == ("suspended", "Running")
    yield cells["STATUS"].casefold(), "suspended" if is_sooner else theirs["Status"].casefold()
    yield cells["COMPLETIONS"], theirs["Completions"]


def autoscaler(cells: CELLS, _: Any, theirs: CELLS) -> Pairs:
    yield cells["REFERENCE"], theirs["Reference"]
    yield cells["MIN"], theirs["MinPods"]
    yield cells["MAX"], str(theirs["MaxPods"])
    yield cells["REPLICAS"], str(theirs["Replicas"])
    # Ours name every metric; the printer names resources only, and stops after the second.
    values = [one.rpartition(" ")[2] for one in cells["TARGETS"].split(", ")]
    printed = re.findall(r"[^ ,]+/[^ ,]+", theirs["Targets"].replace("<unknown>", "unknown"))
    yield values[: len(printed)], printed


def plain(cell: Any) -> Any:
    """A cell without the printer's notation: what is not there is ``-`` here."""
    text = re.sub(r"<(none|unknown|unset)>", "-", str(cell)) or "-"
    text = re.sub(r"<(\w+)>", r"\1", text)
    return ",".join(sorted(text.split(",")))


def same(*columns: str) -> Compare:
    """These columns say the same here and there; ``OURS=Theirs`` if they are not called alike."""

    def compare(cells: CELLS, _: Any, theirs: CELLS) -> Pairs:
        named = {re.sub(r"[ -]", "-", name.upper()): value for name, value in theirs.items()}
        for column in columns:
            here, _, there = column.partition("=")
            yield cells[here], str(named[there or here])

    return compare


LISTS: Mapping[str, tuple[str, Compare]] = {
    "pods": ("instances list --all", pod),
    "deployments": ("workloads list --type k8s-deployment", replicated),
    "statefulsets": ("workloads list --type k8s-statefulset", replicated),
    "daemonsets": ("workloads list --type k8s-daemonset", daemon_set),
    "jobs": ("k8s jobs list", job),
    "horizontalpodautoscalers": ("k8s autoscalers list", autoscaler),
    "nodes": (
        "k8s nodes list",
        same("STATUS", "ROLES", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE",
             "KERNEL-VERSION", "CONTAINER-RUNTIME"),
    ),
    "services": (
        "k8s services list",
        same("TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORTS=PORT(S)", "SELECTOR"),
    ),
    "ingresses": ("k8s ingresses list", same("CLASS", "HOSTS", "ADDRESS", "PORTS")),
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
def test_every_cell_agrees(still: ControlPlane, ours: Any, kind: str) -> None:
    if kind in NEWER and still.version <= LAST_OLD:
        pytest.skip("1.20 prints it by rules that have changed since")
    has_changed = has_changed_since if still.version <= LAST_OLD else lambda _ours, _theirs: False
    command, compare = LISTS[kind]
    version = objects(KINDS[kind], 1)[0]["apiVersion"]
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    place = "" if kind == "nodes" else f"/namespaces/{SPACE}"
    here, there = ours(command), printed(still, f"{root}{place}/{kind}")
    assert here.keys() == there.keys()
    assert here
    different = [
        f"{name}: {ours_says!r}, the printer says {theirs_says!r}"
        for name, (cells, item) in here.items()
        for ours_says, theirs_says in compare(cells, item, there[name])
        if plain(ours_says) != plain(theirs_says)
        if not has_changed(str(ours_says), str(theirs_says))
    ]
    assert not different, "\n".join(different)
