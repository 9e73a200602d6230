"""What RBAC denies costs that part and a warning; nothing left is exit 4."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane

AsUser = Callable[[str], Path]


def test_a_forbidden_kind_costs_its_rows_which_the_exit_code_tells(
    dashborion: Cli, as_user: AsUser
) -> None:
    as_user("viewer")
    result = dashborion("workloads list -o json")
    assert result.exit_code == 5
    assert {one["type"] for one in result.json} == {"k8s-deployment", "k8s-daemonset"}
    assert 'User \\"viewer\\" cannot list resource \\"statefulsets\\"' in result.err
    assert result.err.count('"warning"') == 1


def test_describing_with_less_than_all_rights(
    dashborion: Cli, as_user: AsUser, cluster: ControlPlane
) -> None:
    """Since 1.3x the zone stands on the pod, too; before, only nodes know it."""
    as_user("viewer")
    found = dashborion("workloads describe web -o json")
    assert found.exit_code == 0
    assert len(found.json["instances"]) == 2
    name = found.json["instances"][0]["name"]
    zone = dashborion(f"instances describe {name} -o json").json["zone"]
    assert (zone is None) == (cluster.version < (1, 30))


def test_an_unknown_namespace_without_the_right_to_ask(dashborion: Cli, as_user: AsUser) -> None:
    as_user("viewer")
    result = dashborion("instances list -n nowhere")
    assert (result.exit_code, result.out) == (
        0,
        "NAME\tWORKLOAD\tREADY\tSTATUS\tRESTARTS\tCREATED\n",
    )


def test_no_permissions_exit_4_naming_call_and_user(dashborion: Cli, as_user: AsUser) -> None:
    as_user("nobody")
    for command in ("workloads list", "instances list", "workloads describe web"):
        result = dashborion(f"{command} -o json")
        assert (result.exit_code, result.out) == (4, "")
        assert result.error["code"] == "forbidden"
        assert 'User "nobody" cannot' in result.error["message"]
        assert result.error["environment"] == "k8s:real"


def test_check_says_as_whom_and_what_is_denied(dashborion: Cli, as_user: AsUser) -> None:
    as_user("viewer")
    (check,) = dashborion("env check -o json").json
    assert check["reachable"] is True
    assert check["identity"] == "viewer"
    assert check["version"].startswith("v1.")
    allowed = {one["action"]: one["allowed"] for one in check["permissions"]}
    assert allowed["list instances"] is True
    assert allowed["scale workloads"] is False
    rights = dashborion("env check --for scale -o json").json
    allowed = {one["permission"]: one["allowed"] for one in rights}
    assert (allowed["get deployments.apps"], allowed["list pods"]) == (True, True)
    assert (allowed["get statefulsets.apps"], allowed["patch deployments.apps/scale"]) == (
        False,
        False,
    )
    nodes = [one for one in dashborion("env check --for why -o json").json
             if one["permission"] == "get nodes"]  # fmt: skip
    assert [(one["namespace"], one["allowed"]) for one in nodes] == [(None, False)]


def test_check_of_a_token_that_is_not_accepted(dashborion: Cli, as_admin: Path) -> None:
    as_admin.write_text(as_admin.read_text().replace("admin-token", "stale"))
    result = dashborion("env check")
    assert result.exit_code == 4
    assert "are not accepted" in result.err
    assert "k8s:real" in result.out
