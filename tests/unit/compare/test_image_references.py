"""Names of images in their parts, and digests in what runtimes tell of what they run."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.images import Reference, running_digest
from tests.support.definitions import digest

D = digest(7)


@pytest.mark.parametrize(
    ("text", "repository", "tag", "pinned"),
    [
        ("web", "docker.io/library/web", "latest", None),
        ("team/web:1", "docker.io/team/web", "1", None),
        ("docker.io/web:1", "docker.io/library/web", "1", None),
        ("registry.example/shop/web:1.0", "registry.example/shop/web", "1.0", None),
        ("localhost:5000/web", "localhost:5000/web", "latest", None),
        (f"localhost:5000/web@{D}", "localhost:5000/web", None, D),
        (f"registry.example/web:1@{D}", "registry.example/web", "1", D),
    ],
)
def test_an_image_in_parts(text: str, repository: str, tag: str | None, pinned: str | None) -> None:
    assert Reference.parse(text) == Reference(repository, tag, pinned)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(f"registry.example/web@{D}", D, id="containerd"),
        pytest.param(f"docker-pullable://registry.example/web@{D}", D, id="dockershim"),
        pytest.param(D, None, id="the id of a config, which nobody can pull"),
        pytest.param(f"docker://{D}", None, id="the same of dockershim"),
        pytest.param(f"registry.example/other@{D}", None, id="another repository"),
        pytest.param("registry.example/web@sha256:abc", None, id="no digest"),
        pytest.param("", None, id="nothing"),
        pytest.param(None, None, id="null"),
    ],
)
def test_what_runs_is_certain_only_with_its_repository(
    told: str | None, expected: str | None
) -> None:
    assert running_digest("registry.example/web:1", told) == expected


def test_docker_hub_is_written_out_by_runtimes() -> None:
    assert running_digest("nginx:1", f"docker.io/library/nginx@{D}") == D
