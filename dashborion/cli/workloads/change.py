"""``dashborion workloads``: the commands that change a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import Reason, RolloutOptions, WorkloadName
from dashborion.errors import UsageError, short

if TYPE_CHECKING:
    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.engines.promotion import Wanted


class DeployOptions(OptionSet):
    """Options that say which images are deployed."""

    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="[CONTAINER=]IMAGE", help="New image; repeatable."),
    ] = None
    image_from: Annotated[
        str | None,
        typer.Option(
            "--image-from", metavar="ENV", help="Deploy what runs in this environment, by digest."
        ),
    ] = None
    from_workload: Annotated[
        str | None,
        typer.Option(
            "--from-workload", metavar="NAME", help="Workload of --image-from; by default the same."
        ),
    ] = None
    by_tag: Annotated[
        bool, typer.Option("--by-tag", help="Take the tag instead of the digest that runs.")
    ] = False
    repository: Annotated[
        str | None,
        typer.Option(
            "--repository",
            metavar="WHICH",
            help="Where they differ: keep, or target for its own.",
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Restart if unchanged; take an unfinished one.",
        ),
    ] = False
    reason: Reason = None

    @property
    def wanted(self) -> Wanted:
        """How the images of another environment are taken.

        Raises:
            UsageError: there is no such repository.
        """
        from dashborion.cli.option_values import member
        from dashborion.engines.promotion import Repository, Wanted

        repository = member(Repository, self.repository, "--repository")
        return Wanted(self.by_tag, repository, self.force)

    def source(self, context: Context, project: str | None) -> tuple[Environment, str | None]:
        """The environment of ``--image-from``, and the workload there if it was named.

        Raises:
            UsageError: there is no such environment, or the workload is in another one.
        """
        environment, name = context.environment_and_name(self.image_from or "", project)
        if self.from_workload is not None:
            named_in, name = context.split_name(self.from_workload, project)
            if named_in not in (None, environment):
                raise UsageError(
                    f"'{short(self.from_workload)}' is not in {environment.label}, "
                    "which is --image-from",
                    hint="give --from-workload the name alone",
                )
        return environment, name


def deploy(
    context: Context, name: WorkloadName, *, deployed: DeployOptions, options: RolloutOptions
) -> None:
    """Deploy new images. Nothing else in the workload's definition changes.

    Example: dashborion workloads deploy cart --image-from shop/production
    """
    from dashborion.cli.option_values import images
    from dashborion.engines.promoting import deploy_from

    image, reason = deployed.image, deployed.reason
    if (image is None) is (deployed.image_from is None):
        raise UsageError("give either --image or --image-from")
    if image is not None:
        if deployed.from_workload or deployed.by_tag or deployed.repository:
            raise UsageError("--from-workload, --by-tag and --repository go with --image-from")
        change = changer(context, options, reason=reason)
        change.deploy(name, images(image), force=deployed.force)
        return
    wanted, (source, source_name) = deployed.wanted, deployed.source(context, options.project)
    change = changer(context, options, also=[source], reason=reason)
    deploy_from(change, name, source=source, source_name=source_name, wanted=wanted)


def rollback(
    context: Context,
    name: WorkloadName,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="REVISION",
            help="Roll back to this revision instead of the previous one.",
        ),
    ] = None,
    reason: Reason = None,
    options: RolloutOptions,
) -> None:
    """Roll back a workload to its previous revision, or to the one of --to.

    Example: dashborion workloads rollback catalog -e media/staging --wait
    """
    changer(context, options, reason=reason).rollback(name, to)
