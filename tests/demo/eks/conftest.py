"""An EKS of moto's whose cluster is a server that takes nothing but a good token for it."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from moto.eks.models import eks_backends
from moto.sts.models import sts_backends

from tests.support.aws import KEY, SECRET, credentials, write_aws
from tests.support.aws_server import StrictAws
from tests.support.eks_tokens import Refused, Signed, verified
from tests.support.kubeconfigs import document, write
from tests.support.misbehaviour import Fault, status
from tests.support.stub_api import Api, Request

REGION, CLUSTER = "eu-west-3", "rubix-prod"
OTHER_KEY, OTHER_SECRET = "AKIAI44QH8DHBEXAMPLE", "s3cr3t-of-the-profile"
ROLE = "arn:aws:iam::123456789012:role/on-call"


@dataclass
class Cluster(Api):
    """An API server that asks for whom each token is, as EKS' does."""

    secrets: Callable[[], Mapping[str, str]] = dict
    cluster: str = CLUSTER
    region: str = REGION
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seen: list[Signed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def fault(self, request: Request) -> Fault | None:
        """401 without a good token; else whatever a test wants to go wrong."""
        try:
            signed = verified(
                request.headers.get("authorization", ""),
                cluster=self.cluster,
                region=self.region,
                secrets=self.secrets(),
                now=self.now(),
            )
        except Refused as error:
            self.refused.append(str(error))
            self.requests.append(request)
            return status(401, "Unauthorized", reason="Unauthorized")
        self.seen.append(signed)
        return super().fault(request)


@dataclass(frozen=True)
class Eks:
    """AWS, and the one cluster that it knows."""

    aws: StrictAws
    api: Cluster
    authority: trustme.CA

    @property
    def described(self) -> Any:
        """moto's own object, for tests to spoil."""
        return eks_backends[self.aws.account][REGION].clusters[CLUSTER]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def eks(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Eks]:
    """Keys in variables and in a profile, an AWS, a cluster, no kubeconfig, and no programs."""
    credentials(monkeypatch)
    monkeypatch.setenv("PATH", "/nowhere")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with StrictAws() as aws, Cluster(tls=context) as api:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        api.secrets = lambda: {KEY: SECRET, OTHER_KEY: OTHER_SECRET, **_assumed(aws)}
        backend = eks_backends[aws.account][REGION]
        made = backend.create_cluster(CLUSTER, ROLE, {}, version="1.34")
        made.endpoint = api.url
        made.certificate_authority = {"data": base64.b64encode(authority.cert_pem.bytes()).decode()}
        write_aws(
            home,
            credentials=f"[rubix]\naws_access_key_id={OTHER_KEY}\n"
            f"aws_secret_access_key={OTHER_SECRET}\n",
            config=f"[profile rubix]\nregion={REGION}\n",
        )
        yield Eks(aws, api, authority)


def _assumed(aws: StrictAws) -> dict[str, str]:
    """The keys that AssumeRole has handed out; they belong to the role's account."""
    return {
        one.access_key_id: one.secret_access_key
        for account in list(sts_backends.values())
        for backend in account.values()
        for one in backend.assumed_roles
    }


def write_environments(home: Path, environments: Mapping[str, Mapping[str, Any]]) -> None:
    """The user's own config file."""
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"environments": {**environments}}))


Environments = Callable[..., None]


@pytest.fixture
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    """Write the user's config with one EKS environment, ``here``, and use it."""

    def make(**more: Any) -> None:
        body = {"orchestrator": "eks", "cluster": CLUSTER, "region": REGION, **more}
        write_environments(home, {"here": body})
        monkeypatch.setenv("DASHBORION_ENV", "here")

    return make


@pytest.fixture
def kube(eks: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Point $KUBECONFIG at the cluster, with a user whose plugin is this one."""

    def point(command: str, *args: str, **env: str) -> None:
        authority = base64.b64encode(eks.authority.cert_pem.bytes()).decode()
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "args": list(args),
            "env": [{"name": name, "value": value} for name, value in env.items()] or None,
            "interactiveMode": "IfAvailable",
        }
        path = write(
            tmp_path / "kubeconfig",
            document(
                eks.api.url,
                user={"exec": plugin},
                cluster={"certificate-authority-data": authority},
            ),
        )
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.setenv("DASHBORION_ENV", "k8s:here")

    return point
