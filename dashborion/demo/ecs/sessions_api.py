"""Systems Manager, as far as sessions with tasks go; nobody is at the other end of one."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, BaseResponse
from moto.ecs.models import ecs_backends


class SessionsApi(BaseResponse):
    """One request to Systems Manager."""

    def __init__(self) -> None:
        super().__init__(service_name="ssm")

    def start_session(self) -> ActionResult:
        target = str(self._get_param("Target"))
        if not self._is_connected(*target.removeprefix("ecs:").split("_")):
            raise JsonRESTError("TargetNotConnected", f"{target} is not connected.")
        session = {"SessionId": "user-1", "StreamUrl": "wss://ssm.invalid/1"}
        return ActionResult({**session, "TokenValue": "made-up"})

    def _is_connected(self, cluster: str, id_: str = "", *_: str) -> bool:
        backend = ecs_backends[self.current_account][self.region]
        tasks: list[Any] = list(backend.tasks.get(cluster, {}).values())
        return any(
            task.id == id_ and task.last_status == "RUNNING"
            and getattr(task, "enable_execute_command", False)
            for task in tasks
        )  # fmt: skip
