"""A change is about a place, whatever it is called: every file's flags for that place hold."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import Cli, Keyboard
from tests.support.kubeconfigs import document, merged, write
from tests.support.stub_api import Api
from tests.support.stub_changes import changed, take_all_methods
from tests.support.stub_objects import deployment, metadata, pod

SPACE = "prod"
SCALE, EXEC = "workloads scale web -r 3", "instances exec web-1 -- ls"
CHANGES = {
    "scale": SCALE,
    "restart": "workloads restart web",
    "deploy": "workloads deploy web --image example.com/web:2",
    "rollback": "workloads rollback web",
    "stop": "instances stop web-1",
    "exec": EXEC,
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A cluster with one workload in each of two namespaces; its contexts are two."""
    take_all_methods(monkeypatch)
    with Api() as server:
        del server.objects["pods"][:]
        for space in (SPACE, "dev"):
            server.objects["namespaces"].append({"metadata": metadata(space, None)})
            server.objects["deployments"].append(deployment("web", space))
            server.objects["pods"].append(pod("web-1", space))
            server.objects.setdefault("replicasets", []).append(old_revision(space))
        yield server


def old_revision(space: str) -> dict[str, Any]:
    """What a rollback goes to."""
    owner = {"kind": "Deployment", "name": "web", "uid": f"uid-of-{space}-web", "controller": True}
    made = deployment("web-old", space, image="example.com/web:0")
    made["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", **owner}]
    made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "0"}
    return made


