"""What a real container runtime tells of an image that was put onto its node.

It has no registry's digest: containerd tells the id of its config, which nobody can pull.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.boxes import box, box_deployment
from tests.support.cli import Cli
from tests.support.real_namespace import Space


@pytest.fixture
def other(here: Space) -> Iterator[Space]:
    space = Space.on(here.plane, f"{here.name}-other")
    yield space
    space.clear()


def test_an_image_without_a_registrys_digest_is_not_known_and_not_deployed(
    dashborion: Cli, here: Space, other: Space
) -> None:
    for space in (here, other):
        space.add(box_deployment("web", box()))
    (pod,) = here.pods("web")
    (status,) = pod["status"]["containerStatuses"]
    assert status["imageID"].startswith("sha256:")

    (found,) = dashborion(f"workloads diff k8s:real/{other.name} k8s:real/{here.name} -o json").json
    (row,) = found["differences"]
    assert (row["field"], row["kind"], found["same"]) == ("image.digest", "unknown", None)

    deploy = f"workloads deploy web --image-from k8s:real/{other.name} --dry-run -o json"
    refused = dashborion(deploy)
    assert (refused.exit_code, refused.error["code"]) == (1, "refused")
    assert "--by-tag" in refused.error["hint"]
    taken = dashborion(f"{deploy} --by-tag")
    assert (taken.exit_code, taken.json["after"]) == (0, pod["spec"]["containers"][0]["image"])
