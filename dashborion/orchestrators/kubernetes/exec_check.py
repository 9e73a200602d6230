"""What a command in a pod needs: both rights, a container that runs, and a shell in it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from dashborion.errors import DashborionError, Refusal
from dashborion.models.exec_check import Requirement
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes.check import rights_of_stream
from dashborion.orchestrators.kubernetes.exec import Exec
from dashborion.orchestrators.requirements import checked, requirement
from dashborion.terminal import Terminal

_ALLOW = "allow get and create on pods/exec: a websocket needs both, from Kubernetes 1.35 on"


def check(
    commands: Exec, instance: Found[InstanceDetail], container: str | None, *, tries: bool
) -> list[Requirement]:
    """As ``protocol.Exec``."""
    rights = rights_of_stream(commands.client, "exec", instance.item.namespace)
    found = [
        requirement(f"{verb} pods/exec", allowed, None, None if allowed else _ALLOW)
        for verb, allowed in rights.items()
    ]
    choose = partial(commands.choose_container, instance, container, lambda _: None)
    chosen = checked("container", choose)
    shell = requirement("shell", None, "not tried", None)
    if tries and chosen.met and False not in rights.values():
        shell = checked("shell", partial(_shell, commands, instance, str(chosen.message)))
    return [*found, chosen, shell]


def _shell(commands: Exec, instance: Found[InstanceDetail], container: str) -> str | None:
    hint = "it can run other programs only: name one after --"
    with Path(os.devnull).open("r+b") as nothing:
        terminal = Terminal(None, nothing.fileno(), nothing.fileno(), tty=False)
        words = ["sh", "-c", "exit 0"]
        try:
            code = commands.run(instance, container, words, terminal, note=lambda _: None)
        except DashborionError as error:
            if error.code != DashborionError.code:
                raise
            raise Refusal(error.message, hint=hint) from error  # it is not there
    if code:
        raise Refusal(f"`sh` ends with {code}", hint=hint)
    return "sh"
