"""How a workload is named on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

NAME_FORMS = "NAME, KIND/NAME or NAMESPACE/KIND/NAME"

WorkloadName = Annotated[str, typer.Argument(metavar="NAME", help=f"{NAME_FORMS}.")]
