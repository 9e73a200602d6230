"""Which environments a command is about: from what was typed down to the only one there is.

The order is that of the documentation: ``-e`` (ad-hoc forms included) or
``--all-envs``, ``$DASHBORION_ENV``, ``env use``, the file's ``default``, the
only one. Without a config file the contexts of the kubeconfig are the
environments, and its current context the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct

from dashborion.config.kubeconfig import Kubeconfig
from dashborion.config.targets import (
    Config,
    EcsTarget,
    EksTarget,
    Environment,
    InClusterTarget,
    KubernetesTarget,
    Target,
)
from dashborion.errors import ConfigError, Refusal, UsageError, suggestion
from dashborion.models.environment import EnvironmentInfo
from dashborion.storage.files import write_private

_GLOB = frozenset("*?[")
AD_HOC_KUBERNETES = "k8s:"
AD_HOC_ECS = "ecs:"
AD_HOC = (AD_HOC_KUBERNETES, AD_HOC_ECS)
IN_CLUSTER = "in-cluster"


class Choice(Struct, frozen=True):
    """What was typed: ``-p``, ``-e`` and ``--all-envs``."""

    project: str | None = None
    patterns: tuple[str, ...] = ()
    all_environments: bool = False


class Surroundings(Struct, frozen=True):
    """Everything besides the command line that takes part in the choice."""

    config: Config
    kubeconfig: Callable[[], Kubeconfig]  # read only when an ad-hoc name needs it
    environ: Mapping[str, str]
    in_use: str | None
    note: Callable[[str], None]


def without_config(kubeconfig: Kubeconfig, *, pod: bool) -> Config:
    """The environments there are when no file says any: contexts, or the pod's own cluster."""
    environments = tuple(_context(name) for name in kubeconfig.namespaces)
    if not environments and pod:
        own = Environment(project=None, name=IN_CLUSTER, target=InClusterTarget())
        return Config(default=own.name, environments=(own,))
    default = f"{AD_HOC_KUBERNETES}{kubeconfig.current}" if kubeconfig.current else None
    return Config(default=default, environments=environments)


def choose(choice: Choice, around: Surroundings) -> tuple[Environment, ...]:
    """The environments that a command runs on, in the order of the file.

    Raises:
        UsageError: nothing fits, or more than one does where one name was given.
    """
    project = choice.project or around.environ.get("DASHBORION_PROJECT")
    candidates = _of_project(around.config, project)
    if choice.all_environments and choice.patterns:
        raise UsageError("--all-envs and -e exclude each other")
    if choice.patterns:
        found = [
            environment
            for pattern in choice.patterns
            for environment in _matching(pattern, candidates, around)
        ]
        return tuple({environment.label: environment for environment in found}.values())
    remembered = around.environ.get("DASHBORION_ENV") or around.in_use or ""
    if not candidates and not remembered.startswith(AD_HOC):
        raise _nothing_configured(around)
    if choice.all_environments:
        return candidates
    return _preferred(candidates, around, narrowed=choice.project is not None)


def choose_quietly(choice: Choice, around: Surroundings) -> tuple[Environment, ...]:
    """As ``choose``, without a word: nothing fits is an empty choice."""
    try:
        return choose(choice, msgspec.structs.replace(around, note=lambda _: None))
    except UsageError:
        return ()


def _preferred(
    candidates: tuple[Environment, ...], around: Surroundings, *, narrowed: bool
) -> tuple[Environment, ...]:
    variable = around.environ.get("DASHBORION_ENV")
    if variable:
        try:
            return tuple(_matching(variable, candidates, around))
        except UsageError as error:
            if not narrowed:  # with -p, a variable that speaks of another project does not count
                error.message = f"$DASHBORION_ENV: {error.message}"
                raise
    for label in (around.in_use, around.config.default):
        for environment in candidates:
            if environment.label == label:
                if around.config.path is None:
                    around.note(f"no config file: using {_described(environment)}")
                return (environment,)
        if label and label == around.in_use and label.startswith(AD_HOC):
            return (_ad_hoc(label, around),)
    if len(candidates) == 1:
        return candidates
    labels = ", ".join(environment.label for environment in candidates)
    raise UsageError(
        f"which environment? {around.config.where} has {len(candidates)}: {labels}",
        hint="choose with -e NAME, --all-envs, $DASHBORION_ENV, `env use` or the file's `default:`",
    )


