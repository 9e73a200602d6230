"""An EKS environment is no way round the flags of its kubeconfig's context."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.eks.conftest import CLUSTER, REGION, Eks, write_environments
from tests.support.cli import Cli

EKS = {"orchestrator": "eks", "cluster": CLUSTER, "region": REGION}


@pytest.mark.parametrize(
    ("flagged", "code"),
    [({"context": "here"}, 1), ({"context": "here", "namespace": "prod"}, 0)],
    ids=["the whole cluster", "another namespace"],
)
def test_an_eks_environment_of_a_flagged_context(
    dashborion: Cli,
    eks: Eks,
    home: Path,
    kube: Callable[..., None],
    flagged: dict[str, str],
    code: int,
) -> None:
    kube("aws", "eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION)
    prod = {"orchestrator": "kubernetes", **flagged, "read_only": True}
    write_environments(home, {"prod": prod, "mine": EKS})
    seen = dashborion("workloads restart web -e mine --dry-run")
    assert seen.exit_code == code, seen.err
    assert ("mine is prod of" in seen.err) == bool(code)
