"""Why the real API server lets controllers create no pods, of all three kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from tests.real.causes.conftest import Why
from tests.support import webhook
from tests.support.api import Manifest
from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.manifests import container, daemon_set, deployment, stateful_set
from tests.support.processes import free_ports
from tests.support.real_namespace import Space

KINDS: Mapping[str, Callable[..., Manifest]] = {
    "deployments": deployment,
    "statefulsets": stateful_set,
    "daemonsets": daemon_set,
}
BUSY = container(resources={"requests": {"cpu": "500m"}, "limits": {"cpu": "500m"}})


def quota(**hard: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": hard},
    }


LIMITS = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "narrow"},
    "spec": {"limits": [{"type": "Container", "max": {"cpu": "100m"}}]},
}
# By the cause: what the namespace has, its label, and a part of what the API server says.
REFUSING: Mapping[str, tuple[list[Manifest], dict[str, str], str]] = {
    "quota": ([quota(pods="0")], {}, "exceeded quota: small, requested: pods=1"),
    "quota for what is not said": (
        [quota(**{"requests.memory": "1Gi"})], {}, "failed quota: small: must specify",
    ),
    "limit-range": ([LIMITS], {}, "maximum cpu usage per Container is 100m"),
    "pod-security": (
        [],
        {"pod-security.kubernetes.io/enforce": "restricted"},
        'violates PodSecurity "restricted:latest"',
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused(control_plane: ControlPlane, kubelet: Kubelet) -> Iterator[Callable[[str], Space]]:
    """Namespaces by what they refuse; each has a workload of each kind, called ``app``."""
    spaces: dict[str, Space] = {}
    with webhook.refusing() as (url, bundle):
        for name, where in (
            ("webhook-denied", url),
            ("webhook-down", f"https://127.0.0.1:{free_ports(1)[0]}/"),
        ):
            spaces[name] = Space.on(control_plane, name)
            control_plane.apply(webhook.configuration(name, where, bundle, namespace=name))
        for name, (manifests, labels, _) in REFUSING.items():
            space = spaces[name] = Space.on(control_plane, name.replace(" ", "-"))
            path = f"/api/v1/namespaces/{space.name}"
            control_plane.merge(path, {"metadata": {"labels": labels}})
            for manifest in manifests:
                space.add({**manifest, "metadata": {**manifest["metadata"]}})
        for space in spaces.values():
            for kind in KINDS.values():
                space.add(kind("app", BUSY), settled=False)
        yield spaces.__getitem__
        for space in spaces.values():
            space.clear()
    for name in ("webhook-denied", "webhook-down"):
        root = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        control_plane.request("DELETE", f"{root}/{name}")


def has_failed(space: Space, plural: str) -> bool:
    """Whether the controller has said that it cannot create a pod."""
    if plural == "deployments":
        found = space.get("app")["status"].get("conditions", ())
        return any(one["type"] == "ReplicaFailure" for one in found)
    listed = space.plane.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    kinds = [one["involvedObject"]["kind"] for one in listed if one["reason"] == "FailedCreate"]
    return {"statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}[plural] in kinds


@pytest.mark.parametrize("plural", KINDS)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, said) for name, (_, _, said) in REFUSING.items()),
        ("webhook-denied", f'"webhook-denied.example.com" denied the request: {webhook.POLICY}'),
        ("webhook-down", 'failed calling webhook "webhook-down.example.com"'),
    ],
)
def test_what_the_api_server_refuses(
    refused: Callable[[str], Space], why: Why, name: str, said: str, plural: str
) -> None:
    space = refused(name)
    space.plane.wait_for(f"{plural} to be refused", partial(has_failed, space, plural))
    causes = why(f"{KINDS[plural]('app')['kind'].lower()}/app", at=space.name, minutes=0)
    code = name.partition(" ")[0]
    assert said in causes[code]["message"]
    assert causes[code]["evidence"][0]["value"] == causes[code]["message"]
    assert causes[code]["confidence"] == "certain"
    assert causes.keys() == {code}


def test_a_service_account_that_does_not_exist(why: Why) -> None:
    with ControlPlane.from_environment(CURRENT, needs_accounts=True) as plane:
        space = Space.on(plane, "accounts")
        manifest: dict[str, Any] = deployment("app")
        manifest["spec"]["template"]["spec"]["serviceAccountName"] = "absent"
        space.add(manifest, settled=False)
        plane.wait_for("it to be refused", lambda: has_failed(space, "deployments"))
        causes = why("app", at=space.name, plane=plane)
    assert causes.keys() == {"service-account"}
    assert 'serviceaccount "absent" not found' in causes["service-account"]["message"]
