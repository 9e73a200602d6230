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
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from dashborion.config import EksTarget
from dashborion.errors import BadAnswer, Forbidden, NotFound, Unreachable
from dashborion.orchestrators.aws import Aws, AwsTarget, Sessions
from dashborion.orchestrators.aws_errors import Refused
from dashborion.orchestrators.kubernetes.credentials import Credentials
from dashborion.orchestrators.kubernetes.settings import Settings, tls_context
from dashborion.orchestrators.protocol import Runtime

RENEW_SECONDS = 14 * 60.0  # EKS takes a token for 15 minutes, whatever X-Amz-Expires says
_SIGNED_SECONDS = 60  # what every maker of these tokens puts in; authenticators refuse far more
_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"


class Identity(AwsTarget, Protocol):
    """A cluster, and as whom and where it is reached."""

    @property
    def cluster(self) -> str: ...


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


def token(sessions: Sessions, target: Identity, region: str) -> str:
    """A fresh token; signs, and sends nothing unless AWS credentials have to be refreshed.

    Raises:
        CredentialsError: there are none to sign with.
    """
    request = AWSRequest(
        method="GET",
        # Always AWS' own, regional one: a cluster asks no other, whoever made the token.
        url=f"https://{sessions.sts_host(target, region)}/"
        "?Action=GetCallerIdentity&Version=2011-06-15",
        headers={_CLUSTER_HEADER: target.cluster},
    )
    SigV4QueryAuth(sessions.keys(target), "sts", region, expires=_SIGNED_SECONDS).add_auth(request)
    return _PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


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
        return clusters(aws)
    except (Refused, Forbidden):
        return []


def clusters(aws: Aws) -> list[str]:
    """The names of all clusters of a region."""
    asked: dict[str, Any] = {"maxResults": 100}
    found: list[str] = []
    while True:
        answer = aws.call("eks", "list_clusters", **asked)
        names = answer.get("clusters")
        if not isinstance(names, list):
            raise BadAnswer("eks:ListClusters: an answer that was cut short")
        found += [str(one) for one in names]
        if not answer.get("nextToken"):
            return found
        asked["nextToken"] = answer["nextToken"]
