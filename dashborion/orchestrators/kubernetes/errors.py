"""The errors for error answers and for requests without an answer. No I/O.

Messages name the method, path and server; never a query, a header or a body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import IncompleteRead

import msgspec
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from dashborion.errors import (
    BadAnswer,
    Conflict,
    CredentialsError,
    DashborionError,
    Forbidden,
    MaybeApplied,
    Refusal,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
    short,
)
from dashborion.orchestrators.addresses import without_secrets
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.request import Request, decoder

CHANGING = ("PATCH", "PUT", "DELETE")
MOST_SAID = 10_000  # characters of an answer's message: it may list every field of an object

_FAILED_TESTS = (
    "the server rejected our request due to an error in our request",
    "testing value ",  # from the JSON patch library, in servers that pass its message on
)

# What the API server says when it cannot reach a node's kubelet, for a log and for exec.
_FROM_KUBELET = re.compile(
    r'(?:Get "?https?://[^" ]*/containerLogs/[^" ]*"?: |error dialing backend: |(?=dial tcp ))'
    r"(?:dial \w+ \S+: )?(?:connect: )?(?P<problem>.*)",
    re.DOTALL,
)

_OF_PYTHON = re.compile(
    r"\[(SSL|Errno)[^\]]*\]\s*|\s*\(_ssl\.c:\d+\)|\.? \(connect timeout=\S+\)"
    r"|HTTPS?Connection\(host=.*?, port=\d+\): "
)


class Missing(DashborionError):
    """404; callers turn it into an error that names what does exist.

    ``is_foreign`` when the body is not the API's ``Status``: it may be another kind of server.
    """

    def __init__(self, message: str, *, is_foreign: bool = False) -> None:
        super().__init__(message)
        self.is_foreign = is_foreign


class NoSuchResource(BadAnswer):
    """The server does not serve this resource, or is not a Kubernetes API at all."""


class NotOffered(BadAnswer):
    """405: the server has the resource, and no such way to ask for it."""


class ListExpired(BadAnswer):
    """410 on a continue token, with a token that continues the list if the server gave one."""

    def __init__(self, message: str, token: str | None) -> None:
        super().__init__(message)
        self.token = token


class KubeletSilent(Unreachable):
    """The API server gets no answer from a node's kubelet, which has the logs and runs commands."""

    def __init__(self, problem: str, node: str | None = None) -> None:
        self.problem = problem
        self.kubelet = f"the kubelet of node {node}" if node else "the node's kubelet"
        super().__init__(f"{self.kubelet} does not answer ({problem})")

    def of(self, node: str | None) -> KubeletSilent:
        """The same, about the node of that name."""
        return KubeletSilent(self.problem, node)


