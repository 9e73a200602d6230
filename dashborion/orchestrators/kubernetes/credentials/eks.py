"""Credentials for EKS clusters, made from AWS credentials alone.

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
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from dashborion.config.targets import EksTarget
from dashborion.errors import BadAnswer, Forbidden, NotFound, Unreachable
from dashborion.orchestrators.aws.client import AwsClient
from dashborion.orchestrators.aws.clusters import eks_clusters
from dashborion.orchestrators.aws.errors import Refused, bare
from dashborion.orchestrators.aws.sessions import ClusterTarget, Sessions
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.credentials.settings import (
    ExecCredential,
    Settings,
    proxy_from_environment,
    tls_context,
)
from dashborion.orchestrators.runtime import Runtime

RENEW_SECONDS = 14 * 60.0  # EKS takes a token for 15 minutes, whatever X-Amz-Expires says


@dataclass
class Token:
    """A bearer token, made again shortly before it expires; not safe from several threads."""

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
    """The credentials of an EKS environment; asks AWS for the cluster's address.

    Raises:
        CredentialsError: no AWS credentials.
        Forbidden: they may not describe the cluster.
        NotFound: there is no such cluster; the hint has those there are.
        Unreachable: it has no endpoint, since it is being created or deleted.
    """
    aws = sessions.connect(target, runtime)

    def load(_: bool) -> Settings:
        bearer = Token(lambda: sessions.eks_token(target, aws.region))
        return _settings(aws, target, bearer, runtime)

    # The name in messages, where a kubeconfig has its user's.
    user = target.role_arn or f"AWS profile {aws.profile}"
    return Credentials(target.namespace or "default", user, (), load)


def endpoint(target: EksTarget, runtime: Runtime, sessions: Sessions) -> str:
    """The address of a cluster, as EKS describes it.

    Raises:
        NotFound: there is no such cluster, or it has no address.
    """
    aws = sessions.connect(target, runtime)
    address = _describe(aws, target.cluster_name).get("endpoint")
    if not address:
        raise NotFound("endpoint", target.cluster_name, where=aws.region)
    return str(address)


@dataclass(frozen=True)
class EksTokens:
    """Tokens for kubeconfig users whose plugin would make the same ones."""

    sessions: Sessions

    def credential(self, identity: ClusterTarget, runtime: Runtime) -> ExecCredential:
        """What the plugin would give."""
        aws = self.sessions.connect(identity, runtime)
        self.sessions.signing_keys(identity)
        expires = datetime.now(UTC) + timedelta(seconds=RENEW_SECONDS)
        return ExecCredential(self.sessions.eks_token(identity, aws.region), expires=expires)


def _settings(aws: AwsClient, target: EksTarget, bearer: Token, runtime: Runtime) -> Settings:
    cluster = _describe(aws, target.cluster_name)
    host = str(cluster.get("endpoint") or "")
    certificates = cluster.get("certificateAuthority")
    authority = certificates.get("data") if isinstance(certificates, dict) else None
    if not host or not authority:
        state = str(cluster.get("status") or "not there").lower()
        raise Unreachable(f"cluster '{target.cluster_name}' is {state}: it has no endpoint")
    if not bare(host).startswith("https://"):
        raise BadAnswer(
            f"eks:DescribeCluster: '{target.cluster_name}': its endpoint is not an https address"
        )
    try:
        tls = tls_context(authority=base64.b64decode(str(authority), validate=True))
    except (binascii.Error, ssl.SSLError, ValueError) as error:
        raise BadAnswer(
            f"eks:DescribeCluster: the authority of '{target.cluster_name}' is no certificate"
        ) from error
    proxy = proxy_from_environment(str(urlsplit(host).hostname), "https", runtime.environ)
    return Settings(host.rstrip("/"), tls, proxy=proxy, authorization=bearer.authorization)


def _describe(aws: AwsClient, cluster: str) -> Mapping[str, Any]:
    try:
        answer = aws.call("eks", "describe_cluster", name=cluster)
    except Refused as error:
        if error.reason != "ResourceNotFoundException":
            raise
        raise NotFound("cluster", cluster, where=aws.region, known=_cluster_names(aws)) from error
    description = answer.get("cluster")
    if not isinstance(description, dict):
        raise BadAnswer("eks:DescribeCluster: an answer that was cut short")
    return description


def _cluster_names(aws: AwsClient) -> list[str]:
    """The clusters there are, none where we may not list them."""
    try:
        return eks_clusters(aws)
    except (Refused, Forbidden):
        return []
