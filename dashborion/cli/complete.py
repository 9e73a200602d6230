"""What the shell is offered on tab. Errors offer nothing: a prompt is no place for them."""

from __future__ import annotations


def environments(incomplete: str) -> list[str]:
    """Names of environments: short ones where one is enough, and those of contexts."""
    from dashborion.context import Context
    from dashborion.environments import AD_HOC_KUBERNETES
    from dashborion.errors import DashborionError
    from dashborion.streams import Streams

    context = Context(Streams.test())
    try:
        names = [one.name for one in context.config.environments]
        labels = [one.label for one in context.config.environments]
        offered = [name for name in names if names.count(name) == 1] + labels
        if incomplete.startswith(AD_HOC_KUBERNETES):
            contexts = context.kubeconfig.namespaces
            offered += [f"{AD_HOC_KUBERNETES}{name}" for name in contexts]
    except DashborionError:
        return []
    return [name for name in dict.fromkeys(offered) if name.startswith(incomplete)]


def schemas(incomplete: str) -> list[str]:
    """Names of objects that have a schema."""
    from dashborion.schema import known

    return [name for name in known() if name.lower().startswith(incomplete.lower())]
