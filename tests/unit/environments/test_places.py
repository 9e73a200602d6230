"""What is one place under several names, and what can be told to be two without asking."""

from __future__ import annotations

import pytest

from dashborion.config.places import could_be, plain_region, server_place
from dashborion.config.targets import EksTarget, KubernetesTarget

EKS_HOST = "https://0123ABCD.gr7.us-west-2.eks.amazonaws.com"


@pytest.mark.parametrize(
    "alias",
    ["https://api.example.com", "https://API.example.com:443/", "https://api.example.com./"],
)
def test_one_server_has_several_addresses(alias: str) -> None:
    assert server_place(alias) == server_place("https://api.example.com")


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "LOCALHOST", "0.0.0.0",  # noqa: S104
     "\uff11\uff12\uff17.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["", "/", "/.", "//", "/a/.."])
def test_an_address_has_several_spellings(host: str, path: str) -> None:
    assert server_place(f"http://{host}:8080{path}") == server_place("http://127.0.0.1:8080")


def test_a_name_has_two_alphabets() -> None:
    assert server_place("https://b\u00fccher.example") == server_place(
        "https://xn--bcher-kva.example"
    )


def test_a_path_has_several_spellings() -> None:
    written = server_place("https://api.example.com/k8s/./clusters//c%2D1/")
    assert written == server_place("https://api.example.com/k8s/clusters/c-1")


@pytest.mark.parametrize(
    "other",
    [
        "https://api2.example.com",
        "https://api.example.com:6443",
        "https://api.example.com/k8s/b",
        "https://127.0.0.2",
    ],
)
def test_another_host_port_or_path_is_another_server(other: str) -> None:
    assert server_place(other) != server_place("https://api.example.com")


@pytest.mark.parametrize("written", ["us-west-2", "US-West-2", " us-west-2-fips", "fips-us-west-2"])
def test_a_region_has_one_name(written: str) -> None:
    assert plain_region(written) == "us-west-2"


@pytest.mark.parametrize(
    ("host", "region", "could"),
    [
        (EKS_HOST, "us-west-2", True),
        (EKS_HOST, None, True),
        (EKS_HOST, "us-east-1", False),
        ("https://0123.eks-cluster.us-west-2.api.aws", "us-east-1", False),
        ("https://0123.gr7.us-gov-west-1.eks.amazonaws.com", "us-east-1", False),
        ("https://0123.sk1.cn-north-1.eks.amazonaws.com.cn", "cn-north-1", True),
        ("https://10.0.0.1", "us-east-1", True),
    ],
)
def test_the_host_of_an_eks_cluster_names_its_region(
    host: str, region: str | None, could: bool
) -> None:
    target = EksTarget(cluster="rubix", region=region, read_only=True)
    assert could_be(server_place(host), KubernetesTarget(context="c"), target) is could
