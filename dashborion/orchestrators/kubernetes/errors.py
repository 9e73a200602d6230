"""What came back, decoded from bytes, or in our words when it is an error. No I/O.

Messages name the call and the server, never a query, a header or a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import urllib3
from msgspec import Struct
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
    Refusal,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
)
from dashborion.models.ready import ready
from dashborion.orchestrators.kubernetes import wire

RETRIED = frozenset({429, 500, 502, 503, 504})
CHANGING = ("PATCH", "PUT", "DELETE")

_FAILED_TESTS = (
    "the server rejected our request due to an error in our request",
    "testing value ",  # what the JSON patch library says, in servers that pass it on
)

T = TypeVar("T")


class Missing(DashborionError):
    """404: for the caller to put into words, with what does exist.

    ``foreign`` when the answer is not the API's own: that server may be anything.
    """

    def __init__(self, message: str, *, foreign: bool = False) -> None:
        super().__init__(message)
        self.foreign = foreign


class Expired(DashborionError):
    """410 on a continue token, with the token to go on from, if the server gave one."""

    def __init__(self, message: str, token: str | None) -> None:
        super().__init__(message)
        self.token = token


class Retry(DashborionError):
    """An attempt that failed in a way that another may not; ``after`` seconds if the API says."""

    def __init__(self, error: DashborionError, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


class Asked(Struct, frozen=True):
    """One call: whom, what, and through which proxy and as which user."""

    host: str
    method: str
    path: str
    user: str | None = None
    proxy: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.host}"


def decode(type_: type[T], body: bytes, asked: Asked) -> T:
    """The body as that type.

    Raises:
        BadAnswer: it is not JSON, or not of the shape that the API documents.
    """
    try:
        decoded: T = _decoder(type_).decode(body)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _misshapen(error, asked) from error
    return decoded


def convert(type_: type[T], plain: Any, asked: Asked) -> T:
    """Plain data as that type; raises as ``decode``."""
    try:
        return msgspec.convert(plain, ready(type_))
    except (msgspec.ValidationError, RecursionError) as error:
        raise _misshapen(error, asked) from error


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(ready(type_))


def _misshapen(error: Exception, asked: Asked) -> BadAnswer:
    problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return BadAnswer(f"{asked} was answered with what is not the API's: {problem}")


def broken(error: Exception, asked: Asked, *, waited: float) -> DashborionError:
    """The error for a request without an answer; refused, unresolvable and TLS ones are final."""
    host = asked.host
    if asked.proxy:
        host += f" through the proxy {_without_secrets(asked.proxy)}"
    text = _plain(error)
    if isinstance(error, SSLError):
        return Unreachable(f"cannot connect to {host}: TLS: {text}")
    if isinstance(
        error, NewConnectionError | NameResolutionError | ConnectTimeoutError | ProxyError
    ):
        return Unreachable(f"cannot connect to {host}: {text}")
    if isinstance(error, ReadTimeoutError):
        return Retry(TimedOut(f"{asked} was not answered within {waited:g} seconds"))
    if isinstance(error, DecodeError):
        return BadAnswer(f"{asked} was answered with what cannot be decompressed")
    if isinstance(error, ProtocolError | OSError):
        return Retry(Unreachable(f"{asked}: the connection broke: {text}"))
    return Unreachable(f"cannot speak to {host}: {type(error).__name__}")


def refused(
    asked: Asked, status: int, content: bytes, headers: Mapping[str, str]
) -> DashborionError:
    """The error for an error answer: from the API's ``Status``, or whatever stands in its place."""
    try:
        said: wire.Status = _decoder(wire.Status).decode(content)
    except (msgspec.DecodeError, RecursionError):
        said = wire.Status()  # a proxy's page
    message = said.message or f"{asked} was answered with {status}"
    who = f" of user '{asked.user}'" if asked.user else ""
    if status in RETRIED:
        after = _retry_after(headers.get("Retry-After"))
        text = f"{asked} was answered with {status}"
        text += f" ({said.message})" if said.message else ""
        text += f", to be asked again in {after:g} seconds" if after else ""
        return Retry(Throttled(text) if status == 429 else Unreachable(text), after)
    if status == 401:
        return CredentialsError(
            f"{asked}: the credentials{who} are not accepted ({said.message or status})",
            hint="log in again; `dashborion env check` shows as whom you come",
        )
    if asked.method in CHANGING and status in (400, 403, 409, 422):
        return _unchanged(status, message, said.message, who)
    if status == 403:
        return Forbidden(message if said.message else f"{message}, to the request{who}")
    if status == 404:
        return Missing(message, foreign=said.message is None)
    if status == 410:
        return Expired(message, said.metadata.continue_)
    if status in (400, 422):
        return UsageError(message)
    if 300 <= status < 400:
        elsewhere = _without_secrets(headers.get("Location") or "elsewhere")
        return BadAnswer(f"{asked} was redirected to {elsewhere}, which is not followed")
    return BadAnswer(message)


def _unchanged(status: int, message: str, said: str | None, who: str) -> DashborionError:
    """The error for a change that was not made.

    422 is a JSON patch's `test` that did not hold, in a sentence that names no field, or a
    value that validation does not like. An admission webhook answers with whatever status it
    was written to give, 400 unless told, and 403 often: its no is about the change, not about
    the credentials.
    """
    if status == 409 or (status == 422 and any(one in message for one in _FAILED_TESTS)):
        return Conflict(message)
    if status == 422 or (said or "").startswith("admission webhook "):
        return Refusal(message)
    if status == 403:
        return Forbidden(message if said else f"{message}, to the request{who}")
    return UsageError(message)


def _retry_after(header: str | None) -> float | None:
    """Seconds, from a number or an HTTP date; None when it makes no sense."""
    if not header:
        return None
    try:
        return float(urllib3.Retry().parse_retry_after(header))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _without_secrets(url: str) -> str:
    """A URL's scheme, host and path: no password, no query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else parts.path


def _plain(error: Exception) -> str:
    """An HTTP library's error without its object addresses and repeated names."""
    text = str(error.args[-1] if error.args else error)
    text = text.rpartition(">: ")[2] or text
    return text.partition("Failed to establish a new connection: ")[2] or text
