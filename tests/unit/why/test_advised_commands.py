"""Commands that causes advise: they find the same object, and are words to a shell."""

from __future__ import annotations

import pytest

from dashborion.engines.advice import addressed
from dashborion.models.cause import Advice
from tests.support.causes import cause


def command(text: str | None, *options: str, namespace: str | None = None) -> str | None:
    given = cause(advice=[Advice(text="look", command=text)])
    found = addressed([given], options=options, label="shop/staging", namespace=namespace)
    return found[0].advice[0].command


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            "dashborion instances logs web-1 --previous",
            "dashborion instances logs web-1 --previous -e shop/staging",
            id="the environment",
        ),
        pytest.param(
            "dashborion instances exec web-1 -- df -h",
            "dashborion instances exec web-1 -e shop/staging -- df -h",
            id="before the words of a command",
        ),
        pytest.param("kubectl get nodes", "kubectl get nodes", id="another program"),
        pytest.param(None, None, id="no command"),
        pytest.param(
            "dashborion instances logs $(reboot);reboot",
            "dashborion instances logs '$(reboot);reboot' -e shop/staging",
            id="a name that is code",
        ),
        pytest.param("dashborion instances logs it's", None, id="a name with a quotation mark"),
    ],
)
def test_a_command_can_be_typed_as_it_is(given: str | None, expected: str | None) -> None:
    assert command(given) == expected


@pytest.mark.parametrize(
    ("given", "has_namespace"),
    [
        pytest.param("dashborion workloads events web", True, id="workloads"),
        pytest.param("dashborion k8s jobs list", True, id="a kind with namespaces"),
        pytest.param("dashborion k8s nodes describe a", False, id="nodes"),
        pytest.param("dashborion ecs clusters list", False, id="what only ECS has"),
    ],
)
def test_the_namespace_is_named_where_there_is_one(given: str, has_namespace: bool) -> None:
    found = command(given, namespace="other") or ""
    assert found.endswith(" -n other") is has_namespace


def test_global_options_are_repeated() -> None:
    assert command("dashborion k8s nodes list", "--config", "my file.yaml") == (
        "dashborion --config 'my file.yaml' k8s nodes list -e shop/staging"
    )
