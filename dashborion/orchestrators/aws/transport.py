"""The way to AWS: what is wrong with it on this side, and whether answers arrive whole."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from botocore import exceptions as core
from botocore.utils import should_bypass_proxies

from dashborion.errors import ConfigError
from dashborion.orchestrators.aws.login import named_file


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
            ResponseStreamingError: it ended before it should; clients that retry, retry it.
            ValueError: a header that cannot be sent; http.client's error would quote it, and
                be taken for a broken connection.
        """
        for name, value in request.headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if "\n" in text or "\r" in text:
                raise ValueError(f"a line break in {name}")
        answer = self._session.send(request)
        promised = str(answer.headers.get("Content-Length") or "")
        if not request.stream_output and promised.isdecimal():
            missing = int(promised) - len(answer.content)
            if missing > 0 and request.method != "HEAD":
                raise core.ResponseStreamingError(error=f"{missing} bytes are missing")
        return answer

    def close(self) -> None:
        self._session.close()


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
