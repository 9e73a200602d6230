"""Whose a workload is, by the marks that its metadata and its autoscalers have. Pure.

Where several tools have left theirs, the first of these is in charge: the object that owns it, as
operators copy labels of theirs to what they make; then who reconciles, and who only deploys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from dashborion.errors import short
from dashborion.models.managed import ManagedBy
from dashborion.orchestrators.changing import Keeper
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes.instances import controller

_TRACKING = "argocd.argoproj.io/tracking-id"
_KINDS = {"kustomize": "kustomization", "helm": "helmrelease"}
_FLUX = "{}.toolkit.fluxcd.io/{}"
_RELEASE, _BY = "meta.helm.sh/release-name", "app.kubernetes.io/managed-by"


class Mark(Struct, frozen=True):
    """How one tool marks what is its own.

    ``name_of`` gives the tool's name for where a workload comes from, None if it is not its own.
    ``reverts`` and ``instead`` are as in ``Keeper``, with that name for ``{}``.
    """

    tool: str
    name_of: Callable[[wire.Controller], str | None]
    reverts: str | None = None
    instead: str | None = None


def _application(item: wire.Controller) -> str | None:
    """``APP`` of ``APP:GROUP/KIND:NAMESPACE/NAME``; of a copy, the id is another object's."""
    meta = item.metadata
    text = (meta.annotations or {}).get(_TRACKING, "")
    application, _, identity = text.partition(":")
    is_own = identity.partition("/")[2] == f"{type(item).__name__}:{meta.namespace}/{meta.name}"
    return application if is_own else None


def _of_flux(kind: str, item: wire.Controller) -> str | None:
    labels = item.metadata.labels or {}
    name, namespace = (labels.get(_FLUX.format(kind, key)) for key in ("name", "namespace"))
    return f"{_KINDS[kind]}/{namespace or item.metadata.namespace}/{name}" if name else None


def _release(item: wire.Controller) -> str | None:
    """Both are needed: charts set the label on what they render for others, too."""
    is_helm = (item.metadata.labels or {}).get(_BY) == "Helm"
    return (item.metadata.annotations or {}).get(_RELEASE) if is_helm else None


MARKS = (
    Mark(
        "Argo CD", _application, "Argo CD application {}",
        "change it in the source of application {}",
    ),
    Mark(
        "Flux", partial(_of_flux, "kustomize"), "Flux {}",
        "change it in the source of {}, or suspend that first",
    ),
    Mark(
        "Flux", partial(_of_flux, "helm"), "Flux {}",
        "change it in the values of {}, or suspend that first",
    ),
    Mark("Helm", _release),  # keeps nothing before the next upgrade
)  # fmt: skip

WRITERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "flux": "Flux",
}
"""Tools by how ``managedFields`` call them, who have written a template or a count: no proof."""


def keeper(item: wire.Controller, scaling: Sequence[wire.Autoscaler] = ()) -> Keeper | None:
    """Who keeps a workload as it is defined; ``scaling`` are its HorizontalPodAutoscalers."""
    owner = controller(item.metadata)
    if owner is not None:
        named = f"{owner.kind} {short(owner.name)}"
        by = ManagedBy(tool=owner.kind, name=owner.name)
        return Keeper(by, f"the controller of {named}", f"change it in {named}, which owns it")
    for mark in MARKS:
        if name := mark.name_of(item):
            told = (part and part.format(short(name)) for part in (mark.reverts, mark.instead))
            return Keeper(ManagedBy(tool=mark.tool, name=name), *told)
    for written in item.metadata.managed_fields or ():
        tool = WRITERS.get(written.manager)
        if tool and not written.subresource and (written.has_template or written.has_replicas):
            by = ManagedBy(tool=tool, name=None)
            return Keeper(by, f"{tool}, whose {written.manager} has written it,", "change it there")
    scaler = next(filter(None, map(normalise.scaled_object, scaling)), None)
    return Keeper(ManagedBy(tool="KEDA", name=scaler)) if scaler else None
