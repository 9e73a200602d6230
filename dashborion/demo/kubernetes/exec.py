"""``pods/NAME/exec``: a kubelet's part in it, with the demo's shell for a container runtime."""

from __future__ import annotations

from collections.abc import Iterable
from io import BufferedIOBase

from dashborion.demo.http_server import Answer
from dashborion.demo.kubernetes.channels import Channels, is_upgrade, upgraded
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.shell import Shell

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


def exec_answer(
    pod: Object,
    container: str,
    words: list[str],
    request: Request,
    *,
    protocols: Iterable[str] = PROTOCOLS,
) -> Answer:
    """Upgrade the connection and run the command; raises Refused before that."""
    if not is_upgrade(request.headers):
        raise bad_request("Upgrade request required")
    header = request.headers.get("sec-websocket-protocol", "")
    offered = [protocol.strip() for protocol in header.split(",")]
    protocol = next((protocol for protocol in offered if protocol in protocols), None)
    if protocol is None:
        raise bad_request(f"unable to negotiate websocket protocol: {offered}")
    if not words:
        raise bad_request("you must specify at least 1 command for the container")
    spec = next(spec for spec in pod["spec"]["containers"] if spec["name"] == container)
    given = [variable for variable in spec.get("env") or () if "value" in variable]
    variables = {variable["name"]: str(variable["value"]) for variable in given}

    def converse(reading: BufferedIOBase, writing: BufferedIOBase) -> None:
        channels = Channels(
            reading,
            writing,
            is_tty=request.flag("tty"),
            has_stdin=request.flag("stdin"),
            has_end=protocol == PROTOCOLS[0],
        )
        code = Shell(pod["metadata"]["name"], variables, channels).run(words)
        channels.end(_status(code, words))

    return Answer(101, upgraded(request.headers, protocol), b"", converse=converse)


def require_running(pod: Object, container: str) -> None:
    """Raise Refused, in the kubelet's words, unless the container runs."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    if not any(status["name"] == container and "running" in status["state"] for status in statuses):
        raise Refused(404, "NotFound", f'container not found ("{container}")')


def _status(code: int | None, words: list[str]) -> Object:
    head: Object = {"metadata": {}, "apiVersion": "v1", "kind": "Status"}
    if code == 0:
        return {**head, "status": "Success"}
    if code is None:
        message = (
            "Internal error occurred: error executing command in container: exec: "
            f'"{words[0]}": executable file not found in $PATH'
        )
        return {**head, "status": "Failure", "message": message, "reason": "InternalError"}
    return {
        **head,
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
