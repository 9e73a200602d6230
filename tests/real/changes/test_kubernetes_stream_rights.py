"""Rights of what reaches into pods: a websocket needs two verbs, and the missing one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.changes.conftest import become
from tests.support.cli import Cli
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space

READS = {"": ["pods"], "apps": ["deployments", "replicasets", "statefulsets", "daemonsets"]}
STREAMS = ["pods/exec", "pods/portforward"]
VERBS = {"neither": [], "get alone": ["get"], "create alone": ["create"]}


@pytest.fixture(scope="module")
def web(space: Space) -> str:
    space.allow("nobody", READS)
    return space.add(deployment("web", container()))


def grant(space: Space, verbs: list[str]) -> None:
    """What the user of the command may do with streams, and nothing of what it could before."""
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}/roles/nobody"
    rules = [
        {"apiGroups": [group], "resources": names, "verbs": ["get", "list"]}
        for group, names in READS.items()
    ]
    if verbs:
        rules.append({"apiGroups": [""], "resources": STREAMS, "verbs": verbs})
    space.plane.merge(path, {"rules": rules})


@pytest.mark.parametrize("verbs", VERBS.values(), ids=VERBS)
def test_the_missing_verb_is_named(
    web: str,
    here: Space,
    dashborion: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verbs: list[str],
) -> None:
    grant(here, verbs)
    become(here, "nobody", tmp_path, monkeypatch)
    missing = [verb for verb in ("get", "create") if verb not in verbs]

    def named() -> bool:  # the API's authorizer hears of a role a moment later
        seen = dashborion("instances port-forward web :80")
        words = f"the right to {' and '.join(missing)} pods/portforward"
        return (seen.exit_code, words in seen.err) == (4, True)

    here.plane.wait_for("the rights", named)
    rights = dashborion("env check --for port-forward -o json").json
    allowed = {one["permission"]: one["allowed"] for one in rights}
    for verb in ("get", "create"):
        assert allowed[f"{verb} pods/portforward"] == (verb in verbs)
    pod = here.only_pod(web)
    checked = dashborion(f"instances exec {pod} --check -o json")
    met = {one["requirement"]: one["met"] for one in checked.json["requirements"]}
    assert (met["get pods/exec"], met["create pods/exec"]) == ("get" in verbs, "create" in verbs)
    assert (met["shell"], checked.json["possible"]) == (None, False), "nothing was tried"
    refused = dashborion(f"instances exec {pod} -- true")
    assert refused.exit_code == 4
    assert f"also missing: {', '.join(f'{verb} pods/exec' for verb in missing)}" in refused.err
