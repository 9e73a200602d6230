"""A command in a task's container, as ``aws ecs execute-command`` runs it.

ExecuteCommand starts a session, and AWS' plugin connects it with the terminal. The
plugin does not pass on the command's exit code.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from dashborion.errors import BadAnswer, DashborionError, Forbidden, NotFound, Refusal, UsageError
from dashborion.models.base import ready
from dashborion.models.exec_check import Requirement
from dashborion.models.instance import Instance, InstanceDetail, InstanceStatus
from dashborion.models.query import Found
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import plugin, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.signals import exit_code
from dashborion.terminal import Terminal, unchanged

AGENT = "ExecuteCommandAgent"
AWS_CONTAINERS = ("ecs-service-connect-", "aws-guardduty-agent", "aws-otel-collector-ecs")
REQUIREMENTS = "the task's role needs ssmmessages:*, and its subnet a way to Systems Manager"


@dataclass(frozen=True)
class Exec:
    """As ``protocol.Exec``."""

    client: Client

    def choose_container(
        self, instance: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """As ``protocol.Exec``; ECS Exec has to be on, the agent to run, the plugin to be there."""
        require_running(instance.item)
        task = task_of(instance)
        name = instance.item.name
        require_on(task, instance.item)
        names = [item.name for item in task.containers if not item.name.startswith(AWS_CONTAINERS)]
        if wanted is None and len(names) != 1:
            raise UsageError(f"{name} has {len(names)} containers: {', '.join(names)}",
                             hint="name one with -c")  # fmt: skip
        chosen = next((item for item in task.containers if item.name == (wanted or names[0])), None)
        if chosen is None:
            raise NotFound("container", str(wanted), where=name, known=names)
        require_container(instance.item, chosen.name)
        require_agent(chosen, name)
        plugin.require()
        note(f"{plugin.NAME} does not pass on the command's exit code: its own is returned")
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
        takes_variable = plugin.takes_variable(environ, note)
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
                REQUIREMENTS if error.reason == "TargetNotConnectedException" else error.hint
            )
            raise
        session = answer.get("session")
        if not isinstance(session, Mapping):
            raise BadAnswer("ecs:ExecuteCommand: an answer without a session")
        asked = {"Target": plugin.target(self.client.cluster, instance, container)}
        arguments = plugin.arguments(
            self.client.aws, session, asked, self.client.aws.endpoint, environ,
            takes_variable=takes_variable,
        )  # fmt: skip
        return _run_plugin(arguments, environ)

    def check(
        self,
        instance: Found[InstanceDetail],
        container: str | None,
        *,
        tries: bool,  # noqa: ARG002 - nothing has to be tried
    ) -> list[Requirement]:
        """As ``protocol.Exec``."""
        from dashborion.orchestrators.ecs.exec_check import check

        return check(self.client, instance, container)


def task_of(instance: Found[Instance] | Found[InstanceDetail]) -> wire.ExecTask:
    """What the task of an instance says of exec; ports are forwarded on several threads."""
    return msgspec.convert(instance.raw or {}, ready(wire.ExecTask))


def container_of(task: wire.ExecTask, wanted: str | None) -> wire.ExecContainer | None:
    """The container that is ``wanted``, else the first that is not AWS' own."""
    own = [item for item in task.containers if not item.name.startswith(AWS_CONTAINERS)]
    return next((item for item in own if wanted in (None, item.name)), None)


def require_on(task: wire.ExecTask, item: Instance) -> None:
    """A task has the setting that its service, or whoever ran it, had at its start."""
    if task.enable_execute_command:
        return
    if item.workload is None:
        hint = "start another one with `aws ecs run-task --enable-execute-command`"
        raise Refusal(f"{item.name}: ECS Exec is off: it was started without it", hint=hint)
    raise Refusal(
        f"{item.name}: ECS Exec is off: a task has the setting of its service at its start",
        hint=f"`aws ecs update-service --cluster {wire.arn_name(task.cluster_arn)} "
        f"--service {item.workload} --enable-execute-command --force-new-deployment`",
    )


def require_running(task: InstanceDetail) -> None:
    """A task that has stopped, is stopping or has not started needs no rights, but another one."""
    why = ": ".join(dict.fromkeys(filter(None, (task.reason, task.message))))
    if task.status is InstanceStatus.STOPPED:
        raise Refusal(f"{task.name} has stopped{f': {why}' if why else ''}",
                      hint="choose one that runs: `dashborion instances list`")  # fmt: skip
    if task.reason == "Terminating":
        raise Refusal(f"{task.name} is stopping{f': {task.message}' if task.message else ''}")
    if task.status is InstanceStatus.PENDING:
        raise Refusal(f"{task.name} is pending: it has not started yet{f' ({why})' if why else ''}")


def require_container(task: InstanceDetail, name: str) -> None:
    """A container that ends alone leaves the task running when it is not essential."""
    container = next((item for item in task.containers if item.name == name), None)
    if container is None or container.status is InstanceStatus.RUNNING:
        return
    code = None if container.exit_code is None else f"exit code {container.exit_code}"
    why = ", ".join(filter(None, (container.reason, code)))
    state = "has stopped" if container.status is InstanceStatus.STOPPED else "has not started yet"
    raise Refusal(f"{task.name}: container '{name}' {state}{f': {why}' if why else ''}")


def require_agent(container: wire.ExecContainer, name: str) -> None:
    agent = next((item for item in container.managed_agents if item.name == AGENT), None)
    if agent is None or agent.last_status != "RUNNING":
        status = agent.last_status if agent else "missing"
        why = f" ({agent.reason})" if agent and agent.reason else ""
        hint = (
            "it needs some seconds after the task's start" if status == "PENDING" else REQUIREMENTS
        )
        raise Refusal(f"{name}: the {AGENT} of container '{container.name}' is {status}{why}",
                      hint=hint)  # fmt: skip


def _run_plugin(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the plugin; until it ends, ^C and ^Z are for the plugin only. It ends with us."""
    keys = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
    handlers = {key: signal.signal(key, signal.SIG_IGN) for key in keys}
    try:
        with unchanged(0):
            process = subprocess.Popen(arguments, env=environ)
            with plugin.ended(process, signal.SIGTERM):
                code = process.wait()
    except OSError as error:
        raise DashborionError(f"cannot run {plugin.NAME}: {error.strerror or error}") from error
    finally:
        for key, handler in handlers.items():
            signal.signal(key, handler)
    return code if code >= 0 else exit_code(-code)
