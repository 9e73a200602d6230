"""``-l`` on tags means what it means on labels."""

from __future__ import annotations

import pytest

from dashborion.errors import UsageError
from dashborion.orchestrators.ecs.normalise import selected

TAGS = {"team": "blue", "app": "web", "empty": "", "Cost Center": "a=b", "Paid By": "R and D"}


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
        pytest.param("Cost Center=a=b", True, id="a blank in the key, an equal sign in the value"),
        pytest.param("Cost Center==a=b", True, id="the same with two"),
        pytest.param("Cost Center=a", False, id="half a value"),
        pytest.param("Cost Center!=a=b", False, id="unlike a value with an equal sign"),
        pytest.param(" Cost Center = a=b ,Paid By=R and D", True, id="blanks around and inside"),
        pytest.param("Cost Center in (x, a=b)", True, id="one of, with an equal sign"),
        pytest.param("Paid By notin (R and D)", False, id="not one of, with blanks"),
        pytest.param("Cost Center", True, id="a key with a blank is there"),
        pytest.param("!Cost Center", False, id="a key with a blank is wanted away"),
        pytest.param("Cost  Center=a=b", False, id="another key with two blanks"),
    ],
)
def test_the_terms_of_a_selector(selector: str | None, *, expected: bool) -> None:
    assert selected(TAGS, selector) is expected


@pytest.mark.parametrize(
    "selector",
    [
        "=",
        "=x",
        " =x",
        "!",
        "a in b",
        "a b in c",
        "a notin b",
        "team=a(b)",
        "a,,b",
        "in (a)",
        "!a=b",
    ],
)
def test_what_is_no_selector_is_wrong_usage(selector: str) -> None:
    with pytest.raises(UsageError, match="is not a selector"):
        selected(TAGS, selector)
