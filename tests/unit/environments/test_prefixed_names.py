"""``ENV:NAME``: where the environment ends and the name begins, whatever both are called."""

from __future__ import annotations

import pytest

from dashborion.completion.completers import NAMES
from dashborion.config.environments import Choice, ChoiceInputs
from dashborion.config.kubeconfig import Kubeconfig
from dashborion.config.prefixed_names import choose_with_names, split_name
from dashborion.config.targets import Config, EcsTarget, Environment
from dashborion.errors import UsageError
from tests.support.command_tree import commands

EKS = "arn:aws:eks:eu-west-3:111122223333:cluster/prod"
ECS = "arn:aws:ecs:eu-west-3:111122223333:cluster/prod"
WEB = "arn:aws:ecs:eu-west-3:111122223333:service/prod/web"
CONTEXTS = ("kind", "team/blue", "colon:ed", "colon", "kind:web", "a/b:c/d", EKS)
CONFIGURED = (
    "homebox/staging", "homebox/prod", "rubix/staging", "rubix/only", "web", "ecs", "k8s", "arn",
)  # fmt: skip


def configured(label: str) -> Environment:
    project, _, name = label.rpartition("/")
    return Environment(project=project or None, name=name, target=EcsTarget(cluster="one"))


INPUTS = ChoiceInputs(
    config=Config(environments=tuple(map(configured, CONFIGURED)), default="homebox/prod"),
    kubeconfig=lambda: Kubeconfig(namespaces=dict.fromkeys(CONTEXTS)),
    environ={},
    remembered=lambda: None,
    note=lambda _: None,
)


@pytest.mark.parametrize(
    ("typed", "label", "name"),
    [
        pytest.param("web", None, "web", id="a name alone"),
        pytest.param("media/deployment/web", None, "media/deployment/web", id="namespace and kind"),
        pytest.param("homebox/staging:web", "homebox/staging", "web", id="project and name"),
        pytest.param("only:web", "rubix/only", "web", id="a name of one project"),
        pytest.param("web:web", "web", "web", id="called alike"),
        pytest.param("homebox/prod:ns/deploy/we*", "homebox/prod", "ns/deploy/we*", id="a pattern"),
        pytest.param(f"homebox/prod:{WEB}", "homebox/prod", WEB, id="an ARN"),
        pytest.param("homebox/prod:a:b/c/web", "homebox/prod", "a:b/c/web", id="a tag's colon"),
        pytest.param(WEB, None, WEB, id="an ARN alone"),
        pytest.param("arn:web", None, "arn:web", id="what begins like an ARN"),
        pytest.param("nothing:web", None, "nothing:web", id="no environment"),
        pytest.param("homebox:web", None, "homebox:web", id="a project"),
        pytest.param("*/only:web", None, "*/only:web", id="a glob"),
        pytest.param("homebox/prod:", None, "homebox/prod:", id="no name"),
        pytest.param("homebox/prod:a//b", None, "homebox/prod:a//b", id="an empty part"),
        pytest.param(":web", None, ":web", id="no environment at all"),
        pytest.param("registry.example:5000/shop/web:1.2", None,
                     "registry.example:5000/shop/web:1.2", id="an image"),
        pytest.param("k8s:kind:sts/db", "k8s:kind", "sts/db", id="a context"),
        pytest.param("k8s:kind/media:web", "k8s:kind/media", "web", id="context and namespace"),
        pytest.param("k8s:kind/media:other/web", "k8s:kind/media", "other/web", id="another one"),
        pytest.param("k8s:team/blue:web", "k8s:team/blue", "web", id="a context with a slash"),
        pytest.param("k8s:team/blue/ns:web", "k8s:team/blue/ns", "web", id="and a namespace"),
        pytest.param("k8s:colon:ed:web", "k8s:colon:ed", "web", id="a context with a colon"),
        pytest.param("k8s:colon:web", "k8s:colon", "web", id="the beginning of another context"),
        pytest.param("k8s:kind:web:web", "k8s:kind:web", "web", id="the longest context"),
        pytest.param("k8s:kind:web", "k8s:kind", "web", id="not a context without a name"),
        pytest.param("k8s:a/b:c/d/ns:x/web", "k8s:a/b:c/d/ns", "x/web", id="slashes and colons"),
        pytest.param(f"k8s:{EKS}:web", f"k8s:{EKS}", "web", id="a context that is an ARN"),
        pytest.param(f"k8s:{EKS}/ns:web", f"k8s:{EKS}/ns", "web", id="with a namespace"),
        pytest.param("k8s:gone:web", None, "k8s:gone:web", id="a context that is not there"),
        pytest.param("k8s:web", "k8s", "web", id="an environment called k8s"),
        pytest.param("ecs:web", "ecs", "web", id="an environment called ecs"),
        pytest.param("ecs:prod:web", "ecs:prod", "web", id="a cluster"),
        pytest.param("ecs:eu-west-3/prod:media/web", "ecs:eu-west-3/prod", "media/web",
                     id="a cluster in a region"),
        pytest.param("ecs:me@eu-west-3/prod:web", "ecs:me@eu-west-3/prod", "web", id="a profile"),
        pytest.param("ecs:a@b.example:x@prod:web", "ecs:a@b.example:x@prod", "web",
                     id="a profile with a colon"),
        pytest.param("ecs:prod:a:b/web", "ecs:prod", "a:b/web", id="a cluster and a tag's colon"),
        pytest.param(f"ecs:{ECS}:web", f"ecs:{ECS}", "web", id="a cluster's ARN"),
        pytest.param(f"ecs:me@{ECS}:{WEB}", f"ecs:me@{ECS}", WEB, id="two ARNs"),
    ],
)  # fmt: skip
def test_a_name_brings_its_environment(typed: str, label: str | None, name: str) -> None:
    environment, rest = split_name(typed, Choice(), INPUTS)

    assert (environment and environment.label, rest) == (label, name)


