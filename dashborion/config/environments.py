"""Which environments a command runs on.

The order of precedence is that of the README: ``-e`` (ad-hoc forms included) or
``--all-envs``, ``$DASHBORION_ENV``, ``env use``, the file's ``default``, the
only one; what was not typed is said. Without a config file the contexts of the kubeconfig are the
environments, and its current context the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec
from msgspec import Struct

from dashborion.config.kubeconfig import Kubeconfig
from dashborion.config.places import in_namespace
from dashborion.config.targets import (
    IN_CLUSTER,
    Config,
    EcsTarget,
    Environment,
    InClusterTarget,
    KubernetesTarget,
    Target,
)
from dashborion.errors import UsageError, listing, short, suggestion
from dashborion.models.environment import EnvironmentInfo

_GLOB = frozenset("*?[")
AD_HOC_KUBERNETES = "k8s:"
AD_HOC_ECS = "ecs:"
AD_HOC = (AD_HOC_KUBERNETES, AD_HOC_ECS)


class Choice(Struct, frozen=True):
    """What was typed: ``-p``, ``-e`` and ``--all-envs``, and NAMEs, which may bring a prefix.

    ``of_definitions``: the NAMEs are FAMILY:REVISION. ``to_change``: for a change, which no
    project's name chooses several environments for.
    """

    project: str | None = None
    patterns: tuple[str, ...] = ()
    all_environments: bool = False
    names: tuple[str, ...] = ()
    of_definitions: bool = False
    to_change: bool = False


class ChoiceInputs(Struct, frozen=True):
    """What else the choice depends on.

    ``kubeconfig`` is read only if an ad-hoc name needs it, ``remembered``, the label of
    ``env use``, only if nothing else was typed. ``note`` prints a message, ``watched`` if a
    person reads it: a job that sets $DASHBORION_ENV need not be told so by each command.
    """

    config: Config
    kubeconfig: Callable[[], Kubeconfig]
    environ: Mapping[str, str]
    remembered: Callable[[], str | None]
    note: Callable[[str], None]
    watched: bool = False


def without_config(kubeconfig: Kubeconfig, *, pod: bool) -> Config:
    """The environments without a config file: contexts, or the cluster of the ``pod`` we run in."""
    environments = tuple(_context(name) for name in kubeconfig.namespaces)
    if not environments and pod:
        in_cluster = Environment(project=None, name=IN_CLUSTER, target=InClusterTarget())
        return Config(default=in_cluster.name, environments=(in_cluster,))
    default = f"{AD_HOC_KUBERNETES}{kubeconfig.current}" if kubeconfig.current else None
    return Config(default=default, environments=environments)


def choose(choice: Choice, inputs: ChoiceInputs) -> tuple[Environment, ...]:
    """The environments that a command runs on, in the order of the file.

    Raises:
        UsageError: no environment matches, or several do where one name was given.
    """
    candidates = _candidates(choice, inputs)
    if choice.all_environments and choice.patterns:
        raise UsageError("--all-envs and -e cannot be used together")
    if choice.patterns:
        matches = [
            environment
            for pattern in choice.patterns
            for environment in _matching(pattern, candidates, inputs, choice)
        ]
        return tuple({environment.label: environment for environment in matches}.values())
    if choice.all_environments and candidates:
        return candidates
    preferred = inputs.environ.get("DASHBORION_ENV") or inputs.remembered() or ""
    if not candidates and not preferred.startswith(AD_HOC):
        raise _nothing_configured(inputs)
    if choice.all_environments:
        return candidates
    preferred_ones, because = _preferred(candidates, inputs, choice)
    if because:
        labels = listing([environment.label for environment in preferred_ones])
        inputs.note(f"using {labels}, {because}")
    return preferred_ones


def _preferred(
    candidates: tuple[Environment, ...], inputs: ChoiceInputs, choice: Choice
) -> tuple[tuple[Environment, ...], str]:
    """The environments without ``-e``, and what chose them."""
    variable = inputs.environ.get("DASHBORION_ENV")
    if variable:
        try:
            because = "from $DASHBORION_ENV" if inputs.watched else ""
            return tuple(_matching(variable, candidates, inputs, choice)), because
        except UsageError as error:
            if choice.project is None:  # with -p, a variable that names another's does not count
                error.message = f"$DASHBORION_ENV: {error.message}"
                raise
    if before := _chosen_before(candidates, inputs):
        return before
    if len(candidates) == 1:
        return candidates, f"the only environment{' of the project' if choice.project else ''}"
    labels = [environment.label for environment in candidates]
    raise UsageError(
        f"which environment? {inputs.config.where} has {len(candidates)}: {listing(labels)}",
        hint="choose with -e NAME, --all-envs, $DASHBORION_ENV, `env use` or the file's `default:`",
    )


def _chosen_before(
    candidates: tuple[Environment, ...], inputs: ChoiceInputs
) -> tuple[tuple[Environment], str] | None:
    """The environment of ``env use``, else the default; None if neither is a candidate.

    Raises:
        UsageError: it does not exist any more.
    """
    remembered = inputs.remembered()
    for label in filter(None, (remembered, inputs.config.default)):
        for environment in candidates:
            if environment.label == label:
                if inputs.config.path is None:
                    inputs.note(f"no config file: using {environment.target.description}")
                    return (environment,), ""
                default = f"the default of {inputs.config.where}"
                return (environment,), "chosen by `env use`" if label == remembered else default
        if label == remembered and label.startswith(AD_HOC):
            try:
                return (ad_hoc(label, inputs),), "chosen by `env use`"
            except UsageError as error:
                error.message = f"`env use` chose '{short(label)}': {error.message}"
                error.hint = "choose again with `dashborion env use`, or with -e"
                raise
        if label not in {known.label for known in inputs.config.environments}:
            raise _gone(label, inputs, remembered=label == remembered)
    return None


def _gone(label: str, inputs: ChoiceInputs, *, remembered: bool) -> UsageError:
    """What a person chose is not there; another environment is not what they meant."""
    near = suggestion(label, [environment.label for environment in inputs.config.environments])
    if remembered:
        return UsageError(
            f"`env use` chose '{short(label)}', which is not in {inputs.config.where}",
            hint="; ".join(filter(None, ["choose again with `dashborion env use`", near])),
        )
    context = short(label.removeprefix(AD_HOC_KUBERNETES))
    return UsageError(f"the kubeconfig's current-context '{context}' does not exist", hint=near)


def _candidates(choice: Choice, inputs: ChoiceInputs) -> tuple[Environment, ...]:
    project = choice.project or inputs.environ.get("DASHBORION_PROJECT")
    return _of_project(inputs.config, project)


def _of_project(config: Config, project: str | None) -> tuple[Environment, ...]:
    if project is None:
        return config.environments
    projects = {environment.project for environment in config.environments if environment.project}
    if project not in projects:
        raise UsageError(
            f"no project '{short(project)}' in {config.where}",
            hint=suggestion(project, sorted(projects)),
        )
    return tuple(
        environment for environment in config.environments if environment.project == project
    )


def _matching(
    pattern: str, candidates: tuple[Environment, ...], inputs: ChoiceInputs, choice: Choice
) -> list[Environment]:
    """The environments of one ``-e``: ad hoc, ``name``, ``project/name``, a glob, or a project.

    A name that has a glob's characters in it, such as ``dev[1]``, goes before what it fits.
    """
    if pattern.startswith(AD_HOC_ECS):
        return [ad_hoc(pattern, inputs)]
    if pattern.startswith(AD_HOC_KUBERNETES):
        contexts = inputs.kubeconfig().namespaces
        context, _, namespace = pattern.removeprefix(AD_HOC_KUBERNETES).rpartition("/")
        is_literal = context in contexts and _GLOB.isdisjoint(namespace)
        if _GLOB.isdisjoint(pattern) or is_literal:
            return [ad_hoc(pattern, inputs)]
        candidates = tuple(_context(name) for name in contexts)
    if found := _of_name(pattern, candidates):
        return [found]
    if not _GLOB.isdisjoint(pattern):
        matches = [
            known
            for known in candidates
            if any(fnmatchcase(name, pattern) for name in (known.name, known.label))
        ]
    else:
        matches = [known for known in candidates if known.project == pattern]
        if len(matches) > 1 and choice.to_change:
            raise UsageError(
                f"'{short(pattern)}' is a project, and a change is made in one environment: "
                + listing([environment.label for environment in matches]),
                hint="choose one with -e PROJECT/NAME",
            )
    if not matches:
        known_names = [known.label for known in candidates]
        known_names += [name for known in candidates for name in (known.name, known.project or "")]
        raise UsageError(
            f"no environment '{short(pattern)}' in {inputs.config.where}",
            hint=suggestion(pattern, dict.fromkeys(filter(None, known_names))),
        )
    return matches


def of_name(text: str, choice: Choice, inputs: ChoiceInputs) -> Environment | None:
    """The environment of exactly that name; None if there is none.

    Raises:
        UsageError: several projects have one.
    """
    return _of_name(text, _candidates(choice, inputs))


def _of_name(text: str, candidates: tuple[Environment, ...]) -> Environment | None:
    matches = [known for known in candidates if text in (known.name, known.label)]
    if len(matches) > 1:
        raise UsageError(
            f"'{short(text)}' is an environment of {len(matches)} projects: "
            + listing([environment.label for environment in matches]),
            hint="choose one with -e PROJECT/NAME or -p, or all of them with a glob",
        )
    return matches[0] if matches else None


def ad_hoc(text: str, inputs: ChoiceInputs) -> Environment:
    """``ecs:…``, or ``k8s:CONTEXT[/NAMESPACE]``.

    A context of that whole name comes first: EKS' contexts have slashes.

    Raises:
        UsageError: there is no such context, or no cluster is named.
    """
    if text.startswith(AD_HOC_ECS):
        return Environment(project=None, name=text, target=_ad_hoc_cluster(text))
    name = text.removeprefix(AD_HOC_KUBERNETES)
    kubeconfig = inputs.kubeconfig()
    contexts = kubeconfig.namespaces
    namespace: str | None = None
    if name not in contexts:
        context, _, rest = name.rpartition("/")
        if context not in contexts or not rest:
            where = ", ".join(str(path) for path in kubeconfig.paths) or "any kubeconfig"
            raise UsageError(
                f"no context '{short(name)}' in {where}", hint=suggestion(context or name, contexts)
            )
        name, namespace = context, rest
    target = KubernetesTarget(context=name, namespace=namespace)
    return Environment(project=None, name=text, target=target)


def _ad_hoc_cluster(text: str) -> EcsTarget:
    """``ecs:[PROFILE@][REGION/]CLUSTER``, split at the last ``@``: profiles may contain one."""
    profile, _, location = text.removeprefix(AD_HOC_ECS).rpartition("@")
    before, arn, rest = location.partition("arn:")  # whose region is the target's own business
    region, _, cluster = (before, "", arn + rest) if arn else location.rpartition("/")
    if not cluster:
        raise UsageError(
            f"'{short(text)}' names no cluster", hint="use ecs:[PROFILE@][REGION/]CLUSTER"
        )
    return EcsTarget(cluster=cluster, region=region.rstrip("/") or None, profile=profile or None)


def _context(name: str) -> Environment:
    return Environment(
        project=None, name=f"{AD_HOC_KUBERNETES}{name}", target=KubernetesTarget(context=name)
    )


def _nothing_configured(inputs: ChoiceInputs) -> UsageError:
    if inputs.config.path is not None:
        return UsageError(f"{inputs.config.where} has no environments")
    if paths := inputs.kubeconfig().paths:
        where = ", ".join(map(str, paths))
        return UsageError(f"no environment: there is no context in {where}")
    return UsageError(
        "no environment: there is no config file, no kubeconfig, and this is not a pod",
        hint="find clusters with `dashborion env discover`, set $KUBECONFIG, or try the demo with "
        "`dashborion --demo workloads list`",
    )


def with_flags_of(
    configs: Sequence[Config], environment: Environment, environ: Mapping[str, str]
) -> Environment:
    """The environment, ``protected`` and ``read_only`` if one of the configs has the same target.

    Only by what is written; before a change ``engines.guards`` asks, too.
    """
    target = environment.target
    namespace = target.default_namespace(environ)
    same = [
        known.target
        for config in configs
        for known in config.environments
        if known.target.is_same(target) and in_namespace(known.target, namespace)
    ]
    flagged = msgspec.structs.replace(
        target,
        protected=target.protected or any(known.protected for known in same),
        read_only=target.read_only or any(known.read_only for known in same),
    )
    return msgspec.structs.replace(environment, target=flagged)


def marked_if_redefined(user: Config, folder: Config, environment: Environment) -> Environment:
    """The environment, marked if the user's own file means something else by its name."""
    for known in user.environments:
        is_named_alike = (known.project, known.name) == (environment.project, environment.name)
        # All keys count: another profile or kubeconfig is another place, and so may be none.
        if is_named_alike and _unflagged(known.target) != _unflagged(environment.target):
            text = f"{environment.label} is one thing in {folder.where} and another in {user.where}"
            return msgspec.structs.replace(environment, redefines=text)
    return environment


def _unflagged(target: Target) -> Target:
    return msgspec.structs.replace(target, protected=False, read_only=False)


def environment_info(config: Config, environment: Environment, *, current: bool) -> EnvironmentInfo:
    """An environment as ``env list`` and ``env show`` print it."""
    target = environment.target
    return EnvironmentInfo(
        name=environment.label,
        project=environment.project,
        environment=environment.name,
        current=current,
        orchestrator=target.kind,
        target=target.location,
        namespace=target.namespace,
        region=target.region,
        profile=target.profile,
        protected=target.protected,
        read_only=target.read_only,
        source=config.where if config.path and environment.project is not None else None,
    )
