"""The demo's AWS with a spy and faults in front of it, and with regions to put things into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.ecs.aws_server import AwsServer
from dashborion.demo.http_server import Answer
from tests.support.aws_faults import Faults, FaultyHandler, Spy
from tests.support.ecs_region import Region
from tests.support.quick_ecs_api import QuickEcsApi


class StrictAws(AwsServer):
    """What is put into it stands still, unless changes play out."""

    apis: Mapping[str, Any]  # type: ignore[misc]
    handler = FaultyHandler

    def __init__(
        self, *, access_key: str = "", secret_key: str = "", plays_out: bool = False
    ) -> None:
        super().__init__(access_key=access_key, secret_key=secret_key)
        self.spy = Spy()
        self.faults = Faults()
        if not plays_out:
            self.apis = {**AwsServer.apis, "ecs": QuickEcsApi}

    @property
    def connections(self) -> int:
        """How many TCP connections clients have made since the start."""
        return self._server.connections if self._server else 0

    def region(self, name: str, *, account: str = "") -> Region:
        """Where to put things: one region's clusters, load balancers and logs."""
        account = account or self.account
        self._accounts.add(account)
        return Region(name, account, self.lock)

    def respond(self, request: AwsRequest) -> Answer:
        with self.spy.watching(request):
            return self.faults.apply(request, lambda: super(StrictAws, self).respond(request))

    def stop(self) -> None:
        self.faults.clear()
        super().stop()

    def reset(self) -> None:
        """Empty accounts, no faults; nothing was ever asked."""
        super().reset()
        self.faults.clear()
        self.spy.reset()
