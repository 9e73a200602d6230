"""Start-up is a feature: what a tab or a --help must never import, and all that a list does."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.aws import credentials, write_config
from tests.support.aws_objects import CLUSTER, REGION, AwsObjects, definition, service
from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api

SDKS = {"boto3", "botocore", "kubernetes", "urllib3", "requests"}
SCRIPT = """
import sys
from dashborion.__main__ import main
try:
    main(sys.argv[1:])
finally:
    own = {name for name in sys.modules if name.startswith('dashborion.')}
    print(*own, *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)
"""


def modules_after(*words: str, **environ: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    return set(done.stderr.split())


COMPLETING = {
    "_DASHBORION_COMPLETE": "complete_bash",
    "COMP_WORDS": "dashborion workloads l",
    "COMP_CWORD": "2",
}


@pytest.mark.parametrize(
    ("words", "environ", "forbidden"),
    [
        pytest.param(["--version"], {}, SDKS | {"rich", "msgspec", "yaml"}, id="version"),
        pytest.param(["--help"], {}, SDKS | {"msgspec", "yaml"}, id="help"),
        pytest.param(["workloads", "list", "--help"], {}, SDKS | {"msgspec", "yaml"}, id="a help"),
        pytest.param([], COMPLETING, SDKS | {"rich", "msgspec", "yaml"}, id="completion"),
        pytest.param(["env", "list"], {}, SDKS | {"rich"}, id="env list"),
    ],
)
def test_a_command_imports_no_more_than_it_needs(
    words: list[str], environ: dict[str, str], forbidden: set[str]
) -> None:
    loaded = modules_after(*words, **environ)
    assert "typer" in loaded
    assert not loaded & forbidden


GROUPS = {"dashborion.cli.workloads", "dashborion.cli.instances", "dashborion.cli.env"}


@pytest.mark.parametrize(
    ("words", "built"),
    [
        pytest.param(["--version"], set(), id="version"),
        pytest.param(["--help"], set(), id="help"),
        pytest.param(["workloads", "--help"], {"dashborion.cli.workloads"}, id="a group's help"),
        pytest.param(["services", "--help"], {"dashborion.cli.workloads"}, id="its other name"),
        pytest.param(["env", "list"], {"dashborion.cli.env"}, id="a command"),
    ],
)
def test_only_the_group_that_is_asked_for_is_built(words: list[str], built: set[str]) -> None:
    assert modules_after(*words) & GROUPS == built


COMMAND_LINE = {"typer", "annotated_doc", "shellingham", "msgspec", "typing_extensions",
                "platformdirs", "yaml"}  # fmt: skip
OURS = "dashborion.orchestrators."


def foreign(loaded: set[str]) -> set[str]:
    """The packages of others."""
    return (loaded & packages_distributions().keys()) - {"dashborion", "_distutils_hack"}


def parts(loaded: set[str], adapter: str) -> set[str]:
    """What of an adapter was imported, and of what both share."""
    whole = {name.removeprefix(OURS) for name in loaded if name.startswith(OURS)}
    return {name.removeprefix(f"{adapter}.") for name in whole if name != adapter}


def test_a_list_of_kubernetes_imports_what_it_shows(api: Api, kube: Kube) -> None:
    kube(api.url)
    loaded = modules_after("-q", "workloads", "list")
    assert foreign(loaded) == COMMAND_LINE | {"urllib3"}
    assert parts(loaded, "kubernetes") == {
        "adapter", "addresses", "argo", "argo_wire", "availability", "changing", "client",
        "credentials", "credentials.entries", "credentials.kubeconfig", "credentials.settings",
        "errors", "find", "instances", "inventory", "listing", "nearby_wire", "network_wire",
        "normalise", "parking", "protocol", "quantity", "request", "resources", "rollout",
        "runtime", "served", "transport", "wire",
    }  # fmt: skip


def test_a_list_of_ecs_imports_what_it_shows(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    credentials(monkeypatch)
    write_config(home, {"here": {"cluster": CLUSTER, "region": REGION}})
    with AwsObjects(services=[service("web")], definitions=[definition("web")]) as aws:
        loaded = modules_after("-q", "workloads", "list", AWS_ENDPOINT_URL=aws.url)
    assert foreign(loaded) == COMMAND_LINE | {
        "urllib3", "certifi", "botocore", "jmespath", "dateutil", "six"
    }  # fmt: skip
    assert not parts(loaded, "ecs") & {
        "changes", "cloudwatch", "deploy", "describe", "exec", "follow", "forward", "log_targets",
        "logs", "native", "run", "watched",
    }  # fmt: skip
