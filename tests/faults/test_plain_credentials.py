"""What is read of a kubeconfig without the SDK is what the SDK reads; the rest is left to it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from dashborion.config.kubeconfig import read_kubeconfig
from dashborion.orchestrators.kubernetes.credentials import plain, sdk
from dashborion.orchestrators.kubernetes.credentials.settings import Settings
from tests.support.faults_door import Terminal
from tests.support.kubeconfigs import TOKEN, Kube, document, exec_user, merged, write
from tests.support.misbehaviour import Exchange, status
from tests.support.stub_api import Api

SERVER = "https://api.internal:6443"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _base64(blob: trustme.Blob) -> str:
    return base64.b64encode(blob.bytes()).decode()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> dict[str, Any]:
    """An authority, a certificate and its key: as data for a kubeconfig, and as files beside it."""
    leaf = authority.issue_cert("jane", common_name="jane")
    parts = {"ca": authority.cert_pem, "crt": leaf.cert_chain_pems[0], "key": leaf.private_key_pem}
    for name, blob in parts.items():
        blob.write_to_path(str(tmp_path / name))
    return {name: _base64(blob) for name, blob in parts.items()}


Make = Callable[[dict[str, Any]], dict[str, Any]]
PLAIN: dict[str, Make] = {
    "a token": lambda _: {},
    "a path below the address": lambda _: {"server": f"{SERVER}/k8s/clusters/c-1/"},
    "plain HTTP": lambda _: {"server": "http://api.internal:8080"},
    "an authority": lambda it: {"cluster": {"certificate-authority-data": it["ca"]}},
    "an authority's file": lambda _: {"cluster": {"certificate-authority": "ca"}},
    "data before the file": lambda it: {
        "cluster": {"certificate-authority-data": it["ca"], "certificate-authority": "nowhere"}
    },
    "no verification": lambda _: {"cluster": {"insecure-skip-tls-verify": True}},
    "another name": lambda _: {"cluster": {"tls-server-name": "api.elsewhere"}},
    "what minikube adds": lambda _: {"cluster": {"extensions": [{"name": "cluster_info"}]}},
    "a certificate": lambda it: {
        "user": {"client-certificate-data": it["crt"], "client-key-data": it["key"]}
    },
    "a certificate's files": lambda _: {"user": {"client-certificate": "crt", "client-key": "key"}},
    "a certificate and a key's file": lambda it: {
        "user": {"client-certificate-data": it["crt"], "client-key": "key"}
    },
    "a token and a certificate": lambda it: {
        "user": {
            "token": TOKEN, "client-certificate-data": it["crt"], "client-key-data": it["key"],
        }
    },
    "somebody else": lambda _: {"user": {"token": TOKEN, "as": "jane", "as-groups": ["ops"]}},
}  # fmt: skip


def _seen(found: Settings) -> dict[str, Any]:
    """Everything of the settings that a server or a library can see."""
    tls = found.tls
    return {
        "host": found.host,
        "name": found.server_name,
        "proxy": found.proxy,
        "authorization": found.authorization(),
        "tls": tls
        and {
            "authorities": sorted(tls.get_ca_certs(binary_form=True)),
            "verify": (tls.verify_mode, tls.check_hostname, tls.verify_flags),
            "versions": (tls.minimum_version, tls.options),
        },
    }


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN)
def test_the_settings_are_those_that_the_sdk_reads(
    files: dict[str, Any], tmp_path: Path, make: Make
) -> None:
    change = make(files)
    path = write(tmp_path / "kubeconfig", document(change.pop("server", SERVER), **change))
    known = read_kubeconfig((path,))

    found = plain.load(known, "here", {})

    assert found is not None
    entry = known.user_entries["here-user"].body
    assert _seen(found) == _seen(sdk.load(str(path), "here", entry, "here-user"))


FOR_THE_SDK: dict[str, dict[str, Any]] = {
    "a plugin": {"user": exec_user("aws")},
    "a plugin beside a token": {"user": {"token": TOKEN, **exec_user("aws")}},
    "a provider": {"user": {"auth-provider": {"name": "oidc"}}},
    "a token file": {"user": {"tokenFile": "token"}},
    "a name and a password": {"user": {"username": "jane", "password": "s3cr3t"}},
    "nobody": {"user": {}},
    "an empty token": {"user": {"token": ""}},
    "a token that is a number": {"user": {"token": 1}},
    "a token with a space": {"user": {"token": "s3cr3t s3cr3t"}},
    "a certificate without a key": {"user": {"client-certificate": "crt"}},
    "a certificate that is missing": {
        "user": {"client-certificate": "nowhere", "client-key": "nowhere"}
    },
    "an authority that is none": {"cluster": {"certificate-authority-data": "czNjcjN0"}},
    "an authority that is missing": {"cluster": {"certificate-authority": "nowhere"}},
    "a proxy": {"cluster": {"proxy-url": "http://127.0.0.1:9"}},
    "a word for yes": {"cluster": {"insecure-skip-tls-verify": "yes"}},
    "a key that is not known": {"cluster": {"disable-compression": True}},
    "a user's key that is not known": {"user": {"token": TOKEN, "magic": True}},
}


@pytest.mark.parametrize("change", FOR_THE_SDK.values(), ids=FOR_THE_SDK)
def test_anything_else_is_left_to_the_sdk(
    files: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    path = write(tmp_path / "kubeconfig", document(SERVER, **change))

    assert plain.load(read_kubeconfig((path,)), "here", {}) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy", "no_proxy"])
def test_with_a_proxy_in_the_surroundings_the_sdk_decides(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "kubeconfig", document(SERVER))

    assert plain.load(read_kubeconfig((path,)), "here", {name: "http://127.0.0.1:9"}) is None


def test_entries_from_two_folders_are_the_sdks(tmp_path: Path) -> None:
    whole = document(SERVER)
    (tmp_path / "other").mkdir()
    first = write(tmp_path / "first", {**whole, "users": []})
    second = write(tmp_path / "other" / "second", {**whole, "clusters": []})

    assert plain.load(read_kubeconfig((first, second)), "here", {}) is None


def test_of_a_context_that_is_broken_nothing_is_read(tmp_path: Path) -> None:
    content = merged(document(SERVER), document(SERVER, context="other"))
    content["users"] = content["users"][:1]
    path = write(tmp_path / "kubeconfig", content)

    assert plain.load(read_kubeconfig((path,)), "other", {}) is None


LOADED = """
import sys
from dashborion.__main__ import main
code = main(["workloads", "list", "-o", "name"])
print(code, "kubernetes" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("user", "imported"),
    [
        pytest.param({"token": TOKEN}, "False", id="a token"),
        pytest.param({"username": "jane", "password": "s3cr3t"}, "True", id="a password"),
    ],
)
def test_a_list_with_a_static_token_never_imports_the_sdk(
    api: Api, kube: Kube, user: dict[str, Any], imported: str
) -> None:
    kube(api.url, user=user)
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=False, env=os.environ
    )

    assert done.stdout.splitlines() == ["api", "db", "web"]
    assert done.stderr.splitlines()[-1].split() == ["0", imported]


def test_a_token_that_was_replaced_is_read_again_when_the_old_one_is_refused(
    api: Api, kube: Kube, dashborion: Terminal
) -> None:
    path = kube(api.url, user={"token": "tok-s3cr3t-old"})
    api.token = "tok-s3cr3t-new"

    def log_in(exchange: Exchange) -> None:
        write(path, document(api.url, user={"token": "tok-s3cr3t-new"}))
        status(401, "Unauthorized")(exchange)

    api.on("*", log_in, times=1)

    assert dashborion("workloads list --type deployment -o name").lines == ["api", "web"]
    assert [one.headers["authorization"][-3:] for one in api.requests] == ["old", "new"]
