"""The way to AWS: what is wrong with it on this side; answers that are whole, and not endless."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from botocore import exceptions as core
from botocore.utils import should_bypass_proxies
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as ReadTimedOut

from dashborion.errors import BadAnswer, ConfigError
from dashborion.orchestrators.aws.errors import bare
from dashborion.orchestrators.aws.login import named_file

MOST_BYTES = 16 << 20  # a page of log events is 1 MB, one of 1,000 objects rarely 5
_PIECE = 1 << 17


def watch(session: Any) -> None:
    """Have the requests of all clients of botocore's session looked at, nested ones included."""
    session.register("creating-client-class", _add_base, unique_id="dashborion-transport")


def _add_base(base_classes: list[type], **_: object) -> None:
    base_classes.insert(0, _Watched)


class _Watched:
    """A base of botocore's client classes."""

    def __init__(self, serializer: Any, endpoint: Any, *rest: Any, **named: Any) -> None:
        _check_route(endpoint.host, endpoint.http_session, os.environ)
        endpoint.http_session = WholeAnswers(endpoint.http_session)
        super().__init__(serializer, endpoint, *rest, **named)  # type: ignore[call-arg]


class WholeAnswers:
    """In the place of botocore's HTTP session, which takes a body that was cut short for whole."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        """The answer.

        Raises:
            BadAnswer: it is larger than any of AWS.
            ResponseStreamingError: it ended before it should; clients that retry, retry it.
            ValueError: a header that cannot be sent; http.client's error would quote it, and
                be taken for a broken connection.
        """
        for name, value in request.headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if "\n" in text or "\r" in text:
                raise ValueError(f"a line break in {name}")
        is_streamed, request.stream_output = request.stream_output, True
        try:
            answer = self._session.send(request)
        finally:
            request.stream_output = is_streamed
        if not is_streamed:
            answer._content = _body(answer.raw, request)  # noqa: SLF001 - it would read without end
        promised = str(answer.headers.get("Content-Length") or "")
        if not is_streamed and promised.isdecimal():
            missing = int(promised) - len(answer.content)
            if missing > 0 and request.method != "HEAD":
                raise core.ResponseStreamingError(error=f"{missing} bytes are missing")
        return answer

    def close(self) -> None:
        self._session.close()


def _body(raw: Any, request: Any) -> bytes:
    """The bytes of an answer, as they come: botocore takes no packed ones."""
    body = bytearray()
    try:
        while len(body) <= MOST_BYTES and (piece := raw.read(_PIECE)):
            body += piece
    except ReadTimedOut as error:
        raise core.ReadTimeoutError(endpoint_url=request.url, error=error) from error
    except (HTTPError, OSError) as error:
        raise core.ConnectionClosedError(
            endpoint_url=request.url, request=request, error=error
        ) from error
    finally:
        raw.close()  # gives the connection back where the body has ended
    if len(body) > MOST_BYTES:
        body.clear()  # which the error's traceback would hold on to
        raise BadAnswer(
            f"{bare(request.url)} answered with more than {MOST_BYTES >> 20} MiB, and was not "
            "read to the end",
            hint="no API of AWS answers so: what else is at this address?",
        )
    return bytes(body)


def _check_route(url: str, http_session: Any, environ: Mapping[str, str]) -> None:
    """Refuse what would be told only after all retries, with a password in the message.

    Raises:
        ConfigError: the proxy's URL, or the file of certificates; with the variable's name.
    """
    scheme = urlsplit(url).scheme
    proxy = None if should_bypass_proxies(url) else getproxies().get(scheme)
    if proxy and not _is_proxy(proxy):
        names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
        variable = next((f"${name}" for name in names if environ.get(name)), "the system's proxy")
        raise ConfigError(
            f"{variable} is not the URL of a proxy that AWS' SDK knows",
            hint="write it as http://HOST:PORT or https://HOST:PORT, or set $NO_PROXY",
        )
    bundle = http_session._verify  # noqa: SLF001 - of settings, variables and defaults, what counts
    if scheme == "https" and isinstance(bundle, str):
        _check_bundle(bundle, environ)


def _is_proxy(url: str) -> bool:
    """As botocore takes it: without a scheme it is http."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url.removeprefix('//')}")
        return parts.scheme.lower() in ("http", "https") and bool(
            parts.hostname and parts.port != 0
        )
    except ValueError:
        return False


def _check_bundle(path: str, environ: Mapping[str, str]) -> None:
    file, reason = named_file(path, environ), ""
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        reason = "it holds no certificates in PEM"
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    if reason:
        raise ConfigError(f"certificates for AWS, {file}: {reason}")
