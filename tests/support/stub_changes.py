"""The stub API, made to take changes, and a rollout that does not end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.kubeconfigs import document, write
from tests.support.misbehaviour import Exchange, Fault, body
from tests.support.stub_api import Api, Request, _Handler
from tests.support.stub_objects import deployment

SCALE = "workloads scale deployment/web -r 3"
WEB = "/apis/apps/v1/namespaces/default/deployments/web"


def take_all_methods(patch: pytest.MonkeyPatch) -> None:
    """What changes something is answered as what reads."""
    for name in ("do_PATCH", "do_DELETE"):
        patch.setattr(_Handler, name, _Handler.do_GET, raising=False)


def point_at(server: Api, folder: Path, patch: pytest.MonkeyPatch, **more: Any) -> None:
    path = write(folder / "kubeconfig", document(server.url, **more))
    patch.setenv("KUBECONFIG", str(path))
    patch.setenv("DASHBORION_ENV", "k8s:here")


def changed(api: Api) -> list[Request]:
    return [one for one in api.requests if one.method in ("PATCH", "DELETE", "PUT")]


def takes_replicas(api: Api, replicas: int) -> Fault:
    """A change of the scale that is applied, to a rollout that does not end."""

    def apply(exchange: Exchange) -> None:
        scaled = unfinished()
        scaled["spec"]["replicas"] = replicas
        api.objects["deployments"] = [scaled]
        body({"metadata": {}})(exchange)

    return apply


def unfinished(**metadata: Any) -> dict[str, Any]:
    """A Deployment whose only new pod does not become available."""
    made = deployment("web")
    made["metadata"] |= {"annotations": {"deployment.kubernetes.io/revision": "1"}, **metadata}
    made["status"] |= {"conditions": [], "updatedReplicas": 0, "availableReplicas": 0}
    return made
