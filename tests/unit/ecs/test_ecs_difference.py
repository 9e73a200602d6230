"""Differences of task definitions, on the API's own objects."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.ecs.native_normalise import compared_definitions


def differences(
    before: dict[str, Any], after: dict[str, Any], *, values: bool = False
) -> list[Any]:
    return [
        (one.container, one.field, str(one.kind), one.left, one.right, one.hidden)
        for one in compared_definitions(before, after, values=values)
    ]


def app(**more: Any) -> dict[str, Any]:
    return {"containerDefinitions": [{"name": "app", **more}]}


WHERE = "app"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"cpu": "1"}, {"cpu": "1"}, [], id="nothing"),
        pytest.param({"volumes": []}, {}, [], id="an empty list is none"),
        pytest.param(
            {"revision": 1, "registeredAt": 1, "status": "ACTIVE", "compatibilities": ["EC2"]},
            {"revision": 2, "registeredAt": 2, "status": "INACTIVE"},
            [],
            id="what follows from the revision",
        ),
        pytest.param(
            app(command=["a"]),
            app(command=["a", "b"]),
            [(WHERE, "command", "changed", '["a"]', '["a", "b"]', False)],
            id="a list as a whole",
        ),
        pytest.param(
            app(essential=True),
            app(essential=False),
            [(WHERE, "essential", "changed", "true", "false", False)],
            id="a truth",
        ),
        pytest.param(
            app(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            app(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
            [],
            id="another order of variables",
        ),
        pytest.param(
            app(environment=[{"name": "A", "value": ""}]),
            app(),
            [(WHERE, "variables.A", "removed", None, None, True)],
            id="an empty variable",
        ),
        pytest.param(
            app(environment=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            app(),
            [(WHERE, "variables", "removed", None, None, True)],
            id="a variable that is there twice",
        ),
        pytest.param(
            app(logConfiguration={"logDriver": "splunk", "options": {"splunk-token": "t"}}),
            app(logConfiguration={"logDriver": "splunk", "options": {"splunk-token": "u"}}),
            [(WHERE, "logConfiguration.options.splunk-token", "changed", None, None, True)],
            id="another log driver's token",
        ),
        pytest.param(
            app(logConfiguration={"options": {"awslogs-group": "a"}}),
            app(logConfiguration={"options": {"awslogs-group": "b"}}),
            [(WHERE, "logConfiguration.options.awslogs-group", "changed", "a", "b", False)],
            id="a log group",
        ),
        pytest.param(
            {
                "volumes": [
                    {"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"o": "pw=1"}}}
                ]
            },
            {
                "volumes": [
                    {"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"o": "pw=2"}}}
                ]
            },
            [
                (
                    None,
                    "volumes.v.dockerVolumeConfiguration.driverOpts.o",
                    "changed",
                    None,
                    None,
                    True,
                )
            ],
            id="a volume driver's options",
        ),
    ],
)
def test_the_differences_of_two_task_definitions(
    before: dict[str, Any], after: dict[str, Any], expected: list[Any]
) -> None:
    assert differences(before, after) == expected


def test_values_when_asked_for() -> None:
    before, after = (app(secrets=[{"name": "A", "valueFrom": one}]) for one in ("x", "y"))
    assert differences(before, after, values=True) == [
        (WHERE, "secrets.A", "changed", "x", "y", False)
    ]