class Retryable(DashborionError):
    """A failed attempt that is worth another one; ``after`` so many seconds if the API says so."""

    def __init__(self, error: DashborionError, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


def maybe_applied(problem: str) -> MaybeApplied:
    """The error for a change that was sent and whose outcome is unknown."""
    return MaybeApplied(f"{problem}: it may have been applied", hint="look before trying again")


def foreign_answer(problem: str) -> MaybeApplied:
    """The error for an answer to a change that is not the API's."""
    return maybe_applied(f"the answer to the change is not the API's ({problem})")


def connection_error(error: Exception, request: Request, *, waited: float) -> DashborionError:
    """The error for a request without an answer.

    Only a timeout and a broken connection are worth another attempt; a refused connection, an
    unknown host and a failed TLS handshake are not.
    """
    host = request.host
    if request.proxy:
        host += f" through the proxy {without_secrets(request.proxy, path=True)}"
    text = _plain(error)
    if isinstance(error, SSLError):
        return Unreachable(f"cannot connect to {host}: TLS: {text}")
    if isinstance(
        error, NewConnectionError | NameResolutionError | ConnectTimeoutError | ProxyError
    ):
        return Unreachable(f"cannot connect to {host}: {text}")
    if isinstance(error, ReadTimeoutError):
        return Retryable(TimedOut(f"{request} was not answered within {waited:g} seconds"))
    if isinstance(error, DecodeError):
        return BadAnswer(f"{request} was answered with what cannot be decompressed")
    if isinstance(error, ProtocolError | OSError):
        return Retryable(Unreachable(f"{request}: the connection broke: {text}"))
    return Unreachable(f"cannot speak to {host}: {type(error).__name__}")


def too_large(request: Request, size: int, packed: int) -> BadAnswer:
    """The error for an answer that is not read to its end; its size so far, and on the wire."""
    grown = f", packed in {packed >> 10} KiB" if packed < size else ""
    return BadAnswer(
        f"{request} was answered with more than {size >> 20} MiB{grown}, and not read to the end",
        hint="no Kubernetes API answers so: what else is at this address?",
    )


def answer_error(
    request: Request, status: int, content: bytes | bytearray, headers: Mapping[str, str]
) -> DashborionError:
    """The error for an error answer, in the words of the API's ``Status`` where there is one."""
    try:
        body: wire.Status = decoder(wire.Status).decode(content)
    except (msgspec.DecodeError, RecursionError):
        body = wire.Status()  # such as a proxy's page
    said = short(body.message, most=MOST_SAID) if body.message else None
    message = said or f"{request} was answered with {status}"
    if status in (408, 429) or status >= 500:
        return _retryable(request, status, said, headers)
    if status == 401:
        return CredentialsError(
            f"{request}: the credentials{_of_user(request)} are not accepted ({said or status})",
            hint="log in again; `dashborion env check` shows as which user requests are sent",
        )
    if request.method in CHANGING and status in (400, 403, 409, 422):
        return _change_refused(request, status, said, message)
    if status == 403:
        return _forbidden(request, said, message)
    if status == 404:
        return Missing(message, is_foreign=said is None)
    if status in (400, 422):
        return UsageError(message)
    if location := without_secrets(headers.get("Location") or "", path=True):
        return BadAnswer(f"{request} was redirected to {location}, which is not followed")
    text = f"{request} was answered with {status}" + (f" ({said})" if said else "")
    if status == 405:
        return NotOffered(text)
    return ListExpired(text, body.metadata.continue_) if status == 410 else BadAnswer(text)


def _retryable(
    request: Request, status: int, reason: str | None, headers: Mapping[str, str]
) -> Retryable | KubeletSilent:
    if silent := _FROM_KUBELET.match(reason or ""):
        return KubeletSilent(short(silent["problem"]))
    after = _retry_after(headers.get("Retry-After"))
    text = f"{request} was answered with {status}"
    text += f" ({reason})" if reason else ""
    text += f", to be asked again in {after:g} seconds" if after else ""
    return Retryable(Throttled(text) if status == 429 else Unreachable(text), after)


def _change_refused(
    request: Request, status: int, reason: str | None, message: str
) -> DashborionError:
    """The error for a change that was not made.

    422 is either a ``test`` of a JSON patch that does not hold, in a sentence that names no
    field, or a value that validation rejects. An admission webhook may answer with any status,
    often 400 or 403: it rejects the change, not the credentials.
    """
    if status == 409 or (status == 422 and any(text in message for text in _FAILED_TESTS)):
        return Conflict(message)
    if status == 422 or (reason or "").startswith("admission webhook "):
        return Refusal(message)
    if status == 403:
        return _forbidden(request, reason, message)
    return UsageError(message)


def _forbidden(request: Request, reason: str | None, message: str) -> Forbidden:
    return Forbidden(message if reason else f"{message}, to the request{_of_user(request)}")


def _of_user(request: Request) -> str:
    return f" of user '{request.user}'" if request.user else ""


def _retry_after(header: str | None) -> float | None:
    """Seconds, from a number or an HTTP date; None if it is neither."""
    if not header:
        return None
    try:
        return float(urllib3.Retry().parse_retry_after(header))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _plain(error: Exception) -> str:
    """An HTTP library's error without its object addresses, repeated names and numbers."""
    cause = error.args[-1] if error.args else error
    if isinstance(cause, IncompleteRead):
        return "the answer was cut short"
    text = _OF_PYTHON.sub("", str(cause)).strip()
    text = text.rpartition(">: ")[2] or text
    return text.partition("Failed to establish a new connection: ")[2] or text
