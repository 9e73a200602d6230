"""``python -m dashborion.completion.refresh REQUEST``: fetch names in the background.

Only with credentials that ask nobody: no plugin, no MFA code. It has no
terminal, says nothing, and what goes wrong is left for a command to say.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

from dashborion.config.environments import Choice
from dashborion.config.kubeconfig import kubeconfig_paths, read_kubeconfig
from dashborion.config.targets import EcsTarget, EksTarget, Environment, KubernetesTarget
from dashborion.context import Context
from dashborion.engines.fleet import Fleet
from dashborion.errors import DashborionError
from dashborion.models.query import Name, Query
from dashborion.storage import names
from dashborion.streams import Streams

READ_SECONDS = 10.0


def main(request: dict[str, Any]) -> None:
    """List what is wanted in each environment; the lists keep the names."""
    context = Context(Streams.test(), read_seconds=READ_SECONDS)
    context.globals.config, context.globals.demo = request["config"], request["demo"]
    wanted: dict[str, str | None] = request["namespaces"]
    chosen = context.environments(Choice(patterns=tuple(wanted)))
    quiet = [one for one in chosen if not may_prompt(one, context)]
    for scope in {wanted[one.label] for one in quiet}:
        labels = tuple(one.label for one in quiet if wanted[one.label] == scope)
        with suppress(DashborionError):
            _list(context.fleet(Choice(patterns=labels)), request, scope)


def _list(fleet: Fleet, request: dict[str, Any], scope: str | None) -> None:
    if request["kind"] == "revisions":
        space, _, _ = str(scope).partition("/")
        fleet.workload(Name.parse(request["about"]), Query(namespace=space))
        return
    query = Query(namespace=scope, all_namespaces=scope is None, endpoints=False)
    fleet.workloads(query) if request["kind"] == "workloads" else fleet.instances(query)


def may_prompt(environment: Environment, context: Context) -> bool:
    """Whether getting an environment's credentials may ask the user something."""
    target = environment.target
    if isinstance(target, KubernetesTarget):
        paths = kubeconfig_paths(context.environ, target.kubeconfig)
        return read_kubeconfig(paths).runs_plugin(target.context)
    if isinstance(target, EcsTarget | EksTarget):
        from dashborion.orchestrators.aws.sessions import may_prompt as aws_may_prompt

        return aws_may_prompt(target.profile, context.environ)
    return False


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    try:
        with suppress(DashborionError):
            main(asked)
    finally:
        for file in asked["files"]:
            names.release(file)
