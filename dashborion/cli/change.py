"""What every command that changes something does around the change: say, ask, wait, show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dashborion.errors import DashborionError, Refusal, RolloutFailed

if TYPE_CHECKING:
    from dashborion.cli.options import Care, Shown
    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.engines.fleet import Site
    from dashborion.engines.rollout import Patience
    from dashborion.models.change import Change
    from dashborion.models.rollout import Rollout
    from dashborion.models.workload import Workload
    from dashborion.orchestrators.protocol import Followed, Look, Planned

EVENTS, LINES = 5, 10


def announce(context: Context, environment: Environment, what: str, care: Care) -> None:
    """Say what will be changed and where, and ask if the environment is protected.

    Raises:
        Refusal: the environment is read-only.
        Declined: somebody said no.
        UsageError: nobody is there to ask.
    """
    from dashborion.config.environments import require_changeable

    require_changeable(environment)
    context.streams.note(f"{'would ' if care.dry_run else ''}{what} in {environment.label}")
    if environment.target.protected and not care.yes and not care.dry_run:
        context.confirm(f"{environment.label} is protected: {what}")


@contextmanager
def sending(context: Context) -> Iterator[None]:
    """Around the one request of a change: an interruption leaves open whether it was applied."""
    try:
        yield
    except KeyboardInterrupt:
        context.streams.note("interrupted: the change may have been applied")
        raise


def require_fit(site: Site) -> None:
    """Called before a workload is changed.

    Raises:
        Refusal: somebody else's deployments, or an object that is going away.
    """
    if site.subject.refusal is not None:
        raise Refusal(f"{site.subject.workload.name}: {site.subject.refusal}")


def label(workload: Workload) -> str:
    """``deployment/web in namespace shop``."""
    from dashborion.models.kinds import KIND_OF

    return f"{KIND_OF[workload.type]}/{workload.name} in namespace {workload.namespace}"


def follow(
    context: Context,
    site: Site,
    followed: Followed,
    patience: Patience,
    *,
    seen: Callable[[Rollout], None] = lambda _: None,
) -> Rollout:
    """Wait for a rollout and say how it goes: one live line on a terminal, else a line a change.

    ``seen`` is told where it stands, so that its caller knows when it ends badly.

    Raises:
        RolloutFailed: after saying why, with events and the last log lines.
        RolloutPending: the time is up.
    """
    from dashborion.engines.rollout import Wait

    live = context.streams.err_tty
    report = context.streams.progress if live else context.streams.note

    def look() -> Look:
        found = site.look(followed, wait.left())
        seen(_standing(found, wait.last))
        return found

    wait = Wait(
        look=look,
        report=lambda message: report(f"{site.subject.workload.name}: {message}"),
        patience=patience,
        clock=context.clock,
        sleep=context.sleep,
    )
    try:
        return wait.until_done().rollout
    except RolloutFailed:
        context.streams.progress("")
        _aftermath(context, site, wait.last.troubles[0].instance if wait.last and wait.last.troubles
                   else None)  # fmt: skip
        raise
    except KeyboardInterrupt:
        context.streams.progress("")
        name = site.subject.workload.name
        context.streams.note(f"interrupted: the rollout of {name} goes on")
        raise
    finally:
        context.streams.progress("")


def _standing(look: Look, before: Look | None) -> Rollout:
    """Where the rollout that is followed stands: what took its place is another one."""
    from dashborion.models.rollout import Rollout, RolloutState

    if look.ended not in ("rolled-back", "superseded", "deleted"):
        return look.rollout
    revision = before.rollout.revision if before is not None else None
    return Rollout(state=RolloutState.FAILED, revision=revision, message=look.message)


def _aftermath(context: Context, site: Site, instance: str | None) -> None:
    """The newest warnings and one failed instance's last words; nothing that fails to come."""
    from dashborion.models.query import Name, Query

    workload = site.subject.workload
    site.deadline.restart()
    try:
        name = Name(workload.name, workload.type, workload.namespace)
        detail = site.orchestrator.workload(name, Query()).item
        warnings = [one for one in detail.events if one.type == "warning"]
        for event in (warnings or detail.events)[-EVENTS:]:
            context.streams.note(f"event: {event.object}: {event.message}")
        if instance:
            for line in site.orchestrator.last_words(site.subject, instance, LINES):
                context.streams.note(f"log: {instance}: {line}")
    except DashborionError as error:
        context.streams.warn(error)


