"""``-l`` on tags means what it means on labels."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.ecs.normalise import selected

TAGS = {"team": "blue", "app": "web", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param(None, True, id="none"),
        pytest.param("", True, id="empty"),
        pytest.param("team=blue", True, id="equal"),
        pytest.param("team==blue", True, id="kubectl's other equal"),
        pytest.param("team=red", False, id="another value"),
        pytest.param("nobody=blue", False, id="another key"),
        pytest.param("team=blue,app=web", True, id="both"),
        pytest.param("team=blue,app=api", False, id="only one of both"),
        pytest.param(" team = blue , app=web ", True, id="spaces"),
        pytest.param("team!=red", True, id="unlike"),
        pytest.param("team!=blue", False, id="not unlike"),
        pytest.param("nobody!=blue", True, id="unlike for want of the key"),
        pytest.param("team", True, id="there"),
        pytest.param("nobody", False, id="not there"),
        pytest.param("!team", False, id="wanted away"),
        pytest.param("!nobody", True, id="away"),
        pytest.param("empty", True, id="there, and empty"),
        pytest.param("empty=", True, id="equal to nothing"),
        pytest.param("app in (web,db)", True, id="one of"),
        pytest.param("app in (api,db)", False, id="none of"),
        pytest.param("app notin (api,db)", True, id="not one of"),
        pytest.param("app notin (web)", False, id="one of those not wanted"),
        pytest.param("team=blue,app in (web, db)", True, id="equal, and one of"),
    ],
)
def test_the_terms_of_a_selector(selector: str | None, *, expected: bool) -> None:
    assert selected(TAGS, selector) is expected
