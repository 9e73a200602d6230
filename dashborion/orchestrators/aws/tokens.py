"""Bearer tokens for EKS: a presigned GetCallerIdentity that names the cluster."""

from __future__ import annotations

import base64
from typing import Protocol

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from dashborion.orchestrators.aws.sessions import AwsTarget, Sessions

_SIGNED_SECONDS = 60  # what every maker of these tokens puts in; authenticators refuse far more
_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"


class Identity(AwsTarget, Protocol):
    """A cluster, and as whom and where it is reached."""

    @property
    def cluster(self) -> str: ...


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
