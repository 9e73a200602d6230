"""Servers and proxies that cannot be reached."""

from __future__ import annotations

import socket

import pytest

from tests.faults.unreachable import require_unreachable
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api, basic

COMMANDS = ["workloads list", "workloads describe web", "instances list", "env check"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_port_that_refuses_is_unreachable_at_once(
    dashborion: Cli, kube: Kube, unused_port: int, command: str
) -> None:
    kube(f"http://127.0.0.1:{unused_port}")

    seen = dashborion(f"{command} -o json -v --debug", fails_with_rows=command == "env check")

    require_unreachable(seen, f"127.0.0.1:{unused_port}", "refused")
    assert dashborion.slept == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_cannot_be_resolved_is_named(
    dashborion: Cli, kube: Kube, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    kube(f"{scheme}://api.invalid:6443")

    require_unreachable(dashborion("workloads list -o json --debug"), "api.invalid", "not known")


def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(
    dashborion: Cli, api: Api, kube: Kube, unused_port: int
) -> None:
    kube(api.url, cluster={"proxy-url": f"http://jane:s3cr3t@127.0.0.1:{unused_port}"})

    seen = dashborion("workloads list -o json -v --debug")

    require_unreachable(seen, "proxy", f"127.0.0.1:{unused_port}")
    assert api.requests == []


def test_a_proxy_is_what_gets_the_requests(dashborion: Cli, api: Api, kube: Kube) -> None:
    kube("http://api.invalid", cluster={"proxy-url": api.url})

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_a_proxy_gets_the_password_in_its_address(dashborion: Cli, api: Api, kube: Kube) -> None:
    proxy = api.url.replace("//", "//jane:s3cr3t%21@")
    kube("http://api.invalid", cluster={"proxy-url": proxy})

    assert dashborion("workloads list -o name -v --debug").lines == ["api", "db", "web"]
    assert api.requests[0].headers["proxy-authorization"] == basic("jane", "s3cr3t!")


NO_PROXIES = {
    "socks": ("socks5://me:s3cr3t@127.0.0.1:1080", "a proxy of type 'socks5'"),
    "an unknown scheme": ("ftp://me:s3cr3t@127.0.0.1", "no address of a proxy"),
    "no scheme": ("me:s3cr3t@127.0.0.1:8080", "no address of a proxy"),
    "a port that is none": ("http://127.0.0.1:s3cr3t", "no address of a proxy"),
    "nothing but a scheme": ("http://", "no address of a proxy"),
}


@pytest.mark.parametrize(("proxy", "words"), NO_PROXIES.values(), ids=NO_PROXIES)
def test_a_proxy_that_cannot_be_used_is_a_config_error_that_names_its_key(
    dashborion: Cli, api: Api, kube: Kube, proxy: str, words: str
) -> None:
    path = kube(api.url, cluster={"proxy-url": proxy})

    seen = dashborion("workloads list -o json --debug -v")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{path}: cluster 'here-cluster': proxy-url: {words}" in seen.error["message"]
    assert api.requests == []


def test_a_proxy_of_a_variable_that_cannot_be_used_is_a_config_error(
    dashborion: Cli, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube("http://api.invalid")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "socks5://me:s3cr3t@127.0.0.1:1080")

    seen = dashborion("workloads list -o json --debug -v")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert "variables, for cluster 'here-cluster': a proxy of type" in seen.error["message"]


def test_a_socks_proxy_for_everything_is_passed_over_as_by_kubectl(
    dashborion: Cli, api: Api, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube(api.url)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1")

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