def finish(
    context: Context,
    site: Site,
    change: Change,
    followed: Followed | None,
    *,
    patience: Patience | None,
    shown: Shown,
) -> None:
    """Wait if that was asked for and there is something to follow, then print the change.

    It is printed however the wait ends: it was made, and a script has to know.
    """
    import msgspec

    if change.after is None and followed is not None:
        change = msgspec.structs.replace(change, after=followed.newest)

    def seen(rollout: Rollout) -> None:
        nonlocal change
        known = change.after
        if known is None and rollout.revision != change.before:  # the old one until observed
            known = rollout.revision
        change = msgspec.structs.replace(change, rollout=rollout, after=known)

    try:
        if patience is not None and followed is not None:
            follow(context, site, followed, patience, seen=seen)
    finally:
        show(context, change, shown)


def restart(
    context: Context, site: Site, care: Care, *, patience: Patience | None, shown: Shown
) -> None:
    """Replace all instances by new ones of the same definition.

    Raises:
        Refusal: it is paused, or as ``require_fit``.
    """
    workload = site.subject.workload
    require_fit(site)
    if site.subject.held is not None:
        raise Refusal(f"{workload.name}: {site.subject.held}")
    announce(context, site.orchestrator.environment, f"restart {label(workload)}", care)
    if site.subject.caution:
        context.streams.note(site.subject.caution)
    newest = site.subject.newest
    done = change_of(workload, "restart", newest, None, dry_run=care.dry_run)
    if care.dry_run:
        show(context, done, shown)
        return
    with sending(context):
        started = site.orchestrator.restart(site.subject, now=context.now())
    followed = None if site.subject.caution else started
    finish(context, site, done, followed, patience=patience, shown=shown)


def redefine(
    context: Context,
    site: Site,
    action: str,
    planned: Planned,
    care: Care,
    *,
    patience: Patience | None,
    shown: Shown,
) -> None:
    """Carry out a planned change of the definition; a dry run lists the fields that differ."""
    workload = site.subject.workload
    verb = "roll back" if action == "rollback" else action
    what = f"{verb} {label(workload)}: {planned.before} -> {planned.after}"
    announce(context, site.orchestrator.environment, what, care)
    for note in (*planned.notes, site.subject.caution):
        if note:
            context.streams.note(note)
    done = change_of(workload, action, planned.before, planned.after, dry_run=care.dry_run)
    if care.dry_run:
        for line in planned.difference:
            context.streams.note(line)
        show(context, done, shown)
        return
    with sending(context):
        started = site.orchestrator.redefine(site.subject, planned)
    for note in started.notes:
        context.streams.note(note)
    followed = None if site.subject.caution else started
    finish(context, site, done, followed, patience=patience, shown=shown)


def show(context: Context, change: Change, shown: Shown) -> None:
    """Print a change."""
    from dashborion import render
    from dashborion.render import views

    render.show_one(context.streams, views.CHANGES, change, shown.style, now=context.now())


def change_of(
    workload: Workload,
    action: str,
    before: int | str | None,
    after: int | str | None,
    *,
    dry_run: bool,
) -> Change:
    """The change of a workload, not waited for."""
    from dashborion.models.change import Change

    return Change(
        action=action,
        project=workload.project,
        environment=workload.environment,
        namespace=workload.namespace,
        workload=workload.name,
        instance=None,
        before=before,
        after=after,
        dry_run=dry_run,
        rollout=None,
    )
