"""Servers and proxies that cannot be reached."""

from __future__ import annotations

import socket

import pytest

from tests.faults.unreachable import require_unreachable
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api

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
