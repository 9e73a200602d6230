"""What workloads are made of, in the same words on every orchestrator, and how two of them differ.

Values of variables are not in here: ``Sealed`` is all that is kept of one, and it can neither be
printed nor encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from secrets import token_bytes
from typing import Any

from msgspec import Struct, field

from dashborion.models.base import Model
from dashborion.models.kinds import WorkloadType
from dashborion.models.workload import Resources, Workload

_KEY = token_bytes(32)


class Sealed:
    """A value that can be compared with others of this process, and nothing else."""

    __slots__ = ("_digest",)

    def __init__(self, value: str) -> None:
        text = value.encode(errors="surrogatepass")
        self._digest = hashlib.blake2b(text, key=_KEY, digest_size=32).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "Sealed()"


def sealing(type_: type[Any], value: Any) -> Any:
    """A decoder's hook: a value is sealed while it is decoded, and so never kept as text."""
    if type_ is not Sealed:
        raise NotImplementedError(type_)
    return Sealed(str(value))


class Secret(Struct, frozen=True):
    """The value of a variable; ``is_reference`` if it is only where the value comes from."""

    value: Sealed
    is_reference: bool = False


class ImageReference(Model, frozen=True, kw_only=True):
    """The image of a container: as it is defined, and the digests that run.

    ``repository`` has the registry. ``digest`` is that of the definition; ``running`` are those of
    the instances, null where nobody asked, empty if none runs or none is told.
    """

    repository: str
    tag: str | None
    digest: str | None
    running: list[str] | None


class DefinedContainer(Model, frozen=True, kw_only=True):
    """A container; ``init`` if it ends before the others start.

    CPU is in thousandths of a core, memory in MiB; null is not set. ``variables`` and ``secrets``
    are names; ``variablesFrom`` says where further ones come from, whose names are not known.
    ``healthChecks`` are by kind: ``readiness``, ``liveness``, ``startup``; that of ECS is
    ``readiness``.
    """

    name: str
    init: bool
    image: ImageReference
    command: list[str]
    arguments: list[str]
    ports: list[str]
    requested: Resources
    limit: Resources
    variables: list[str]
    secrets: list[str]
    variables_from: list[str]
    health_checks: dict[str, str]


class Bounds(Model, frozen=True, kw_only=True):
    """Between how many replicas an autoscaler keeps a workload."""

    min: int
    max: int


class Strategy(Model, frozen=True, kw_only=True):
    """How instances are replaced.

    ``type`` is ``rolling``, ``recreate``, ``on-delete`` or ECS' word in lower case. The others
    are counts or percents of the replicas: ``1``, ``25%``.
    """

    type: str
    max_unavailable: str | None
    max_surge: str | None


class Definition(Model, frozen=True, kw_only=True):
    """What a workload is made of.

    ``resources`` are what the whole task or pod is given, null where only its containers say it.
    ``platform`` is such as ``linux/arm64``, null where it is not restricted.
    """

    project: str | None
    environment: str
    namespace: str
    name: str
    type: WorkloadType
    orchestrator: str
    revision: str | None
    replicas: int | None
    autoscaler: Bounds | None
    resources: Resources
    platform: str | None
    strategy: Strategy
    endpoints: list[str]
    containers: list[DefinedContainer]


class Defined(Struct, frozen=True):
    """A workload, its definition, and its variables' values by container and variable."""

    item: Workload
    definition: Definition
    values: Mapping[tuple[str, str], Secret]


# --- How two differ -------------------------------------------------------------------------------

Value = str | int | list[str] | None


class DifferenceKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Difference(Model, frozen=True, kw_only=True):
    """A field that differs between the left and the right, or may differ: ``unknown``.

    It is ``added`` if only the right has it. Of ``hidden`` fields the values are null, because they
    may be secret. ``note`` says what the values alone do not.
    """

    field: str
    container: str | None
    left: Value
    right: Value
    kind: DifferenceKind
    hidden: bool = False
    note: str | None = None


class Side(Model, frozen=True, kw_only=True):
    """What is compared; ``type`` and ``namespace`` are null for a task definition.

    ``revision`` is null unless revisions are compared.
    """

    project: str | None
    environment: str
    namespace: str | None
    name: str
    type: WorkloadType | None
    revision: str | None = None

    @classmethod
    def of(cls, workload: Workload, revision: str | None = None) -> Side:
        """A workload, or one of its revisions."""
        return cls(
            project=workload.project, environment=workload.environment, name=workload.name,
            namespace=workload.namespace, type=workload.type, revision=revision,
        )  # fmt: skip


class Comparison(Model, frozen=True, kw_only=True):
    """Two sides and their differences; one side is null if only the other one has the workload.

    ``same`` is null if nothing is known to differ, but something may.
    """

    name: str
    left: Side | None
    right: Side | None
    same: bool | None
    differences: list[Difference] = field(default_factory=list)

    @classmethod
    def of(
        cls, name: str, left: Side | None, right: Side | None, differences: list[Difference]
    ) -> Comparison:
        """The comparison of two sides that differ in this."""
        known = [one for one in differences if one.kind is not DifferenceKind.UNKNOWN]
        same = None if differences and not known else not differences
        both = left is not None and right is not None
        return cls(
            name=name, left=left, right=right, same=same and both if same is not None else None,
            differences=differences,
        )  # fmt: skip
