"""What changes of one workload and of several are told in: a change, an error, a name. Pure."""

from __future__ import annotations

from dashborion.errors import DashborionError
from dashborion.models.instance import Instance
from dashborion.models.kinds import KIND_OF
from dashborion.models.rollout import Change, ChangeError
from dashborion.models.workload import Workload


def change_of(
    item: Workload | Instance,
    action: str,
    before: int | str | None,
    after: int | str | None,
    *,
    dry_run: bool,
) -> Change:
    """A change of a workload or an instance, of which nothing has become yet."""
    return Change(
        action=action,
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.workload if isinstance(item, Instance) else item.name,
        instance=item.id if isinstance(item, Instance) else None,
        type=item.type if isinstance(item, Workload) else None,
        before=before,
        after=after,
        dry_run=dry_run,
        rollout=None,
    )


def told_of(error: DashborionError) -> ChangeError:
    return ChangeError(code=error.code, message=error.message, hint=error.hint)


def label(workload: Workload) -> str:
    """``deployment/web in namespace shop``."""
    return f"{KIND_OF[workload.type]}/{workload.name} in namespace {workload.namespace}"
