"""Pods and workloads of busybox on a real node: what each runs is one line of shell."""

from __future__ import annotations

from typing import Any

from tests.support.api import Manifest
from tests.support.manifests import deployment, pod
from tests.support.real_node import IMAGES

WAIT = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def box(script: str = WAIT, *, name: str = "app", tag: int = 1, **fields: Any) -> Manifest:
    """A container that runs a line of shell; it ends on SIGTERM if it waits."""
    shell = {"command": ["sh", "-c", script]}
    return {"name": name, "image": IMAGES[tag - 1], **shell, **fields}


def box_pod(name: str, script: str = WAIT, **spec: Any) -> Manifest:
    """A pod with one such container; ``spec`` may give others."""
    containers = spec.pop("containers", None) or [box(script)]
    return pod(name, *containers, terminationGracePeriodSeconds=1, **spec)


def box_deployment(name: str, *containers: Manifest, **spec: Any) -> Manifest:
    manifest = deployment(name, *(containers or [box()]), **spec)
    manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    return manifest