@pytest.fixture(autouse=True)
def contexts(api: Api, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server under several names and addresses."""
    others = {
        "here": api.url,
        "alias": api.url,
        "by-name": api.url.replace("127.0.0.1", "localhost"),
        "slash": f"{api.url}/",
        "by-number": api.url.replace("127.0.0.1", "0x7f.1"),
        "elsewhere": "http://127.0.0.1:9",
    }
    documents = [document(url, context=name) for name, url in others.items()]
    path = write(home / "kubeconfig", merged(*documents))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def config(path: Path, environments: Mapping[str, Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {name: {"orchestrator": "kubernetes", **body} for name, body in environments.items()}
    path.write_text(yaml.safe_dump({"environments": made}))
    path.chmod(0o600)
    return path


def own_file(home: Path, **environments: Mapping[str, Any]) -> Path:
    return config(home / ".config" / "dashborion" / "config.yaml", environments)


PROD = {"context": "here", "namespace": SPACE}
DEV = {"context": "here", "namespace": "dev"}


@pytest.mark.parametrize("command", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    "where",
    ["-e dev -n prod", "-e k8s:here/prod", "-e k8s:alias/prod", "-e k8s:by-name -n prod",
     "-e k8s:slash -n prod", "-e k8s:by-number -n prod"],
)  # fmt: skip
def test_another_environment_of_the_same_server_is_no_way_round(
    dashborion: Cli, api: Api, home: Path, where: str, command: str
) -> None:
    own_file(home, dev=DEV, prod={**PROD, "read_only": True})
    first, dashes, rest = command.partition(" -- ")
    seen = dashborion(f"{first} {where}{dashes}{rest}")
    assert (seen.exit_code, changed(api)) == (1, []), seen.err
    assert f"prod of {home}" in seen.err
    assert "which is read-only" in seen.err


@pytest.mark.parametrize("name", ["prod/web", "prod/deploy/web", "prod/deployment.apps/web"])
def test_the_namespace_is_that_of_the_object(
    dashborion: Cli, api: Api, home: Path, name: str
) -> None:
    own_file(home, dev=DEV, prod={**PROD, "read_only": True})
    seen = dashborion(f"workloads scale {name} -r 3 -e dev")
    assert (seen.exit_code, changed(api)) == (1, []), seen.err


@pytest.mark.parametrize(
    "flagged", ["here", "alias"], ids=["by its own context", "by another context"]
)
def test_a_neighbouring_namespace_may_be_changed(
    dashborion: Cli, api: Api, home: Path, flagged: str
) -> None:
    own_file(home, dev=DEV, prod={"context": flagged, "namespace": SPACE, "read_only": True})
    dashborion(f"{SCALE} -e dev")
    assert len(changed(api)) == 1


@pytest.mark.parametrize("namespace", [None, " PROD "], ids=["the whole cluster", "odd spelling"])
def test_what_is_guarded_is_taken_widely(
    dashborion: Cli, api: Api, home: Path, namespace: str | None
) -> None:
    own_file(home, dev=DEV, prod={"context": "alias", "namespace": namespace, "read_only": True})
    assert dashborion(f"{SCALE} -e dev -n prod").exit_code == 1
    assert changed(api) == []


NAMES = {"api.example.test": ["127.0.0.1", "192.0.2.7"], "other.example.test": ["127.0.0.1"]}


@pytest.mark.parametrize(
    ("flagged", "mine", "sent"),
    [
        ("127.0.0.1", "api.example.test", 0),
        ("192.0.2.7", "api.example.test", 0),
        ("api.example.test", "127.0.0.1", 0),
        ("192.0.2.8", "api.example.test", 1),
        ("gone.example.test", "127.0.0.1", 1),
        ("other.example.test", "api.example.test", 1),
    ],
)
def test_a_server_by_its_name_and_by_its_address_is_one(
    dashborion: Cli, api: Api, home: Path, monkeypatch: pytest.MonkeyPatch, *, flagged: str,
    mine: str, sent: int,
) -> None:  # fmt: skip
    """Two names at one address may be two servers behind a proxy."""
    lookup = socket.getaddrinfo

    def known(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if not str(host).endswith(".example.test"):
            return lookup(host, port, *more, **options)
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(2, 1, 6, "", (address, port or 0)) for address in NAMES[host]]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    documents = [
        document(f"http://{host}:{api.port}", context=name)
        for name, host in (("here", flagged), ("mine", mine))
    ]
    monkeypatch.setenv("KUBECONFIG", str(write(home / "kubeconfig", merged(*documents))))
    own_file(home, prod={**PROD, "read_only": True})
    seen = dashborion(f"{SCALE} -e k8s:mine/prod")
    assert len(changed(api)) == sent, seen.err


def test_another_server_may_be_changed(dashborion: Cli, api: Api, home: Path) -> None:
    own_file(home, dev=DEV, prod={"context": "elsewhere", "read_only": True})
    dashborion(f"{SCALE} -e dev")
    assert len(changed(api)) == 1


@pytest.mark.parametrize("holder", ["folder", "named", "variable", "own"])
@pytest.mark.parametrize("used", ["ad hoc", "named file", "in use"])
def test_the_flags_of_every_file_hold_whichever_is_in_use(
    dashborion: Cli,
    api: Api,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    holder: str,
    used: str,
) -> None:
    flagged = {"guard": {**PROD, "read_only": True}}
    plain = {"mine": {"context": "alias", "namespace": SPACE}}
    named = config(tmp_path / "named.yaml", {**plain, **(flagged if holder == "named" else {})})
    at_hand = config(tmp_path / "variable.yaml", {**plain, **flagged})
    config(Path("dashborion.yaml"), {**plain, **(flagged if holder == "folder" else {})})
    own_file(home, **(flagged if holder == "own" else {}))
    if holder == "variable":
        monkeypatch.setenv("DASHBORION_CONFIG", str(at_hand))
    options = {
        "ad hoc": "-e k8s:alias/prod" + (f" --config {named}" if holder == "named" else ""),
        "named file": f"--config {named} -e mine",
        "in use": "-e mine" + (f" --config {named}" if holder == "named" else ""),
    }
    seen = dashborion(f"{SCALE} {options[used]}")
    assert (seen.exit_code, changed(api)) == (1, []), seen.err
    assert "read-only" in seen.err


def test_the_strictest_of_several_wins(dashborion: Cli, api: Api, home: Path) -> None:
    own_file(home, one={**PROD, "protected": True}, two={"context": "alias", "read_only": True})
    assert dashborion(f"{SCALE} -e k8s:here/prod --yes").exit_code == 1
    assert changed(api) == []


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 1), ("n\n", 0)])
def test_who_is_asked_is_told_which_environment_that_is(
    dashborion: Cli, api: Api, home: Path, answer: str, sent: int
) -> None:
    own_file(home, dev=DEV, prod={**PROD, "protected": True})
    dashborion.keyboard = Keyboard(answer)
    seen = dashborion(f"{SCALE} -e dev -n prod", tty=True)
    assert len(changed(api)) == sent
    assert "dev is prod of " in seen.err


@pytest.mark.parametrize("also", [False, True], ids=["absent there", "elsewhere there"])
@pytest.mark.parametrize("hidden_by", ["{other}", "{other}:{own}"], ids=["variable", "other file"])
def test_a_context_that_is_hidden_is_compared_all_the_same(
    dashborion: Cli,
    api: Api,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    hidden_by: str,
    also: bool,
) -> None:
    """And where a file before it has another of this name, both are."""
    own_file(home, prod={**PROD, "read_only": True})
    (home / ".kube").mkdir()
    own = write(home / ".kube" / "config", document(api.url))
    names = [document(api.url, context="admin"), document("http://127.0.0.1:9", context="here")]
    other = write(home / "other", merged(*names[: 1 + also]))
    monkeypatch.setenv("KUBECONFIG", hidden_by.format(own=own, other=other))
    assert dashborion(f"{SCALE} -e k8s:admin/prod").exit_code == 1
    assert changed(api) == []


@pytest.mark.parametrize(
    ("origin", "sent"), [("own", 0), ("folder", 1)], ids=["counts as the same", "is not ours"]
)
def test_a_context_that_is_nowhere(
    dashborion: Cli, api: Api, home: Path, origin: str, sent: int
) -> None:
    """A team's file names clusters that not everybody has."""
    lost = {"prod": {"context": "lost", "read_only": True}}
    own_file(home, **lost) if origin == "own" else config(Path("dashborion.yaml"), lost)
    seen = dashborion(f"{SCALE} -e k8s:here/dev")
    assert len(changed(api)) == sent, seen.err
    assert ("may be prod" in seen.err) == (not sent)


def test_a_kubeconfig_that_cannot_be_read_counts_as_the_same(
    dashborion: Cli, api: Api, home: Path
) -> None:
    broken = write(home / "broken", "[")
    own_file(home, prod={"context": "x", "kubeconfig": str(broken), "read_only": True})
    seen = dashborion(f"{SCALE} -e k8s:here/dev")
    assert (seen.exit_code, changed(api)) == (1, []), seen.err


def test_a_file_that_cannot_be_read_refuses_changes_and_no_reads(
    dashborion: Cli, api: Api, home: Path, tmp_path: Path
) -> None:
    own_file(home).write_text("environments: [")
    named = config(tmp_path / "named.yaml", {"mine": DEV})
    assert dashborion(f"{SCALE} -e mine --config {named}").exit_code == 2
    assert changed(api) == []
    assert dashborion(f"workloads list -e mine --config {named}").exit_code == 0


def test_a_folders_file_that_is_named_is_trusted_for_changes_too(
    dashborion: Cli, api: Api, contexts: Path
) -> None:
    config(Path("dashborion.yaml"), {"mine": {**DEV, "kubeconfig": str(contexts)}})
    dashborion(f"{SCALE} -e mine --config dashborion.yaml")
    assert len(changed(api)) == 1


def test_lists_show_the_flags_that_hold(dashborion: Cli, home: Path) -> None:
    own_file(home, prod={**PROD, "read_only": True}, dev=DEV, all={"context": "here"})
    rows = dashborion("env list -o json").json
    assert {row["name"]: row["readOnly"] for row in rows} == {
        "prod": True, "dev": False, "all": False,
    }  # fmt: skip