def _described(environment: Environment) -> str:
    if isinstance(environment.target, KubernetesTarget):
        return f"the kubeconfig's context '{environment.target.context}'"
    return "this pod's own cluster"


def _of_project(config: Config, project: str | None) -> tuple[Environment, ...]:
    if project is None:
        return config.environments
    projects = {environment.project for environment in config.environments if environment.project}
    if project not in projects:
        raise UsageError(
            f"no project '{project}' in {config.where}",
            hint=suggestion(project, sorted(projects)),
        )
    return tuple(e for e in config.environments if e.project == project)


def _matching(
    pattern: str, candidates: tuple[Environment, ...], around: Surroundings
) -> list[Environment]:
    """What one ``-e`` means: ad hoc, ``name``, ``project/name``, or a glob on these."""
    if pattern.startswith(AD_HOC_ECS):
        return [_ad_hoc(pattern, around)]
    if pattern.startswith(AD_HOC_KUBERNETES):
        if _GLOB.isdisjoint(pattern):
            return [_ad_hoc(pattern, around)]
        kubeconfig = around.kubeconfig()
        contexts = [_context(name) for name in kubeconfig.namespaces]
        candidates = tuple(contexts)
    globbed = not _GLOB.isdisjoint(pattern)
    found = [
        environment
        for environment in candidates
        if any(
            fnmatchcase(name, pattern) if globbed else name == pattern
            for name in (environment.name, environment.label)
        )
    ]
    labels = [environment.label for environment in candidates]
    if not found:
        names = [*labels, *(environment.name for environment in candidates)]
        raise UsageError(
            f"no environment '{pattern}' in {around.config.where}",
            hint=suggestion(pattern, dict.fromkeys(names if labels else ())),
        )
    if not globbed and len(found) > 1:
        raise UsageError(
            f"'{pattern}' is an environment of {len(found)} projects: "
            + ", ".join(environment.label for environment in found),
            hint="name one with -e PROJECT/NAME or -p, or all of them with a glob",
        )
    return found


def _ad_hoc(text: str, around: Surroundings) -> Environment:
    """``ecs:…``, or ``k8s:CONTEXT[/NAMESPACE]``: a context first, as EKS' names have slashes."""
    if text.startswith(AD_HOC_ECS):
        return Environment(project=None, name=text, target=_ad_hoc_cluster(text))
    name = text.removeprefix(AD_HOC_KUBERNETES)
    kubeconfig = around.kubeconfig()
    contexts = kubeconfig.namespaces
    namespace: str | None = None
    if name not in contexts:
        context, _, rest = name.rpartition("/")
        if context not in contexts or not rest:
            where = ", ".join(str(path) for path in kubeconfig.paths) or "any kubeconfig"
            raise UsageError(
                f"no context '{name}' in {where}", hint=suggestion(context or name, contexts)
            )
        name, namespace = context, rest
    target = KubernetesTarget(context=name, namespace=namespace)
    return Environment(project=None, name=text, target=target)


def _ad_hoc_cluster(text: str) -> EcsTarget:
    """``ecs:[PROFILE@][REGION/]CLUSTER``, split at the last ``@``: profiles may contain one."""
    profile, _, place = text.removeprefix(AD_HOC_ECS).rpartition("@")
    region, _, cluster = place.rpartition("/")
    if place.startswith("arn:"):
        region = place.split(":")[3]  # arn:aws:ecs:REGION:ACCOUNT:cluster/NAME
    if not cluster:
        raise UsageError(f"'{text}' names no cluster", hint="ecs:[PROFILE@][REGION/]CLUSTER")
    return EcsTarget(cluster=cluster, region=region or None, profile=profile or None)