@pytest.mark.parametrize(
    ("typed", "label", "name"),
    [
        pytest.param("web:3", None, "web:3", id="an environment is called like the family"),
        pytest.param("only:web:3", "rubix/only", "web:3", id="in an environment"),
        pytest.param("web:web:3", "web", "web:3", id="in one that is called like the family"),
        pytest.param("ecs:prod:web:3", "ecs:prod", "web:3", id="in a cluster"),
        pytest.param("ecs:eu-west-3/prod:web:3", "ecs:eu-west-3/prod", "web:3", id="in a region"),
        pytest.param(f"ecs:{ECS}:web:3", f"ecs:{ECS}", "web:3", id="in a cluster's ARN"),
        pytest.param("only:web", "rubix/only", "web", id="a family"),
    ],
)
def test_a_revision_is_no_name(typed: str, label: str | None, name: str) -> None:
    environment, rest = split_name(typed, Choice(of_definitions=True), INPUTS)

    assert (environment and environment.label, rest) == (label, name)


def test_an_environment_of_two_projects_is_told_apart_by_its_project() -> None:
    with pytest.raises(UsageError, match="'staging' is an environment of 2 projects"):
        split_name("staging:web", Choice(), INPUTS)
    environment, _ = split_name("staging:web", Choice(project="rubix"), INPUTS)
    assert environment is not None
    assert environment.label == "rubix/staging"


@pytest.mark.parametrize(
    ("names", "options", "chosen", "plain"),
    [
        pytest.param(["only:a"], {}, ["rubix/only"], {"only:a": ["rubix/only"]}, id="its own"),
        pytest.param(["a"], {}, ["homebox/prod"], {}, id="none brings one"),
        pytest.param(["only:a", "web:a"], {}, ["rubix/only", "web"],
                     {"only:a": ["rubix/only"], "web:a": ["web"]}, id="each its own"),
        pytest.param(["only:a", "b"], {}, ["homebox/prod", "rubix/only"],
                     {"only:a": ["rubix/only"], "b": ["homebox/prod"]}, id="one of two"),
        pytest.param(["only:a"], {"all_environments": True}, ["rubix/only"],
                     {"only:a": ["rubix/only"]}, id="one of all"),
        pytest.param(["only:a"], {"patterns": ("rubix",)}, ["rubix/only"],
                     {"only:a": ["rubix/only"]}, id="one of a project"),
        pytest.param(["only:a"], {"project": "rubix"}, ["rubix/only"],
                     {"only:a": ["rubix/only"]}, id="of the same project"),
    ],
)  # fmt: skip
def test_names_choose_environments(
    names: list[str], options: dict[str, object], chosen: list[str], plain: dict[str, list[str]]
) -> None:
    found = choose_with_names(Choice(names=tuple(names), **options), INPUTS)  # type: ignore[arg-type]

    assert [one.label for one in found.environments] == chosen
    assert {typed: sorted(one.labels or ()) for typed, one in found.names.items()} == plain


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"patterns": ("homebox/prod",)}, id="another environment"),
        pytest.param({"patterns": ("homebox",)}, id="another project's"),
        pytest.param({"project": "homebox"}, id="another project"),
        pytest.param({"project": "rubix", "patterns": ("staging",)}, id="another one of it"),
    ],
)
def test_a_name_and_the_options_may_not_contradict_each_other(options: dict[str, object]) -> None:
    choice = Choice(names=("rubix/only:web",), **options)  # type: ignore[arg-type]

    with pytest.raises(UsageError, match=r"'rubix/only:web' is in rubix/only, and the options"):
        choose_with_names(choice, INPUTS)


_OF_OTHERS = {  # names that are looked for where another option says, and what are no names
    ("api", "path"), ("help", "words"), ("workloads deploy", "from_workload"),
    ("workloads diff", "left"), ("workloads diff", "right"), ("instances exec", "words"),
    ("instances port-forward", "ports"), ("ecs task-definitions diff", "second"),
    ("demo break", "cause"), ("workloads run", "words"),
}  # fmt: skip


def test_every_name_of_an_object_may_have_its_environment_in_front() -> None:
    """A parameter that is new is a name, or belongs above."""
    others = {
        (words, param.name)
        for words, command in commands().items()
        for param in command.params
        if param.param_type_name == "argument" or param.name.endswith("workload")
        if param.name not in NAMES
    }
    assert others == _OF_OTHERS
