"""Draw ``terminal.svg``, the README's picture: commands on the demo, as a terminal shows them.

HOME=$(mktemp -d) python .github/picture.py
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

WIDTH = 108
COMMANDS = (
    "status --all-envs",
    "workloads why recommendations -e shop/staging",
    "workloads scale web -r 4 --wait -e media/staging",
)


def typed(command: str) -> str:
    """What a command writes, to stdout and stderr, in colour."""
    words = [sys.executable, "-m", "dashborion", *shlex.split(command)]
    done = subprocess.run(
        words,
        env={**os.environ, "DASHBORION_DEMO": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    return done.stdout


def main() -> None:
    typed("demo start")
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    for command in COMMANDS:
        console.print(Text.assemble(("$ ", "bold green"), f"dashborion {command}"))
        console.print(Text.from_ansi(typed(f"{command} --color always")))
    typed("demo stop")
    # Without a font from elsewhere: what shows the picture has one.
    plain = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    plain = plain.replace("Fira Code, ", "")
    target = Path(__file__).with_name("terminal.svg")
    console.save_svg(str(target), title="dashborion", code_format=plain, unique_id="terminal")


if __name__ == "__main__":
    main()
