"""What a command in a task needs, from what AWS says: yes, no, and not known."""

from __future__ import annotations

import pytest

from dashborion.errors import DashborionError, Forbidden, Refusal
from dashborion.orchestrators.ecs import exec_check
from dashborion.orchestrators.ecs.exec_check import RIGHTS, Unknown, require_version, rights_of
from dashborion.orchestrators.ecs.native_wire import ContainerDetail, TaskDefinitionDetail
from dashborion.orchestrators.requirements import checked


def test_each_of_the_four_rights_is_told_by_iams_simulation() -> None:
    decisions = ["allowed", "implicitDeny", "explicitDeny"]  # and nothing of the last
    results = [
        {"EvalActionName": right, "EvalDecision": said}
        for right, said in zip(RIGHTS, decisions, strict=False)
    ]
    found = rights_of({"EvaluationResults": results})
    assert [one.requirement for one in found] == list(RIGHTS)
    assert [one.met for one in found] == [True, False, False, None]
    assert [bool(one.advice) for one in found] == [False, True, True, True]


def test_without_the_right_to_simulate_they_are_unknown() -> None:
    found = rights_of(Forbidden("iam:SimulatePrincipalPolicy is not allowed"))
    assert {one.met for one in found} == {None}
    assert all("allow iam:SimulatePrincipalPolicy" in str(one.advice) for one in found)


@pytest.mark.parametrize(
    ("said", "least", "error"),
    [
        pytest.param("1.4.0", exec_check.FARGATE_LINUX, None, id="the first of Linux"),
        pytest.param("1.3.0", exec_check.FARGATE_LINUX, Refusal, id="too old"),
        pytest.param("1.0.0", exec_check.FARGATE_WINDOWS, None, id="the first of Windows"),
        pytest.param("1.100.0", exec_check.AGENT, None, id="compared by number"),
        pytest.param("1.49.9", exec_check.AGENT, Refusal, id="an old agent"),
        pytest.param("LATEST", exec_check.FARGATE_LINUX, Unknown, id="no version"),
        pytest.param(None, exec_check.FARGATE_LINUX, Unknown, id="nothing"),
    ],
)
def test_a_platform_has_to_be_new_enough(
    said: object, least: tuple[int, ...], error: type[DashborionError] | None
) -> None:
    if error is None:
        assert str(said) in require_version("platform", said, least)
    else:
        with pytest.raises(error):
            require_version("platform", said, least)


def test_a_root_that_is_read_only_is_told_of_the_container_that_is_meant() -> None:
    closed = ContainerDetail(name="app", readonly_root_filesystem=True)
    definition = TaskDefinitionDetail(
        task_definition_arn="arn", container_definitions=[closed, ContainerDetail(name="side")]
    )
    met = {name: exec_check.writable_root(definition, name).met for name in ("app", "side", None)}
    assert met == {"app": False, "side": True, None: False}
    assert exec_check.writable_root(Forbidden("no"), "app").met is None


@pytest.mark.parametrize(
    ("error", "met"),
    [(None, True), (Refusal("off"), False), (Forbidden("no"), None), (Unknown("?"), None)],
    ids=["passes", "refused", "forbidden", "unknown"],
)
def test_what_is_refused_is_not_met_and_what_is_not_answered_not_known(
    error: DashborionError | None, met: bool | None
) -> None:
    def check() -> str:
        if error is not None:
            raise error
        return "fine"

    assert checked("anything", check).met is met