def _context(name: str) -> Environment:
    return Environment(
        project=None, name=f"{AD_HOC_KUBERNETES}{name}", target=KubernetesTarget(context=name)
    )


def _nothing_configured(around: Surroundings) -> UsageError:
    if around.config.path is not None:
        return UsageError(f"{around.config.where} has no environments")
    return UsageError(
        "no environment: there is no config file, no kubeconfig, and this is not a pod",
        hint="`dashborion env discover` looks for clusters, `dashborion --demo workloads list` has "
        "some to try on, and $KUBECONFIG may name a file",
    )


def with_flags_of(owner: Config, environment: Environment) -> Environment:
    """Carry over ``protected`` and ``read_only`` from the user's own file.

    An ad-hoc or folder-file environment that points where one of the user's
    own does is not a way round its flags.
    """
    same = [e.target for e in owner.environments if same_target(e.target, environment.target)]
    flagged = msgspec.structs.replace(
        environment.target,
        protected=environment.target.protected or any(target.protected for target in same),
        read_only=environment.target.read_only or any(target.read_only for target in same),
    )
    return msgspec.structs.replace(environment, target=flagged)


def same_target(one: Target, other: Target) -> bool:
    """The same context, or the same cluster, region and profile.

    A region or profile that is left out may come from a variable: it counts as
    the same, since a flag too many is better than a way round one.
    """
    if isinstance(one, KubernetesTarget) and isinstance(other, KubernetesTarget):
        return one.context == other.context
    for type_ in (EcsTarget, EksTarget):
        if isinstance(one, type_) and isinstance(other, type_):
            pairs = ((one.region, other.region), (one.profile, other.profile))
            alike = all(mine in (None, theirs) or theirs is None for mine, theirs in pairs)
            return alike and one.cluster.rpartition("/")[2] == other.cluster.rpartition("/")[2]
    return False


def require_changeable(environment: Environment) -> None:
    """Called before any change.

    Raises:
        Refusal: the environment is read-only.
    """
    if environment.target.read_only:
        raise Refusal(
            f"{environment.label} is read-only", hint="`read_only: true` in the config says so"
        )


def described(config: Config, environment: Environment, *, current: bool) -> EnvironmentInfo:
    """An environment as ``env list`` and ``env show`` have it."""
    target = environment.target
    where = target.context if isinstance(target, KubernetesTarget) else IN_CLUSTER
    if isinstance(target, EcsTarget | EksTarget):
        where = target.cluster
    return EnvironmentInfo(
        name=environment.label,
        project=environment.project,
        environment=environment.name,
        current=current,
        orchestrator=str(target.__struct_config__.tag),
        target=where,
        namespace=getattr(target, "namespace", None),
        region=getattr(target, "region", None),
        profile=getattr(target, "profile", None),
        protected=target.protected,
        read_only=target.read_only,
        source=config.where if config.path and environment.project is not None else None,
    )


class _State(msgspec.Struct):
    """The state file: for each config file (or ``""``), the environment in use."""

    in_use: dict[str, str] = msgspec.field(default_factory=dict)


class InUse(Struct, frozen=True):
    """What ``env use`` remembers, one choice for each config file."""

    path: Path

    def get(self, config: Config) -> str | None:
        """The remembered label; a state file that cannot be read remembers nothing."""
        return self._read().in_use.get(_key(config))

    def set(self, config: Config, label: str | None) -> None:
        """Remember a label, or forget.

        Raises:
            ConfigError: the state file cannot be written.
        """
        state = self._read()
        state.in_use.pop(_key(config), None)
        if label is not None:
            state.in_use[_key(config)] = label
        try:
            write_private(self.path, msgspec.json.encode(state))
        except OSError as error:
            raise ConfigError(f"{self.path}: {error.strerror or error}") from error

    def _read(self) -> _State:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_State)
        except (OSError, msgspec.DecodeError):
            return _State()


def _key(config: Config) -> str:
    return str(config.path.resolve()) if config.path else ""
