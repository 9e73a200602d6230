"""``instances port-forward`` on the demo's Kubernetes, through the real command."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.support.cli import Cli, start
from tests.support.forwarding import forwarding, get
from tests.support.kubeconfigs import document, write
from tests.support.manifests import container, deployment, namespace, pod, service
from tests.support.waiting import PATIENCE_SECONDS, wait_for

TOKEN = "made-up-token"
ODD = 48151  # that no other test listens to
PORTS = [
    {"name": "http", "containerPort": 8080},
    {"name": "web", "containerPort": ODD},
    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
]


@pytest.fixture(scope="module")
def started() -> Iterator[KubernetesCluster]:
    found = KubernetesCluster(TOKEN, nodes=1, speed=50)
    found.api.start()
    found.tick()
    found.put(namespace("media"))
    for name in ("web", "other"):
        found.put(deployment(name, container(ports=PORTS), replicas=2))
    found.put(service("web"))
    found.put(pod("alone", container(ports=PORTS)))
    found.put(deployment("broken", container("missing", ports=PORTS)))
    wait_for("the pods", lambda: len(ready(found)) == 5)
    yield found
    found.api.stop()


@pytest.fixture
def cluster(
    started: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> KubernetesCluster:
    path = write(tmp_path / "kubeconfig", document(started.api.url, user={"token": TOKEN}))
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("DASHBORION_ENV", "k8s:here/media")
    wait_for("the pods", lambda: len(ready(started)) == 5)
    return started


def ready(cluster: KubernetesCluster) -> list[str]:
    cluster.tick()
    return [
        one["metadata"]["name"]
        for one in cluster.store.all("pods", "media")
        if "deletionTimestamp" not in one["metadata"]
        and any(
            (each["type"], each["status"]) == ("Ready", "True")
            for each in one["status"].get("conditions", ())
        )
    ]


def remove(cluster: KubernetesCluster, name: str) -> None:
    """End a pod at once, as a node that is lost does."""
    item = cluster.store.get("pods", "media", name)
    assert item is not None
    cluster.store.remove("pods", item)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_answers_on_each_port_until_a_signal_ends_it(
    cluster: KubernetesCluster, number: signal.Signals, code: int
) -> None:
    with forwarding("web :http :8080", ports=2) as running:
        for local, name, port in running.listening:
            assert (get(local, "/x"), port) == (f"{name}:8080: GET /x HTTP/1.1\n", 8080)
        assert running.end(number) == code
        with pytest.raises(ConnectionRefusedError):
            get(running.port)
        assert "Traceback" not in running.err


@pytest.mark.parametrize(
    "target",
    [
        "web",
        "deployment/web",
        "svc/web",
        "media/web",
        "k8s:here/media:web",
        "k8s:here/media:svc/web",
    ],
)
def test_a_port_has_the_same_name_by_every_way_to_the_pods(
    cluster: KubernetesCluster, target: str
) -> None:
    port = "80" if target.endswith("svc/web") else "http"
    with forwarding(f"{target} :{port}") as running:
        assert "using " not in running.err
        assert running.listening[0][1].startswith("web-")
        assert ":8080: GET /" in get(running.port)


def test_only_this_machine_reaches_it_unless_it_is_told_otherwise(
    cluster: KubernetesCluster,
) -> None:
    with forwarding("web :http") as running:
        assert "whoever can reach this machine" not in running.err
    with start("instances port-forward web :http --address 0.0.0.0", text=True) as process:
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(3)]
    assert said[1].startswith("0.0.0.0:")
    assert said[2].startswith("whoever can reach this machine")


def test_quiet_still_says_what_is_opened_and_where(cluster: KubernetesCluster) -> None:
    with forwarding("alone :http -q") as running:
        assert running.err.startswith("forward :http to alone in namespace media in ")
        assert f"127.0.0.1:{running.port} -> alone port 8080" in running.err


def test_a_name_alone_listens_to_the_port_that_it_stands_for(cluster: KubernetesCluster) -> None:
    with forwarding("alone web") as running:
        assert (running.port, running.listening[0][2]) == (ODD, ODD)


def test_each_new_connection_goes_to_an_instance_that_is_ready(
    cluster: KubernetesCluster,
) -> None:
    with forwarding("web :http") as running:
        first = get(running.port).partition(":")[0]
        remove(cluster, first)
        second = get(running.port).partition(":")[0]
        assert second != first
        words = f"{first} takes no connections any more: now {second}"
        wait_for("what is said of it", lambda: words in running.err)
        assert get(running.port).startswith(second), "it stays there"


def test_an_instance_that_was_named_comes_first_and_others_after_it(
    cluster: KubernetesCluster,
) -> None:
    name = min(one for one in ready(cluster) if one.startswith("other-"))
    with forwarding(f"{name} :http") as running:
        assert get(running.port).startswith(f"{name}:")
        remove(cluster, name)
        assert get(running.port).startswith("other-")


@pytest.mark.parametrize("how", ["web :http --instance", "alone :http"])
def test_one_that_is_stayed_with_ends_it_when_it_does_not_come_back(
    cluster: KubernetesCluster, how: str
) -> None:
    with forwarding(f"{how} --retry 1s") as running:
        name = get(running.port).partition(":")[0]
        remove(cluster, name)
        with suppress(OSError):
            get(running.port)
        assert running.process.wait(PATIENCE_SECONDS) == 6
    assert "after 1 seconds" in running.err
    if name == "alone":
        cluster.put(pod("alone", container(ports=PORTS)))


def test_a_65th_connection_waits_until_another_one_ends(cluster: KubernetesCluster) -> None:
    with forwarding("web :http") as running, ExitStack() as clients:
        address = ("127.0.0.1", running.port)
        first, *_ = [
            clients.enter_context(socket.create_connection(address, PATIENCE_SECONDS))
            for _ in range(64)
        ]
        with socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as waiting:
            waiting.sendall(b"GET / HTTP/1.0\r\n\r\n")
            wait_for("the note", lambda: "64 connections are open" in running.err)
            waiting.settimeout(0.2)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            first.close()
            waiting.settimeout(PATIENCE_SECONDS)
            assert waiting.recv(12) == b"HTTP/1.1 200"
        clients.enter_context(socket.create_connection(address, PATIENCE_SECONDS))
        with socket.create_connection(address, PATIENCE_SECONDS) as another:
            another.settimeout(0.5)
            with pytest.raises(TimeoutError):
                another.recv(1)
        assert running.err.count("64 connections are open") == 1, "it is said once"


def test_clients_that_keep_their_connection_and_go_cost_no_others(
    cluster: KubernetesCluster,
) -> None:
    with forwarding("web :http") as running:
        for _ in range(150):
            with socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
        assert "connections are open" not in running.err


def test_a_port_where_nothing_listens_is_told(cluster: KubernetesCluster) -> None:
    with forwarding("web :9") as running:
        with pytest.raises(OSError, match="reset"):
            get(running.port)
        wait_for("the refusal", lambda: "nothing listens there" in running.err)
        assert running.process.poll() is None


FAILING = {
    "UDP": ("web 8053:53/udp", 2, "only TCP can be forwarded, not UDP"),
    "a name of UDP": ("web :dns", 2, "UDP cannot be forwarded"),
    "a number of UDP": ("web :53", 2, "UDP cannot be forwarded"),
    "no such port": ("web :nope", 3, "no port 'nope' in web-"),
    "no such port of the Service": ("svc/web :8080", 3, "no port '8080' in service/web"),
    "no such workload": ("wbe :80", 3, "no workload or instance 'wbe'"),
    "no such Service": ("svc/nope :80", 3, "no Service 'nope'"),
    "none is ready": ("broken :http --retry 5s", 6, "no instance of deployment/broken is ready"),
    "no port": ("web", 2, "Missing argument"),
    "another kind": ("configmap/web :80", 2, "is neither a workload nor an instance"),
    "an address elsewhere": ("web :http --address 192.0.2.99", 2, "cannot listen on 192.0.2.99"),
    "no address": ("web :http --address nowhere.invalid", 2, "--address takes an address of this"),
    "no time": ("web :http --retry soon", 2, "--retry"),
}


@pytest.mark.parametrize(("command", "code", "said"), FAILING.values(), ids=FAILING)
def test_what_cannot_be_forwarded_is_told(
    cluster: KubernetesCluster, dashborion: Cli, command: str, code: int, said: str
) -> None:
    seen = dashborion(f"instances port-forward {command}")
    assert seen.exit_code == code, seen.err
    assert said in seen.err


@pytest.mark.parametrize(
    ("flag", "code", "said"),
    [("read_only", 1, "is read-only"), ("protected", 2, "use --yes to confirm")],
)
def test_it_counts_as_a_change(
    cluster: KubernetesCluster, dashborion: Cli, tmp_path: Path, flag: str, code: int, said: str
) -> None:
    config = tmp_path / "dashborion.yaml"
    config.write_text(
        f"environments: {{x: {{orchestrator: kubernetes, context: here, {flag}: true}}}}"
    )
    seen = dashborion(f"instances port-forward web :http --config {config} -e x -n media")
    assert seen.exit_code == code, seen.err
    assert said in seen.err
    assert "->" not in seen.err


def test_tab_offers_workloads_and_instances_and_nothing_for_a_port(
    cluster: KubernetesCluster, dashborion: Cli
) -> None:
    dashborion("workloads list")
    dashborion("instances list")
    offers = dashborion.complete("dashborion instances port-forward ")
    assert {"web", "other", "alone"} <= set(offers)
    assert any(one.startswith("web-") for one in offers)
    assert dashborion.complete("dashborion instances port-forward web ") == []
