"""One environment's trouble is its own."""

from __future__ import annotations

from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.misbehaviour import hang
from tests.support.stub_api import Api
from tests.support.waiting import PATIENCE_SECONDS


def test_one_environment_that_fails_costs_itself_and_exit_5(
    dashborion: Cli, api: Api, kube: Kube, unused_port: int
) -> None:
    refused = document(f"http://127.0.0.1:{unused_port}", context="there")
    write(kube(api.url), merged(document(api.url), refused))

    seen = dashborion("workloads list --all-envs -o json")

    assert seen.exit_code == 5
    assert [one["name"] for one in seen.json] == ["api", "db", "web"]
    assert '"environment": "k8s:there"' in seen.err
    assert seen.error["code"] == "partial"


def test_one_environment_that_hangs_costs_itself_and_the_deadline(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    with Api() as silent:
        silent.on("*", hang)
        write(kube(api.url), merged(document(api.url), document(silent.url, context="there")))

        seen = dashborion("workloads list --all-envs -o json", seconds=2)

        assert seen.exit_code == 5
        assert [one["name"] for one in seen.json] == ["api", "db", "web"]
        assert "k8s:there" in seen.err
        assert dashborion.took < PATIENCE_SECONDS / 2


def test_all_environments_failing_is_the_code_of_the_first(
    dashborion: Cli, api: Api, kube: Kube, unused_port: int
) -> None:
    refused = document(f"http://127.0.0.1:{unused_port}", context="there")
    write(kube(api.url), merged(document(api.url), refused))
    api.token = "another"

    seen = dashborion("workloads list --all-envs -o json")

    assert seen.exit_code == 4
    assert "k8s:there" in seen.err
