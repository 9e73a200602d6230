"""Whose an object is: what made it, and keeps it as it is defined elsewhere."""

from __future__ import annotations

from dashborion.models.base import Model


class ManagedBy(Model, frozen=True, kw_only=True):
    """Whose reconciler or template an object comes from.

    ``tool`` is ``Argo CD``, ``Flux``, ``Helm``, ``KEDA``, ``CloudFormation``, ``copilot``, or the
    kind of the Kubernetes object that owns it. ``name`` is the application, ``kustomization/`` or
    ``helmrelease/NAMESPACE/NAME``, release, ScaledObject, stack, ``APPLICATION/ENVIRONMENT/
    SERVICE`` or owner there; null where the object does not say.
    """

    tool: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.tool} {self.name}" if self.name else self.tool
