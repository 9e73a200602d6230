"""AWS in this process: moto, made to refuse what AWS refuses, over real HTTP.

A test that passes against stock moto says nothing about paging, the limits of a call or which
tasks are a service's; see ``ecs_api.py`` and ``load_balancing_api.py`` for what is mended.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from botocore.model import OperationNotFoundError
from moto.core.base_backend import BackendDict
from moto.core.request import Request
from moto.eks.responses import EKSResponse
from moto.events.responses import EventsHandler
from moto.iam.models import iam_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse
from moto.sts.responses import TokenResponse

from dashborion.demo.ecs.aws_protocol import AwsRequest, is_signed, parse_request, refusal
from dashborion.demo.ecs.ecs_changes_api import EcsChangesApi
from dashborion.demo.ecs.load_balancing_api import AutoScalingApi, LoadBalancingApi
from dashborion.demo.ecs.logs_api import LogsApi
from dashborion.demo.ecs.metrics_api import MetricsApi
from dashborion.demo.ecs.sessions_api import SessionsApi
from dashborion.demo.http_server import Answer, Service

_ECS_TARGET = "AmazonEC2ContainerServiceV20141113"
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method."
)
_account_numbers = itertools.count(200_000_000_001)


class AwsServer(Service):
    """A context manager; ``url`` is what clients get as their ``endpoint_url``.

    moto keeps its state by account for the whole process, so every instance answers as an
    account of its own; stopping it empties the account. Credentials may be anything, unless a
    key is given; those that AssumeRole hands out belong to their role's account.
    """

    apis: ClassVar[Mapping[str, Any]] = {  # by the name that requests are signed for
        "ecs": EcsChangesApi,
        "elasticloadbalancing": LoadBalancingApi,
        "application-autoscaling": AutoScalingApi,
        "logs": LogsApi,
        "monitoring": MetricsApi,
        "ssm": SessionsApi,
        "sts": TokenResponse,
        "eks": EKSResponse,
        "events": EventsHandler,
        "scheduler": EventBridgeSchedulerResponse,
    }

    def __init__(self, *, access_key: str = "", secret_key: str = "") -> None:
        self.on_request: Callable[[], None] = lambda: None  # called for each one that is let in
        self.account = str(next(_account_numbers))
        # Held while moto works and by whoever changes its state; costs no speed: moto is
        # bound by the interpreter's lock anyway.
        self.lock = threading.RLock()
        self._access_key, self._secret_key = access_key, secret_key
        self._accounts = {self.account}

    def stop(self) -> None:
        super().stop()
        self.reset()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reset(self) -> None:
        """Empty the accounts."""
        with self.lock:
            in_use: Any = BackendDict._instances  # type: ignore[misc]  # noqa: SLF001
            for backends, account in itertools.product(in_use, self._accounts):
                if account in backends:  # moto would make it, which is not for nothing
                    backends[account].reset()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        request = parse_request(method, path, headers, body)
        if not request.service:
            code = "MissingAuthenticationToken" + ("" if request.wants_xml else "Exception")
            return refusal(request, code, "Missing Authentication Token", 403)
        account = self._account_of(request.access_key)
        if self._access_key and account is None and request.access_key != self._access_key:
            code = "InvalidClientTokenId" if request.wants_xml else "UnrecognizedClientException"
            message = "The security token included in the request is invalid."
            return refusal(request, code, message, 403)
        if self._secret_key and account is None and not is_signed(request, self._secret_key):
            code = "SignatureDoesNotMatch" if request.wants_xml else "InvalidSignatureException"
            return refusal(request, code, _WRONG_SIGNATURE, 403)
        self.on_request()
        return self.respond(replace(request, account=account or self.account))

    def call(self, region: str, operation: str, **parameters: Any) -> Any:
        """The answer of an operation of ECS, asked for in this process."""
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{_ECS_TARGET}.{operation}",
        }
        body = json.dumps(parameters).encode()
        request = replace(
            parse_request("POST", "/", headers, body),
            service="ecs",
            region=region,
            account=self.account,
        )
        answer = AwsServer.respond(self, request)
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.body.decode()}")
        return json.loads(answer.body)

    def _account_of(self, access_key: str) -> str | None:
        """The account of a key that was handed out here, or None."""
        for account, partitions in list(iam_backends.items()):
            if any(access_key in backend.access_keys for backend in list(partitions.values())):
                return account
        return None

    def respond(self, request: AwsRequest) -> Answer:
        """moto's answer to an authenticated request."""
        api = self.apis.get(request.service)
        if api is None:
            return _unknown(request)
        url = f"http://{request.service}.{request.region}.amazonaws.com{request.path}"
        headers = {**request.headers, "x-moto-account-id": request.account}
        asked = Request.from_primitives(request.method, url, headers, request.body)
        try:
            with self.lock:
                status, head, body = api.dispatch(asked, url, asked.headers)
        except (NotImplementedError, OperationNotFoundError):
            return _unknown(request)
        except Exception as error:  # noqa: BLE001 - a 500 would be retried, and its page is HTML
            return refusal(request, "StandInBroke", f"moto: {type(error).__name__}: {error}")
        return Answer(int(status), head, body.encode() if isinstance(body, str) else body)


def _unknown(request: AwsRequest) -> Answer:
    if request.wants_xml:
        return refusal(request, "InvalidAction", f"Could not find operation {request.operation}")
    return refusal(
        request, "UnknownOperationException", f"{request.name} is not part of this stand-in"
    )
