"""Kubeconfig users without a plugin, and a pod's files: read as kubectl and its SDKs read them."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from dashborion.concurrency import Deadline
from dashborion.config.targets import InClusterTarget, KubernetesTarget
from dashborion.errors import CredentialsError
from dashborion.orchestrators.kubernetes.credentials import entries, in_cluster
from dashborion.orchestrators.kubernetes.credentials.exec_plugin import ExecPlugins
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials, connect
from dashborion.orchestrators.runtime import Runtime
from tests.support.cli import Cli
from tests.support.kubeconfigs import TOKEN, Kube, Plugin, credential, document, exec_user, write
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


def _credentials(path: Path, **environ: str) -> Credentials:
    """Those of the context ``here``, whose user has no plugin."""
    target = KubernetesTarget(context="here", kubeconfig=str(path))
    runtime = Runtime(deadline=Deadline(5), environ=environ)
    return connect(target, runtime, ExecPlugins, lambda _: None)


def _as_the_sdk_reads(path: Path) -> dict[str, Any]:
    read = Configuration()
    load_kube_config(str(path), "here", client_configuration=read)
    token = read.auth_settings().get("BearerToken")
    tls = read.host.startswith("https:") and ssl.create_default_context(cafile=read.ssl_ca_cert)
    return {
        "host": read.host,
        "name": read.tls_server_name,
        "proxy": read.proxy,
        "authorization": token and token["value"],
        "verify": read.verify_ssl,
        "authorities": sorted(tls.get_ca_certs(binary_form=True)) if tls else [],
        "certificate": read.cert_file is not None,
    }


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN)
def test_the_settings_are_those_that_the_sdk_reads(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    change = make(files)
    path = write(tmp_path / "kubeconfig", document(change.pop("server", SERVER), **change))
    shown: list[Any] = []
    monkeypatch.setattr(entries, "load_certificate", lambda *given: shown.append(given))

    read = _credentials(path).settings

    assert _as_the_sdk_reads(path) == {
        "host": read.host,
        "name": read.server_name,
        "proxy": read.proxy,
        "authorization": read.authorization(),
        "verify": read.tls is None or read.tls.verify_mode == ssl.CERT_REQUIRED,
        "authorities": sorted(read.tls.get_ca_certs(binary_form=True)) if read.tls else [],
        "certificate": bool(shown),
    }


def test_relative_paths_start_at_the_folder_of_the_entrys_own_file(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = document(SERVER, user={"tokenFile": "token"}, cluster={"certificate-authority": "ca"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "token").write_text(f"{TOKEN}\n")
    first = write(tmp_path / "first", {**whole, "users": []})
    second = write(tmp_path / "other" / "second", {**whole, "clusters": []})

    target = KubernetesTarget(context="here")
    environ = {"KUBECONFIG": f"{first}{os.pathsep}{second}"}
    runtime = Runtime(deadline=Deadline(5), environ=environ)
    read = connect(target, runtime, ExecPlugins, lambda _: None)

    assert read.authorization() == f"Bearer {TOKEN}"
    assert read.settings.tls is not None
    assert len(read.settings.tls.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("cluster", "variables", "proxy"),
    [
        pytest.param({}, {"HTTPS_PROXY": "http://p:1"}, "http://p:1", id="a variable"),
        pytest.param({}, {"all_proxy": "http://p:1"}, "http://p:1", id="for every scheme"),
        pytest.param({}, {"https_proxy": "p:1"}, "http://p:1", id="without a scheme"),
        pytest.param({}, {"HTTP_PROXY": "http://p:1"}, None, id="for another scheme"),
        pytest.param(
            {}, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".internal"}, None, id="a domain without"
        ),
        pytest.param(
            {"server": "https://10.1.2.3:6443"},
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"},
            None,
            id="a network without",
        ),
        pytest.param(
            {"proxy-url": "http://p:2"},
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"},
            "http://p:2",
            id="the cluster's own before the variables",
        ),
    ],
)
def test_the_proxy_is_the_clusters_or_that_of_the_variables(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cluster: dict[str, str],
    variables: dict[str, str],
    proxy: str | None,
) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    path = write(tmp_path / "kubeconfig", document(SERVER, cluster=cluster))

    assert _credentials(path, **variables).settings.proxy == proxy


@pytest.mark.parametrize(
    ("user", "header"),
    [
        pytest.param({"token": "old", "tokenFile": "token"}, f"Bearer {TOKEN}", id="file"),
        pytest.param({"token": TOKEN, "tokenFile": "none"}, f"Bearer {TOKEN}", id="no such file"),
        pytest.param({"token": f" {TOKEN}\n"}, f"Bearer {TOKEN}", id="line break"),
        pytest.param(
            {"token": TOKEN, "username": "jane", "password": "x"}, f"Bearer {TOKEN}", id="token"
        ),
        pytest.param({"username": "jané"}, "Basic amFuw6k6", id="no password"),
        pytest.param({"token": "", "client-key": "key"}, None, id="nobody"),
    ],
)
def test_of_several_credentials_the_one_of_kubectl_counts(
    tmp_path: Path, user: dict[str, str], header: str | None
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    path = write(tmp_path / "kubeconfig", document(SERVER, user=user))

    assert _credentials(path).authorization() == header


def test_a_token_file_is_read_again_after_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    path = write(tmp_path / "kubeconfig", document(SERVER, user={"tokenFile": "token"}))
    read = _credentials(path)
    seen = [read.authorization()]
    file.write_text("second")
    seen.append(read.authorization())
    monkeypatch.setattr(entries, "TOKEN_FILE_SECONDS", -1)  # a minute is over
    seen.append(read.authorization())
    for damage in (lambda: file.write_text(""), lambda: file.write_text("a b"), file.unlink):
        damage()
        seen.append(read.authorization())

    assert seen == ["Bearer first", "Bearer first", *["Bearer second"] * 4]


@pytest.mark.parametrize("content", ["", " \n", "two words", "beyond \u2603"])
def test_a_token_file_without_a_token_is_named(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, content: str
) -> None:
    (tmp_path / "token").write_text(content)
    kube(api.url, user={"tokenFile": "token"})

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert f"tokenFile: {tmp_path / 'token'}: the token is empty, or" in seen.error["message"]


UNUSABLE: dict[str, tuple[dict[str, Any], int, str]] = {
    "a token that is a number": ({"user": {"token": 1}}, 2, "'here-user': token"),
    "a word for yes": (
        {"cluster": {"insecure-skip-tls-verify": "yes"}}, 2, "'here-cluster': insecure-skip"
    ),
    "a certificate without a key": (
        {"user": {"client-certificate": "crt"}}, 2, "'here-user': client-certificate needs"
    ),
    "an authority and no verification": (
        {"cluster": {"certificate-authority": "ca", "insecure-skip-tls-verify": True}},
        2,
        "'here-cluster': has both certificate-authority and insecure-skip-tls-verify",
    ),
    "a name that no server has": (
        {"cluster": {"tls-server-name": "s3cr3t\n"}}, 2, "'here-cluster': tls-server-name"
    ),
    "a key that is missing": (
        {"user": {"client-certificate": "crt", "client-key": "nowhere"}}, 2, "nowhere: No such file"
    ),
    "a token's file that is missing": ({"user": {"tokenFile": "nowhere"}}, 4, "nowhere: No such"),
    "a socks proxy": ({"cluster": {"proxy-url": "socks5://u:s3cr3t@p:1"}}, 2, "proxy-url"),
    "a plugin beside a provider": (
        {"user": {**exec_user("aws"), "auth-provider": {"name": "oidc"}}}, 2, "auth-provider"
    ),
    "a provider of old": ({"user": {"auth-provider": {"name": "azure"}}}, 4, "kubelogin"),
    "a provider without settings": ({"user": {"auth-provider": {"name": "gcp"}}}, 4, "gke-gcloud"),
    "an expired login": (
        {
            "user": {
                "auth-provider": {
                    "name": "oidc",
                    "config": {
                        "id-token": "eyJhbGciOiJub25lIn0.eyJleHAiOjE1MDAwMDAwMDB9.s3cr3t",
                        "idp-issuer-url": "https://127.0.0.1:1/s3cr3t",
                        "client-id": "c",
                        "client-secret": "s3cr3t",
                        "refresh-token": "s3cr3t",
                    },
                }
            }
        },
        6,
        "oidc",
    ),
}  # fmt: skip


@pytest.mark.parametrize("more", ["", " --debug"], ids=["plain", "debug"])
@pytest.mark.parametrize(("change", "code", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_entry_that_cannot_be_used_is_named_with_its_key_but_no_value(
    files: dict[str, Any],
    kube: Kube,
    dashborion: Cli,
    change: dict[str, Any],
    code: int,
    words: str,
    more: str,
) -> None:
    kube(SERVER, **change)

    seen = dashborion(f"workloads list -o json{more}")

    assert seen.exit_code == code
    assert words in seen.error["message"] + (seen.error["hint"] or "")
    assert "here-" in seen.error["message"]


def test_an_auth_providers_token_is_sent(api: Api, kube: Kube, dashborion: Cli) -> None:
    kube(
        api.url,
        user={
            "auth-provider": {
                "name": "gcp",
                "config": {"access-token": TOKEN, "expiry": "2099-01-01T00:00:00Z"},
            }
        },
    )

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_in_a_pod_its_service_accounts_files_are_used(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_cluster, "SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca").rename(tmp_path / "ca.crt")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    runtime = Runtime(deadline=Deadline(5), environ=environ)

    read = in_cluster.connect(InClusterTarget(namespace="media"), runtime)

    assert (read.settings.host, read.namespace) == ("https://[fd00::1]:443", "media")
    assert read.authorization() == f"Bearer {TOKEN}"


def test_in_a_pod_a_renewed_token_is_read_again_and_no_namespace_is_the_default_one(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_cluster, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setattr(entries, "TOKEN_FILE_SECONDS", -1)
    (tmp_path / "ca").rename(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("first")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    read = in_cluster.connect(InClusterTarget(), Runtime(deadline=Deadline(5), environ=environ))
    seen = [read.authorization()]
    for content in ("second", ""):
        (tmp_path / "token").write_text(content)
        seen.append(read.authorization())

    assert (seen, read.namespace) == (["Bearer first", "Bearer second", "Bearer second"], "default")


@pytest.mark.parametrize("broken", ["ca.crt", "token"])
@pytest.mark.parametrize("content", ["", "junk \x00"])
def test_a_service_account_file_that_holds_nothing_is_named(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    broken: str, content: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(in_cluster, "SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca").rename(tmp_path / "ca.crt")
    (tmp_path / broken).write_text(content)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    with pytest.raises(CredentialsError, match=broken):
        in_cluster.connect(InClusterTarget(), Runtime(deadline=Deadline(5), environ=environ))


@pytest.mark.parametrize("missing", ["ca.crt", "token", "KUBERNETES_SERVICE_PORT"])
def test_a_missing_service_account_file_is_named(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(in_cluster, "SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca").rename(tmp_path / "ca.crt")
    (tmp_path / missing).unlink(missing_ok=True)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    environ.pop(missing, None)

    with pytest.raises(CredentialsError, match=missing):
        in_cluster.connect(InClusterTarget(), Runtime(deadline=Deadline(5), environ=environ))


LOADED = """
import sys
from dashborion.__main__ import main
code = main(["workloads", "list", "-o", "name"])
print(code, "kubernetes" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"token": TOKEN}, id="a token"),
        pytest.param({"username": "jane", "password": "s3cr3t"}, id="a password"),
        pytest.param(exec_user("./log-in"), id="a plugin"),
        pytest.param(
            {"auth-provider": {"name": "gcp", "config": {"access-token": TOKEN}}},
            id="an auth provider",
        ),
    ],
)
def test_no_user_needs_the_sdk(api: Api, kube: Kube, tmp_path: Path, user: dict[str, Any]) -> None:
    kube(api.url, user=user)
    Plugin.write(tmp_path / "log-in", credential())
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=False, env=os.environ
    )

    assert done.stdout.splitlines() == ["api", "db", "web"]
    assert done.stderr.splitlines()[-1].split() == ["0", "False"]


def test_a_token_that_was_replaced_is_read_again_when_the_old_one_is_refused(
    api: Api, kube: Kube, dashborion: Cli
) -> None:
    path = kube(api.url, user={"token": "tok-s3cr3t-old"})
    api.token = "tok-s3cr3t-new"

    def log_in(exchange: Exchange) -> None:
        write(path, document(api.url, user={"token": "tok-s3cr3t-new"}))
        status(401, "Unauthorized")(exchange)

    api.on("*", log_in, times=1)

    assert dashborion("workloads list --type deployment -o name").lines == ["api", "web"]
    assert [one.headers["authorization"][-3:] for one in api.requests] == ["old", "new"]
