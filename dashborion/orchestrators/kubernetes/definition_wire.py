"""Pod templates with all that definitions are compared by; other commands decode less of them.

Values of variables are sealed while they are decoded.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from dashborion.errors import BadAnswer
from dashborion.models.base import ready
from dashborion.models.definition import Sealed, sealing
from dashborion.orchestrators.kubernetes.wire import Amounts, Int, Named, Wire


class Port(Wire, frozen=True):
    container_port: Int = 0
    protocol: str = "TCP"


class ValueFrom(Struct, frozen=True):
    """Where a variable's value comes from: one of these; all of it is sealed."""

    secret: Sealed | None = field(name="secretKeyRef", default=None)
    config: Sealed | None = field(name="configMapKeyRef", default=None)
    pod: Sealed | None = field(name="fieldRef", default=None)
    resource: Sealed | None = field(name="resourceFieldRef", default=None)
    file: Sealed | None = field(name="fileKeyRef", default=None)  # since 1.34


class Variable(Wire, frozen=True):
    name: str
    value: Sealed = Sealed("")
    value_from: ValueFrom | None = None


class VariablesFrom(Wire, frozen=True):
    """A ConfigMap or Secret, all of whose keys become variables."""

    config_map_ref: Named | None = None
    secret_ref: Named | None = None


class HttpGet(Wire, frozen=True):
    path: str = "/"
    port: Int | str = ""
    scheme: str = "HTTP"


class Opened(Wire, frozen=True):
    port: Int | str = ""


class Run(Wire, frozen=True):
    command: list[str] = []


class Probe(Wire, frozen=True):
    http_get: HttpGet | None = None
    tcp_socket: Opened | None = None
    grpc: Opened | None = None
    exec: Run | None = None
    period_seconds: Int = 10
    timeout_seconds: Int = 1
    failure_threshold: Int = 3


class Container(Wire, frozen=True):
    name: str
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    ports: list[Port] = []
    env: list[Variable] = []
    env_from: list[VariablesFrom] = []
    resources: Amounts = Amounts()
    restart_policy: str | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    startup_probe: Probe | None = None


class PodSpec(Wire, frozen=True):
    containers: list[Container] = []
    init_containers: list[Container] = []
    resources: Amounts = Amounts()
    node_selector: dict[str, str] = {}
    os: Named | None = None


class Template(Wire, frozen=True):
    spec: PodSpec = PodSpec()


def template(plain: Any, name: str) -> Template:
    """A pod template as the API has it; ``name`` is that of what has it.

    Raises:
        BadAnswer: it is not what the API documents.
    """
    try:
        return msgspec.convert(_without_nulls(plain), ready(Template), dec_hook=sealing)
    except msgspec.ValidationError as error:
        where = str(error).partition(" - at ")[2]
        raise BadAnswer(f"{name}: a pod template that is not the API's at {where}") from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
