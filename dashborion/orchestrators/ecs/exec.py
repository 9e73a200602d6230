"""A command in a task's container, as ``aws ecs execute-command`` runs it.

ExecuteCommand starts a session, and AWS' plugin connects it with the terminal. The
plugin does not pass on the command's exit code.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from dashborion.errors import BadAnswer, DashborionError, Forbidden, NotFound, Refusal, UsageError
from dashborion.models.instance import InstanceDetail, InstanceStatus
from dashborion.models.query import Found
from dashborion.orchestrators import processes
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.signals import done_in_the_end, exit_code
from dashborion.terminal import Terminal, unchanged

PLUGIN = "session-manager-plugin"
# As the AWS CLI (awscli/customizations/sessionmanager.py): a newer plugin takes the name of this
# variable in the place of the session, whose token every user can read among the arguments.
SESSION_VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
LAST_WITHOUT_VARIABLE = (1, 2, 497, 0)
VERSION_SECONDS = 5.0
END_SECONDS = 1.0  # between SIGTERM and SIGKILL
AGENT = "ExecuteCommandAgent"
_INSTALL = (
    "install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)
_AWS_CONTAINERS = ("ecs-service-connect-", "aws-guardduty-agent", "aws-otel-collector-ecs")
_REQUIREMENTS = "the task's role needs ssmmessages:*, and its subnet a way to Systems Manager"


@dataclass(frozen=True)
class Exec:
    """As ``protocol.Exec``."""

    client: Client

    def choose_container(
        self, instance: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """As ``protocol.Exec``; ECS Exec has to be on, the agent to run, the plugin to be there."""
        _require_running(instance.item)
        task = msgspec.convert(instance.raw or {}, wire.ExecTask)
        name = instance.item.name
        if not task.enable_execute_command:
            raise _off(task, instance.item)
        names = [item.name for item in task.containers if not item.name.startswith(_AWS_CONTAINERS)]
        if wanted is None and len(names) != 1:
            raise UsageError(f"{name} has {len(names)} containers: {', '.join(names)}",
                             hint="name one with -c")  # fmt: skip
        chosen = next((item for item in task.containers if item.name == (wanted or names[0])), None)
        if chosen is None:
            raise NotFound("container", str(wanted), where=name, known=names)
        _require_container(instance.item, chosen.name)
        _require_agent(chosen, name)
        if shutil.which(PLUGIN) is None:
            message = f"`{PLUGIN}` is not on the PATH: it connects the terminal with the container"
            raise Refusal(message, hint=_INSTALL)
        note(f"{PLUGIN} does not pass on the command's exit code: the plugin's own is returned")
        return chosen.name

    def run(
        self,
        instance: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        terminal: Terminal,  # noqa: ARG002 - the plugin has this process' own
        *,
        note: Callable[[str], None],
    ) -> int:
        """Start the session and run the plugin in this terminal; the plugin's exit code.

        Raises:
            Forbidden: ``ecs:ExecuteCommand`` is not allowed.
            Refused: the task cannot be reached; with what it needs.
        """
        task, environ = instance.item.id, dict(self.client.aws.runtime.environ)
        takes_variable = _version(environ) > LAST_WITHOUT_VARIABLE
        if not takes_variable:
            note(f"this {PLUGIN} is not newer than 1.2.497: while it runs, other users of this "
                 "machine can read the session's token among its arguments")  # fmt: skip
        try:
            answer = self.client.aws.write(
                "ecs", "execute_command", cluster=self.client.cluster, task=task,
                container=container, command=shlex.join(command), interactive=True,
            )  # fmt: skip
        except Forbidden as error:
            error.hint = "the policy needs ecs:ExecuteCommand on the cluster and on the task"
            raise
        except Refused as error:
            error.hint = (
                _REQUIREMENTS if error.reason == "TargetNotConnectedException" else error.hint
            )
            raise
        session = answer.get("session")
        if not isinstance(session, Mapping):
            raise BadAnswer("ecs:ExecuteCommand: an answer without a session")
        given = json.dumps(dict(session))
        if takes_variable:
            environ[SESSION_VARIABLE], given = given, SESSION_VARIABLE
        return _run_plugin(_arguments(self.client, instance, container, given), environ)


def _version(environ: Mapping[str, str]) -> tuple[int, ...]:
    """What the plugin says that it is; empty if that is no version."""
    try:
        said = processes.run(
            [PLUGIN, "--version"], environ, VERSION_SECONDS, interactive=False, show_stderr=False
        ).output.decode()
        return tuple(map(int, said.strip().split(".")))
    except (OSError, ValueError, TimeoutError, processes.TooLarge):
        return ()


def _off(task: wire.ExecTask, item: InstanceDetail) -> Refusal:
    """A task has the setting that its service, or whoever ran it, had at its start."""
    if item.workload is None:
        hint = "start another one with `aws ecs run-task --enable-execute-command`"
        return Refusal(f"{item.name}: ECS Exec is off: it was started without it", hint=hint)
    return Refusal(
        f"{item.name}: ECS Exec is off: a task has the setting of its service at its start",
        hint=f"`aws ecs update-service --cluster {wire.arn_name(task.cluster_arn)} "
        f"--service {item.workload} --enable-execute-command --force-new-deployment`",
    )


def _require_running(task: InstanceDetail) -> None:
    """A task that has stopped, is stopping or has not started needs no rights, but another one."""
    why = ": ".join(dict.fromkeys(filter(None, (task.reason, task.message))))
    if task.status is InstanceStatus.STOPPED:
        raise Refusal(f"{task.name} has stopped{f': {why}' if why else ''}",
                      hint="choose one that runs: `dashborion instances list`")  # fmt: skip
    if task.reason == "Terminating":
        raise Refusal(f"{task.name} is stopping{f': {task.message}' if task.message else ''}")
    if task.status is InstanceStatus.PENDING:
        raise Refusal(f"{task.name} is pending: it has not started yet{f' ({why})' if why else ''}")


def _require_container(task: InstanceDetail, name: str) -> None:
    """A container that ends alone leaves the task running when it is not essential."""
    container = next((item for item in task.containers if item.name == name), None)
    if container is None or container.status is InstanceStatus.RUNNING:
        return
    code = None if container.exit_code is None else f"exit code {container.exit_code}"
    why = ", ".join(filter(None, (container.reason, code)))
    state = "has stopped" if container.status is InstanceStatus.STOPPED else "has not started yet"
    raise Refusal(f"{task.name}: container '{name}' {state}{f': {why}' if why else ''}")


def _require_agent(container: wire.ExecContainer, name: str) -> None:
    agent = next((item for item in container.managed_agents if item.name == AGENT), None)
    if agent is None or agent.last_status != "RUNNING":
        status = agent.last_status if agent else "missing"
        why = f" ({agent.reason})" if agent and agent.reason else ""
        hint = (
            "it needs some seconds after the task's start" if status == "PENDING" else _REQUIREMENTS
        )
        raise Refusal(f"{name}: the {AGENT} of container '{container.name}' is {status}{why}",
                      hint=hint)  # fmt: skip


def _arguments(
    client: Client, instance: Found[InstanceDetail], container: str, session: str
) -> list[str]:
    """The plugin's arguments: session, region, operation, profile, target, endpoint."""
    containers = (instance.raw or {}).get("containers") or ()
    runtime_ids = {item.get("name"): item.get("runtimeId") for item in containers}
    target = f"ecs:{client.cluster}_{instance.item.id}_{runtime_ids.get(container)}"
    return [
        PLUGIN,
        session,
        client.aws.region,
        "StartSession",
        "" if client.aws.profile in (None, "default") else client.aws.profile,
        json.dumps({"Target": target}),
        client.aws.endpoint,
    ]


def _run_plugin(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the plugin; until it ends, ^C and ^Z are for the plugin only. It ends with us."""
    keys = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
    handlers = {key: signal.signal(key, signal.SIG_IGN) for key in keys}
    try:
        with unchanged(0), _ended(subprocess.Popen(arguments, env=environ)) as plugin:
            code = plugin.wait()
    except OSError as error:
        raise DashborionError(f"cannot run {PLUGIN}: {error.strerror or error}") from error
    finally:
        for key, handler in handlers.items():
            signal.signal(key, handler)
    return code if code >= 0 else exit_code(-code)


@contextmanager
def _ended(plugin: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End the plugin with the context: SIGTERM, then SIGKILL."""
    with done_in_the_end(plugin.kill):
        try:
            yield plugin
        finally:
            plugin.terminate()  # nothing happens if it has ended
            try:
                plugin.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                plugin.kill()
                plugin.wait()
