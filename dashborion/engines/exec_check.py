"""What a command in an instance needs: asked for, or told when a command has failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dashborion.engines.fleet import InstanceToChange
from dashborion.errors import DashborionError, Forbidden, Refusal
from dashborion.models.exec_check import ExecCheck
from dashborion.models.instance import InstanceStatus


def check(target: InstanceToChange, container: str | None, *, tries: bool) -> ExecCheck:
    """Everything that it needs; it ``tries`` a shell only if it may run something."""
    item = target.found.item
    found = target.orchestrator.exec.check(target.found, container, tries=tries)
    answers = {one.met for one in found}
    return ExecCheck(
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.workload,
        instance=item.id,
        orchestrator=item.orchestrator,
        container=container,
        possible=False if False in answers else None if None in answers else True,
        requirements=found,
    )


@contextmanager
def explained(target: InstanceToChange, container: str | None) -> Iterator[None]:
    """A command that is refused says in one line what else is missing."""
    try:
        yield
    except DashborionError as error:
        item = target.found.item
        runs = item.status is InstanceStatus.RUNNING and item.reason != "Terminating"
        if runs and error.code in (Forbidden.code, Refusal.code):  # also of an adapter's classes
            with suppress(DashborionError):
                error.hint = _with_missing(error, check(target, container, tries=False))
        raise


def _with_missing(error: DashborionError, found: ExecCheck) -> str | None:
    missing = [
        one.requirement
        for one in found.requirements
        if one.met is False and one.message != error.message
    ]
    lines = [error.hint, f"also missing: {', '.join(missing)} (see --check)" if missing else None]
    return "; ".join(filter(None, lines)) or None
