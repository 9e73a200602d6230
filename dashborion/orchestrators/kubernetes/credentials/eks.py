"""EKS: an API server that is found and spoken to with AWS credentials alone.

The address and its authority come from DescribeCluster. The token is what
``aws eks get-token`` prints: a presigned GetCallerIdentity that names the
cluster in a signed header, which the API server sends to STS to learn who we are
(github.com/kubernetes-sigs/aws-iam-authenticator, "API Authorization from
Outside a Cluster").
"""

from __future__ import annotations

import base64
import binascii
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dashborion.config.targets import EksTarget
from dashborion.errors import BadAnswer, Forbidden, NotFound, Unreachable
from dashborion.orchestrators.aws.clusters import eks_clusters
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.sessions import Aws, Sessions
from dashborion.orchestrators.aws.tokens import Identity, token
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.credentials.settings import Settings, tls_context
from dashborion.orchestrators.protocol import Runtime

RENEW_SECONDS = 14 * 60.0  # EKS takes a token for 15 minutes, whatever X-Amz-Expires says


@dataclass
class Token:
    """A bearer token, made again when it is nearly too old; not safe from several threads."""

    make: Callable[[], str]
    clock: Callable[[], float] = time.time  # the machine may sleep, and monotonic clocks with it
    _text: str = ""
    _made: float = 0.0

    def authorization(self) -> str:
        """The header's value; raises as ``make``."""
        if not self._text or not 0 <= self.clock() - self._made < RENEW_SECONDS:
            self._text, self._made = self.make(), self.clock()
        return f"Bearer {self._text}"


def connect(target: EksTarget, runtime: Runtime, sessions: Sessions) -> Credentials:
    """The credentials of an environment; asks for the cluster.

    Raises:
        CredentialsError: no AWS credentials.
        Forbidden: they may not describe the cluster.
        NotFound: the cluster, with those there are.
        Unreachable: it is still being made, or not any more.
    """
    aws = sessions.connect(target, runtime)

    def load(_: bool) -> Settings:
        return _settings(aws, target, Token(lambda: token(sessions, target, aws.region)))

    # What messages call us, as a kubeconfig's user would be.
    user = target.role_arn or f"AWS profile {aws.profile}"
    return Credentials(target.namespace or "default", user, (), load)


@dataclass(frozen=True)
class OwnTokens:
    """Tokens for kubeconfig users whose plugin would make the same ones.

    Plugins run side by side, but prompts for MFA codes come one after the other.
    """

    sessions: Sessions
    one_prompt: threading.Lock

    def answer(self, target: Identity, runtime: Runtime) -> Mapping[str, Any]:
        """What the plugin would print as its status.

        Raises:
            DashborionError: no session, region or credentials.
        """
        aws = self.sessions.connect(target, runtime)
        with self.one_prompt:
            self.sessions.keys(target)
        made = time.time()
        return {
            "token": token(self.sessions, target, aws.region),
            "expirationTimestamp": datetime.fromtimestamp(made + RENEW_SECONDS, UTC).isoformat(),
        }


def _settings(aws: Aws, target: EksTarget, bearer: Token) -> Settings:
    found = _described(aws, target.cluster)
    host = str(found.get("endpoint") or "")
    authority = (found.get("certificateAuthority") or {}).get("data")
    if not host or not authority:
        state = str(found.get("status") or "not there").lower()
        raise Unreachable(f"cluster '{target.cluster}' is {state}: it has no endpoint")
    name = urlsplit(host).hostname
    if not name or not host.startswith("https://"):
        raise BadAnswer(f"eks:DescribeCluster: '{host}' is not an https address")
    try:
        tls = tls_context(cadata=base64.b64decode(authority, validate=True).decode("ascii"))
    except (binascii.Error, ssl.SSLError, ValueError) as error:
        raise BadAnswer(
            f"eks:DescribeCluster: the authority of cluster '{target.cluster}' is no certificate"
        ) from error
    return Settings(host.rstrip("/"), tls, proxy=_proxy(name), authorization=bearer.authorization)


def _proxy(host: str) -> str | None:
    """The proxy that the system or its variables name, as for every request to AWS."""
    return None if proxy_bypass(host) else getproxies().get("https")


def _described(aws: Aws, cluster: str) -> Mapping[str, Any]:
    try:
        answer = aws.call("eks", "describe_cluster", name=cluster)
    except Refused as error:
        if error.reason != "ResourceNotFoundException":
            raise
        raise NotFound("cluster", cluster, where=aws.region, known=_known(aws)) from error
    found = answer.get("cluster")
    if not isinstance(found, dict):
        raise BadAnswer("eks:DescribeCluster: an answer that was cut short")
    return found


def _known(aws: Aws) -> list[str]:
    try:
        return eks_clusters(aws)
    except (Refused, Forbidden):
        return []
