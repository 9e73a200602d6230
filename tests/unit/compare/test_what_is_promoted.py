"""Which images one environment's containers give to another's, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.engines.promotion import Repository, Wanted, promotion
from dashborion.errors import DashborionError, NotFound, Refusal, UsageError
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.models.workload import WorkloadStatus
from dashborion.orchestrators.protocol import Running, RunningContainer
from tests.support.definitions import (
    ECS_STAGING,
    K8S_PRODUCTION,
    K8S_STAGING,
    digest,
    on_ecs,
    on_kubernetes,
)

OURS, THEIRS = "registry.example/shop/web", "mirror.example/web"
D1, D2 = digest(1), digest(2)


def container(
    image: str = f"{OURS}:1.0", *digests: str | None, name: str = "web", init: bool = False
) -> RunningContainer:
    return RunningContainer(name, image, digests, init)


def running(
    *containers: RunningContainer,
    environment: Environment = K8S_STAGING,
    architectures: frozenset[str] | None = None,
    **workload: Any,
) -> Running:
    make = on_ecs if environment.orchestrator == "ecs" else on_kubernetes
    item = replace(make(environment=environment).item, **workload)
    return Running(environment, item, containers, architectures)


def target(*containers: RunningContainer, **more: Any) -> Running:
    there = containers or (container(f"{OURS}:0.9", D2),)
    return running(*there, **{"environment": K8S_PRODUCTION, **more})


def images(source: Running, to: Running | None = None, **wanted: Any) -> list[tuple[str, str]]:
    found = promotion(source, to or target(), Wanted(**wanted))
    return [(one.container, one.image) for one in found.promoted]


def test_what_runs_is_deployed_by_digest_alone() -> None:
    assert images(running(container(f"{OURS}:1.0", D1))) == [("web", f"{OURS}@{D1}")]


def test_the_tag_is_deployed_if_it_is_asked_for() -> None:
    source = running(container(f"{OURS}:1.0", D1))
    assert images(source, by_tag=True) == [("web", f"{OURS}:1.0")]
    assert any(D1 in note for note in promotion(source, target(), Wanted(by_tag=True)).notes)


UNDER_WAY = Rollout(state=RolloutState.PROGRESSING, revision="2", message="1 of 2")


@pytest.mark.parametrize(
    ("source", "wanted", "error", "said"),
    [
        pytest.param(
            running(container(f"{OURS}:1.0", D1, D2)), {"force": True}, Refusal,
            "run different images", id="mixed digests, always",
        ),
        pytest.param(
            running(container(f"{OURS}:1.0", D1, D2)), {"by_tag": True}, Refusal,
            "run different images", id="mixed digests, by tag as well",
        ),
        pytest.param(
            running(container(f"{OURS}:1.0", D1, None)), {}, Refusal, "an unknown one",
            id="one that is not certain among them",
        ),
        pytest.param(
            running(container(f"{OURS}:1.0", D1), rollout=UNDER_WAY), {}, Refusal,
            "the rollout of web in shop/staging is progressing: 1 of 2", id="a rollout under way",
        ),
        pytest.param(
            running(container(f"{OURS}:1.0", None)), {"force": True}, Refusal,
            "nobody tells which image", id="a digest that is not certain",
        ),
        pytest.param(
            running(container(f"{OURS}@{D1}", D1)), {"by_tag": True}, UsageError, "has no tag",
            id="by tag without one",
        ),
        pytest.param(
            running(container(), status=WorkloadStatus.STOPPED), {"force": True}, UsageError,
            "nothing runs of web in shop/staging", id="a parked workload",
        ),
        pytest.param(
            running(container()), {}, UsageError, "nothing runs", id="nothing has begun",
        ),
        pytest.param(
            running(container(f"{THEIRS}:1.0", D1)), {"force": True}, UsageError,
            f"from {THEIRS} in shop/staging, and from {OURS} in shop/production",
            id="another repository",
        ),
        pytest.param(
            running(container(f"{OURS}:1.0", D1, init=True)), {}, Refusal, "no container",
            id="no regular container",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(
    source: Running, wanted: Any, error: type[DashborionError], said: str
) -> None:
    with pytest.raises(error) as caught:
        images(source, **wanted)
    assert said in caught.value.message
    if "repository" in said or THEIRS in said:
        assert "--repository keep" in str(caught.value.hint)


def test_a_rollout_under_way_is_taken_by_force() -> None:
    source = running(container(f"{OURS}:1.0", D1), rollout=UNDER_WAY)
    assert images(source, force=True) == [("web", f"{OURS}@{D1}")]


@pytest.mark.parametrize(
    ("which", "expected"), [(Repository.KEEP, THEIRS), (Repository.TARGET, OURS)]
)
def test_which_repository_is_deployed_from(which: Repository, expected: str) -> None:
    source = running(container(f"{THEIRS}:1.0", D1))
    assert images(source, repository=which) == [("web", f"{expected}@{D1}")]


SIDECAR = container("registry.example/envoy:1", D1, name="proxy")
INIT = container(f"{OURS}:1.0", D1, name="migrate", init=True)
OTHER_INIT = container("busybox:1", D1, name="wait", init=True)


def test_sidecars_are_left_and_init_containers_of_the_same_repository_are_not() -> None:
    source = running(container(f"{OURS}:1.0", D1), SIDECAR, INIT, OTHER_INIT)
    to = target(container(f"{OURS}:0.9"), SIDECAR, INIT, OTHER_INIT)
    found = promotion(source, to, Wanted())
    assert [one.container for one in found.promoted] == ["web", "migrate"]
    assert "these containers are left as they are: proxy, wait" in found.notes


def test_the_main_container_may_have_another_name() -> None:
    source = running(container(f"{OURS}:1.0", D1, name="app"))
    assert images(source) == [("web", f"{OURS}@{D1}")]


def test_nobody_guesses_between_two() -> None:
    source = running(container(f"{OURS}:1.0", D1, name="app"))
    with pytest.raises(NotFound):
        images(source, target(container(), container(name="worker")))


@pytest.mark.parametrize(
    ("source", "to", "warns"),
    [
        pytest.param({"amd64"}, {"amd64"}, False, id="one platform"),
        pytest.param({"amd64"}, {"arm64"}, True, id="another"),
        pytest.param({"amd64"}, {"amd64", "arm64"}, True, id="a mixed one"),
        pytest.param(None, {"arm64"}, False, id="nobody can tell"),
    ],
)
def test_a_digest_may_be_of_one_platform(source: Any, to: Any, *, warns: bool) -> None:
    here = running(container(f"{OURS}:1.0", D1), architectures=source and frozenset(source))
    there = target(architectures=frozenset(to))
    for by_tag in (False, True):
        notes = " ".join(promotion(here, there, Wanted(by_tag=by_tag)).notes)
        assert ("one platform only" in notes) is (warns and not by_tag)


def test_how_the_other_orchestrator_pulls_is_said() -> None:
    source = running(container(f"{OURS}:1.0", D1), environment=ECS_STAGING)
    (said,) = [note for note in promotion(source, target(), Wanted()).notes if "pull" in note]
    assert said.startswith("Kubernetes pulls with imagePullSecrets")
    same = promotion(running(container(f"{OURS}:1.0", D1)), target(), Wanted()).notes
    assert not [note for note in same if "pull" in note]


def test_a_registry_that_the_target_does_not_pull_from_is_said() -> None:
    source = running(container(f"{THEIRS}:1.0", D1))
    found = promotion(source, target(), Wanted(repository=Repository.KEEP))
    assert [note for note in found.notes if "may pull from mirror.example" in note]


def test_the_tag_that_keeps_a_digest_is_said() -> None:
    notes = promotion(running(container(f"{OURS}:1.0", D1)), target(), Wanted()).notes
    assert [note for note in notes if note.startswith(f"keep tag 1.0 in {OURS}")]


def test_a_degraded_source_is_said() -> None:
    source = running(container(f"{OURS}:1.0", D1), status=WorkloadStatus.DEGRADED)
    assert "web is degraded in shop/staging" in promotion(source, target(), Wanted()).notes
