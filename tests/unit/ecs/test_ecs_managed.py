"""Whose a service is, by its tags."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.ecs import managed

STACK = {"aws:cloudformation:stack-name": "shop-web", "aws:cloudformation:logical-id": "Service"}
COPILOT = {
    "copilot-application": "shop", "copilot-environment": "test", "copilot-service": "web"
}  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param({"team": "blue"}, None, id="nobody"),
        pytest.param(STACK, "CloudFormation shop-web", id="a stack"),
        pytest.param(STACK | COPILOT, "copilot shop/test/web", id="copilot, which makes stacks"),
        pytest.param({"copilot-application": "shop"}, None, id="a part of copilot's tags"),
        pytest.param({"aws:cloudformation:stack-name": ""}, None, id="an empty tag"),
    ],
)
def test_a_service_says_whose_it_is(tags: dict[str, str], expected: str | None) -> None:
    found = managed.keeper(tags)
    assert (str(found.managed_by) if found else None) == expected
    assert found is None or found.reverts is None  # a stack's drift stays until it is deployed
