"""An AWS with clusters in two regions, a kubeconfig, and the user's config file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.eks.models import eks_backends

from tests.support.aws import KEY, SECRET, credentials, write_aws
from tests.support.aws_server import StrictAws
from tests.support.kubeconfigs import document, merged, write

PARIS, VIRGINIA = "eu-west-3", "us-east-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[StrictAws]:
    """The profile ``home`` in Paris; no default credentials."""
    credentials(monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    write_aws(
        home,
        config=f"[profile home]\nregion={PARIS}\n",
        credentials=f"[home]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n",
    )
    with StrictAws() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        for region, name in (
            (PARIS, "homebox-staging"), (PARIS, "homebox-prod"), (VIRGINIA, "homebox-staging"),
            (VIRGINIA, "spare"),
        ):  # fmt: skip
            aws.region(region).cluster(name)
        role = "arn:aws:iam::123456789012:role/eks"
        eks_backends[aws.account][PARIS].create_cluster("rubix-prod", role, {})
        yield aws


@pytest.fixture
def contexts(home: Path) -> Callable[..., Path]:
    """Write a kubeconfig with these contexts."""

    def make(*names: str) -> Path:
        (home / ".kube").mkdir(exist_ok=True)
        server = "https://127.0.0.1:9"
        return write(
            home / ".kube" / "config", merged(*(document(server, context=one) for one in names))
        )

    return make


@pytest.fixture
def user_file(home: Path) -> Path:
    """Where the user's own config file is, once it is there."""
    return home / ".config" / "dashborion" / "config.yaml"
