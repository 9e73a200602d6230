"""AWS in this process: moto, made to refuse what AWS refuses, over real HTTP.

A test that passes against stock moto says nothing about paging, the limits of a call or which
tasks are a service's; see strict_ecs.py and strict_elb.py for what is mended.
"""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from botocore.model import OperationNotFoundError
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.base_backend import BackendDict
from moto.core.request import Request
from moto.ecs.models import ecs_backends
from moto.eks.models import eks_backends
from moto.eks.responses import EKSResponse
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from dashborion.demo.ecs.signatures import is_signed
from dashborion.demo.ecs.strict_ecs import StrictEcs
from dashborion.demo.ecs.strict_elb import StrictElb, StrictScaling
from dashborion.demo.ecs.strict_logs import StrictLogs
from dashborion.demo.fleets.seeding_around import Region
from dashborion.demo.misbehaviour import Faults, Spy
from dashborion.demo.wire import Answer, Ask, Server, refusal, understand

_STATE: tuple[BackendDict[Any], ...] = (
    ecs_backends,
    elbv2_backends,
    applicationautoscaling_backends,
    logs_backends,
    sts_backends,
    iam_backends,
    eks_backends,
)
_FACES: dict[str, Any] = {  # by the name that requests are signed for
    "ecs": StrictEcs,
    "elasticloadbalancing": StrictElb,
    "application-autoscaling": StrictScaling,
    "logs": StrictLogs,
    "sts": TokenResponse,
    "eks": EKSResponse,
}
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method."
)
_account_numbers = itertools.count(200_000_000_001)


class StrictAws:
    """A context manager; `url` is what clients get as their `endpoint_url`.

    moto keeps its state by account for the whole process, so every instance answers as an
    account of its own unless one is given; stopping it empties the account. Credentials
    may be anything, unless a key is given; those that AssumeRole hands out belong to their
    role's account.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        account: str = "",
        access_key: str = "",
        secret_key: str = "",
        faces: Mapping[str, Any] | None = None,
        remembered: int | None = None,
    ) -> None:
        self.on_ask: Callable[[], None] = lambda: None  # told of every request that is let in
        self._access_key, self._secret_key = access_key, secret_key
        self._faces = {**_FACES, **(faces or {})}
        self.account = account or str(next(_account_numbers))
        self._accounts = {self.account}
        self.spy = Spy(remembered)
        self.faults = Faults()
        # Held while moto works and by whoever changes its state; costs no speed: moto is
        # bound by the interpreter's lock anyway.
        self.lock = threading.RLock()
        self._bind = (host, port)
        self._server: Server | None = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("not started")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def connections(self) -> int:
        """How many TCP connections clients have made since the start."""
        return self._server.connections if self._server else 0

    def region(self, name: str, *, account: str = "") -> Region:
        """Where to put things: one region's clusters, load balancers and logs."""
        account = account or self.account
        self._accounts.add(account)
        return Region(name, account, self.lock)

    def start(self, poll_seconds: float = 0.02) -> Self:
        self._server = Server(*self._bind, self._answer)
        self._server.start(poll_seconds)
        return self

    def stop(self) -> None:
        server, self._server = self._server, None
        self.faults.clear()
        if server is not None:
            server.stop()
        self.reset()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """Empty accounts, no faults; nothing was ever asked."""
        with self.lock:
            for backends, account in itertools.product(_STATE, self._accounts):
                if account in backends:  # moto would make it, which is not for nothing
                    for backend in backends[account].values():
                        backend.reset()
        self.faults.clear()
        self.spy.reset()

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        ask = understand(method, path, headers, body)
        if not ask.service:
            code = "MissingAuthenticationToken" + ("" if ask.wants_xml else "Exception")
            return refusal(ask, code, "Missing Authentication Token", 403)
        account = self._account_of(ask.access_key)
        if self._access_key and account is None and ask.access_key != self._access_key:
            code = "InvalidClientTokenId" if ask.wants_xml else "UnrecognizedClientException"
            message = "The security token included in the request is invalid."
            return refusal(ask, code, message, 403)
        if self._secret_key and account is None and not is_signed(ask, self._secret_key):
            code = "SignatureDoesNotMatch" if ask.wants_xml else "InvalidSignatureException"
            return refusal(ask, code, _WRONG_SIGNATURE, 403)
        self.on_ask()
        ask = replace(ask, account=account or self.account)
        with self.spy.watching(ask):
            return self.faults.apply(ask, lambda: self._ask_moto(ask))

    def _account_of(self, access_key: str) -> str | None:
        """Whose key it is, if it was handed out here."""
        for account, partitions in list(iam_backends.items()):
            if any(access_key in each.access_keys for each in list(partitions.values())):
                return account
        return None

    def _ask_moto(self, ask: Ask) -> Answer:
        face = self._faces.get(ask.service)
        if face is None:
            return _unknown(ask)
        url = f"http://{ask.service}.{ask.region}.amazonaws.com{ask.path}"
        headers = {**ask.headers, "x-moto-account-id": ask.account}
        request = Request.from_primitives(ask.method, url, headers, ask.body)
        try:
            with self.lock:
                status, head, body = face.dispatch(request, url, request.headers)
        except (NotImplementedError, OperationNotFoundError):
            return _unknown(ask)
        except Exception as error:  # noqa: BLE001 - a 500 would be retried, and its page is HTML
            return refusal(ask, "StandInBroke", f"moto: {type(error).__name__}: {error}")
        return Answer(int(status), head, body.encode() if isinstance(body, str) else body)


def _unknown(ask: Ask) -> Answer:
    if ask.wants_xml:
        return refusal(ask, "InvalidAction", f"Could not find operation {ask.operation}")
    return refusal(ask, "UnknownOperationException", f"{ask.name} is not part of this stand-in")
