"""Bearer tokens for EKS: a presigned GetCallerIdentity that names the cluster."""

from __future__ import annotations

import base64
from typing import Protocol

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from dashborion.orchestrators.aws.sessions import AwsTarget, Sessions

_SIGNED_SECONDS = 60  # as in all tools that make these tokens; clusters refuse far more
_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"


class Identity(AwsTarget, Protocol):
    """A cluster, with the identity and region by which it is reached."""

    @property
    def cluster(self) -> str: ...


def token(sessions: Sessions, target: Identity, region: str) -> str:
    """A fresh token; nothing is sent, unless AWS credentials have to be refreshed.

    Raises:
        CredentialsError: there are no credentials to sign with.
    """
    request = AWSRequest(
        method="GET",
        # Always AWS' own regional endpoint: a cluster sends the request nowhere else.
        url=f"https://{sessions.sts_host(target, region)}/"
        "?Action=GetCallerIdentity&Version=2011-06-15",
        headers={_CLUSTER_HEADER: target.cluster},
    )
    SigV4QueryAuth(sessions.signing_keys(target), "sts", region, expires=_SIGNED_SECONDS).add_auth(
        request
    )
    return _PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
