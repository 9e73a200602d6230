"""``python -m dashborion.completion.fetch_names REQUEST``: fetch names in the background.

Only with credentials that cannot prompt: no plugin, no MFA code. The process has no
terminal and prints nothing; errors are left for a command to report.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dashborion.config.environments import Choice
from dashborion.config.targets import AwsClusterTarget, Target
from dashborion.context import Context
from dashborion.engines.fleet import Fleet, OnlyOn, only_on_ecs, only_on_kubernetes
from dashborion.engines.name_recorder import OF_WORKLOADS
from dashborion.errors import DashborionError
from dashborion.models.query import Query
from dashborion.storage import completion_names as names
from dashborion.storage.files import without_pipes
from dashborion.streams import Streams

READ_SECONDS = 10.0
NATIVES: dict[str, Callable[[str], OnlyOn[Any]]] = {"k8s": only_on_kubernetes, "ecs": only_on_ecs}


def main(request: dict[str, Any]) -> None:
    """List what is requested in each environment; ``Fleet`` saves the names that it lists."""
    context = Context(Streams.test(), read_seconds=READ_SECONDS)
    context.globals.config, context.globals.demo = request["config"], request["demo"]
    namespaces: dict[str, str | None] = request["namespaces"]
    chosen = context.environments(Choice(patterns=tuple(namespaces)))
    quiet = [environment.label for environment in chosen if may_log_in(environment.target, context)]
    for namespace in {namespaces[label] for label in quiet}:
        labels = tuple(label for label in quiet if namespaces[label] == namespace)
        with suppress(DashborionError):
            _list(context.fleet(Choice(patterns=labels)), request, namespace)


def _list(fleet: Fleet, request: dict[str, Any], namespace: str | None) -> None:
    if request["kind"] in OF_WORKLOADS:
        of_workload, _, _ = str(namespace).partition("/")
        where = None if of_workload == names.ALL_NAMESPACES else of_workload
        fleet.workload(request["about"], Query(namespace=where))
        return
    query = Query(namespace=namespace, all_namespaces=namespace is None, parts=frozenset())
    group, _, kind = request["kind"].partition(" ")
    if kind:
        fleet.natives(NATIVES[group](""), kind, query)
    else:
        fleet.workloads(query) if group == "workloads" else fleet.instances(query)


def may_log_in(target: Target, context: Context) -> bool:
    """Whether a tab may use a target's credentials; if that cannot be told, it may not."""
    with suppress(Exception):  # a broken file is for a command to report
        if not target.may_log_in_unasked(context.environ):
            return False
        if isinstance(target, AwsClusterTarget):
            from dashborion.orchestrators.aws.sessions import may_prompt

            return not may_prompt(target.profile, context.environ)
        return True
    return False


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    try:
        with suppress(DashborionError), without_pipes():
            main(request)
    finally:
        for file in request["files"]:
            names.unlock(file)
