"""Start-up is a feature: what a tab or a --help must never import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
