"""What workloads may suffer from here: the table is ``troubles.yaml``.

``demo break`` puts a cause behind the tag of a workload's image and changes its template as
somebody would have who broke it. What a pod then goes through is the image's behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.behaviour import cause_of
from dashborion.demo.kubernetes.patches import apply_patch
from dashborion.demo.kubernetes.resources import Object

_MERGE = "application/strategic-merge-patch+json"


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause.

    Attributes:
        pull: why the image cannot be had.
        waits, message: of a container that is never made.
        says: reason and message of the warnings that the kubelet repeats.
        kills: the probe for which the kubelet kills the container.
        unplaced: the scheduler's clause, of every node.
        refused: what the API server answers to who would create a pod.
        container, pod, template, spec: what is merged into the first container, the pod's spec,
            its template and the workload's spec.
        beside: an object that is put there, too.
    """

    pull: str = ""
    waits: str = ""
    message: str = ""
    says: dict[str, str] = {}
    kills: str = ""
    unplaced: str = ""
    refused: str = ""
    container: Object = {}
    pod: Object = {}
    template: Object = {}
    spec: Object = {}
    beside: Object = {}


TROUBLES: Mapping[str, Trouble] = msgspec.yaml.decode(
    Path(__file__).with_suffix(".yaml").read_bytes(), type=dict[str, Trouble]
)
_NONE = Trouble()
_OF_DEPLOYMENTS = ("deadline", "paused", "autoscaler-metrics", "endpoints-none")


def trouble_of(spec: Object) -> Trouble:
    """What a pod of that spec suffers from."""
    return TROUBLES.get(cause_of(spec["containers"][0]["image"]), _NONE)


def told(text: str, pod: Object, **more: object) -> str:
    """A text about a pod and its first container."""
    metadata, container = pod["metadata"], pod["spec"]["containers"][0]
    name, namespace, uid = (metadata.get(key, "") for key in ("name", "namespace", "uid"))
    facts = {
        "name": container["name"],
        "image": container["image"],
        "pod": name,
        "namespace": namespace,
        "hex": uid.replace("-", "") * 2,
        "full": f"{name}_{namespace}({uid})",
        "host": (pod.get("status") or {}).get("podIP", "10.244.0.2"),
    }
    return str(filled(text, **{**facts, **more}))


def filled(item: Any, **facts: object) -> Any:
    """A text, or a manifest full of texts, with the facts in it."""
    if isinstance(item, dict):
        return {key: filled(value, **facts) for key, value in item.items()}
    if isinstance(item, list):
        return [filled(value, **facts) for value in item]
    if isinstance(item, str):
        for key, value in facts.items():
            item = item.replace(f"{{{key}}}", str(value))
    return item


def healthy(spec: Object) -> Object:
    """A workload's spec without what its image's tag says."""
    first, *others = spec["template"]["spec"]["containers"]
    image = first["image"].removesuffix(":latest").removesuffix(f"-{cause_of(first['image'])}")
    inner = {**spec["template"]["spec"], "containers": [{**first, "image": image}, *others]}
    return {**spec, "template": {**spec["template"], "spec": inner}}


def troubled(spec: Object, cause: str) -> Object:
    """A workload's spec with what makes it suffer from the cause."""
    trouble, first = TROUBLES[cause], spec["template"]["spec"]["containers"][0]
    name, image = first["name"], f"{first['image']}-{cause}"
    container = {"name": name, "image": image, **trouble.container}
    inner = {**trouble.pod, "containers": [container]}
    patch = {**trouble.spec, "template": {**trouble.template, "spec": inner}}
    return apply_patch(_MERGE, spec, filled(patch, name=name, image=image))


def causes_of(kind: str) -> list[str]:
    """What a workload of that kind may suffer from."""
    return [cause for cause in TROUBLES if kind == "Deployment" or cause not in _OF_DEPLOYMENTS]
