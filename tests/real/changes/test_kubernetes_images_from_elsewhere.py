"""Two namespaces of a real control plane: how they differ, and what runs in one in the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cli import Cli
from tests.support.manifests import container, deployment, image
from tests.support.real_namespace import Space

OLD, NEW = image("app"), image("app", "2.0")


@pytest.fixture
def other(here: Space) -> Iterator[Space]:
    """Another namespace, in which others have deployed something newer."""
    space = Space.on(here.plane, f"{here.name}-elsewhere")
    yield space
    space.clear()


def test_what_runs_elsewhere_is_compared_and_deployed(
    dashborion: Cli, here: Space, other: Space
) -> None:
    variable = [{"name": "MODE", "value": "made-up-value"}]
    here.add(deployment("web", container(image=OLD, env=variable), replicas=1))
    other.add(deployment("web", container(image=NEW), replicas=2))
    sides = f"k8s:real/{other.name} k8s:real/{here.name}"

    before = dashborion(f"workloads diff {sides} web -o json")
    assert before.exit_code == 0, before.err
    rows = {one["field"]: one for one in before.json[0]["differences"]}
    assert (rows["image.tag"]["left"], rows["image.tag"]["right"]) == ("2.0", "1.0")
    assert rows["image.digest"]["left"] != rows["image.digest"]["right"]
    assert (rows["replicas"]["left"], rows["replicas"]["right"]) == (2, 1)
    assert (rows["variables.MODE"]["kind"], rows["variables.MODE"]["hidden"]) == ("added", True)
    assert "made-up-value" not in before.out

    seen = dashborion(f"workloads deploy web --image-from k8s:real/{other.name} --wait -o json")
    assert seen.exit_code == 0, seen.err
    digest = rows["image.digest"]["left"]
    assert seen.json["after"] == f"{NEW.rpartition(':')[0]}@{digest}"
    assert here.get("web")["spec"]["template"]["spec"]["containers"][0]["image"].endswith(digest)

    after = dashborion(f"workloads diff {sides} web --only image -o json")
    assert after.json == [], after.out


def test_two_revisions_are_compared(dashborion: Cli, here: Space) -> None:
    name = here.add(deployment("shop", container(image=OLD)))
    only = dashborion(f"workloads history {name} --diff")
    assert (only.exit_code, "no other revision of 'shop'" in only.err) == (3, True)
    assert dashborion(f"workloads deploy {name} --image {NEW} --wait").exit_code == 0

    newest = dashborion(f"workloads history {name} --diff -o json").json
    assert (newest["left"]["revision"], newest["right"]["revision"]) == ("1", "2")
    (row,) = newest["differences"]
    assert (row["field"], row["left"], row["right"]) == ("image", OLD, NEW)

    back = dashborion(f"workloads history {name} --between 2..1 -o json").json
    assert (back["differences"][0]["left"], back["same"]) == (NEW, False)
    same = dashborion(f"workloads history {name} --between 2..2")
    assert (same.exit_code, same.out, "no differences" in same.err) == (0, "", True)
    gone = dashborion(f"workloads history {name} --between 1..9")
    assert (gone.exit_code, "no revision '9'" in gone.err) == (3, True)
