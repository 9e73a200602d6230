"""Servers that are not who they say they are, and showing a certificate of our own."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from dashborion.orchestrators.kubernetes.credentials.settings import tls_context
from tests.faults.unreachable import require_unreachable
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube, Plugin, credential
from tests.support.stub_api import Api


@dataclass(frozen=True)
class Secure:
    """A server with a certificate for ``127.0.0.1`` and ``api.internal`` that asks for another."""

    api: Api
    authority: trustme.CA
    client: trustme.LeafCert

    @property
    def ca(self) -> dict[str, str]:
        return {"certificate-authority-data": _base64(self.authority.cert_pem)}


def _base64(blob: trustme.Blob) -> str:
    return base64.b64encode(blob.bytes()).decode()


def _server(authority: trustme.CA, *names: str) -> Api:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return Api(tls=context)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Secure]:
    with _server(authority, "127.0.0.1", "api.internal") as api:
        yield Secure(api, authority, authority.issue_cert("jane", common_name="jane"))


def test_a_server_behind_its_own_authority_is_trusted(
    dashborion: Cli, secure: Secure, kube: Kube
) -> None:
    kube(secure.api.url, cluster=secure.ca)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_an_authority_in_a_file_beside_the_kubeconfig_is_trusted(
    dashborion: Cli, secure: Secure, kube: Kube, tmp_path: Path
) -> None:
    secure.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    kube(secure.api.url, cluster={"certificate-authority": "ca.pem"})

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


@pytest.mark.parametrize("given", ["another", "none"])
def test_an_unknown_authority_is_unreachable_and_gets_no_credentials(
    dashborion: Cli, secure: Secure, kube: Kube, given: str
) -> None:
    other = {"certificate-authority-data": _base64(trustme.CA().cert_pem)}
    kube(secure.api.url, cluster=other if given == "another" else {})

    seen = dashborion("workloads list -o json --debug")

    require_unreachable(seen, secure.api.url, "certificate verify failed")
    assert secure.api.requests == []
    assert dashborion.slept == []


def test_skipping_verification_reaches_it(dashborion: Cli, secure: Secure, kube: Kube) -> None:
    kube(secure.api.url, cluster={"insecure-skip-tls-verify": True})

    seen = dashborion("workloads list -o name")

    assert seen.lines == ["api", "db", "web"]
    assert "Warning" not in seen.err


@pytest.mark.parametrize(
    ("name", "right"), [("api.internal", True), ("api.elsewhere", False), (None, False)]
)
def test_a_certificate_for_another_name_needs_tls_server_name(
    dashborion: Cli, authority: trustme.CA, kube: Kube, name: str | None, right: bool
) -> None:
    named = {"tls-server-name": name} if name else {}
    with _server(authority, "api.internal") as api:
        ca = {"certificate-authority-data": _base64(authority.cert_pem)}
        kube(api.url, cluster={**ca, **named})

        seen = dashborion("workloads list -o json")

        assert seen.exit_code == (0 if right else 6)
        assert bool(api.requests) is right
        if not right:
            require_unreachable(seen, api.url, "TLS", name or "127.0.0.1")


@pytest.mark.parametrize("form", ["data", "files"])
def test_a_client_certificate_is_shown_and_its_key_not_left_behind(
    dashborion: Cli,
    secure: Secure,
    kube: Kube,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    chain, key = secure.client.cert_chain_pems[0], secure.client.private_key_pem
    if form == "data":
        user = {"client-certificate-data": _base64(chain), "client-key-data": _base64(key)}
    else:
        chain.write_to_path(str(tmp_path / "c.pem"))
        key.write_to_path(str(tmp_path / "k.pem"))
        user = {"client-certificate": "c.pem", "client-key": "k.pem"}
    kube(secure.api.url, cluster=secure.ca, user=user)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]

    assert "jane" in str(secure.api.requests[0].certificate)
    assert "authorization" not in secure.api.requests[0].headers
    assert list(scratch.iterdir()) == []


def test_a_plugins_client_certificate_is_shown_and_its_key_not_left_behind(
    dashborion: Cli, secure: Secure, kube: Kube, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    chain, key = secure.client.cert_chain_pems[0], secure.client.private_key_pem
    prints = credential(
        None, clientCertificateData=chain.bytes().decode(), clientKeyData=key.bytes().decode()
    )
    secure.api.token = "never this one"  # so that the plugin is run again
    kube(secure.api.url, cluster=secure.ca, user=Plugin.write(tmp_path / "plugin", prints).user)

    assert dashborion("workloads list").exit_code == 4

    assert "jane" in str(secure.api.requests[0].certificate)
    assert list(scratch.iterdir()) == []


def test_a_plugins_certificate_that_is_none_is_a_credentials_error(
    dashborion: Cli, secure: Secure, kube: Kube, tmp_path: Path
) -> None:
    prints = credential(None, clientCertificateData="s3cr3t", clientKeyData="s3cr3t")
    plugin = Plugin.write(tmp_path / "plugin", prints)
    kube(secure.api.url, cluster=secure.ca, user=plugin.user)

    seen = dashborion("workloads list -o json --debug")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "'here-user': the client certificate" in seen.error["message"]
    assert secure.api.requests == []


JUNK = "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n"
PAIRS = {
    "no certificate": ("s3cr3t", KEY, "is no PEM certificate"),
    "no key": (JUNK, "s3cr3t", "is no PEM private key"),
    "an encrypted key": (JUNK, KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "is encrypted"),
    "an encrypted key of old": (
        JUNK, KEY.replace("\ne", "\nProc-Type: 4,ENCRYPTED\n\ne"), "is encrypted"
    ),
    "junk": (JUNK, KEY, "cannot be used, or they are no pair"),
    "a control character": (JUNK.replace("eA", "\x00"), KEY, "cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize(("certificate", "key", "words"), PAIRS.values(), ids=PAIRS)
def test_what_is_wrong_with_a_client_certificate_is_told_in_words_of_our_own(
    dashborion: Cli, secure: Secure, kube: Kube, certificate: str, key: str, words: str
) -> None:
    given = {"client-certificate-data": certificate, "client-key-data": key}
    user = {name: base64.b64encode(text.encode()).decode() for name, text in given.items()}
    path = kube(secure.api.url, cluster=secure.ca, user=user)

    seen = dashborion("workloads list -o json --debug")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert f"{path}: user 'here-user': the " in seen.error["message"]
    assert words in seen.error["message"]
    assert secure.api.requests == []


def test_an_untrusted_server_is_told_without_openssls_places(
    dashborion: Cli, secure: Secure, kube: Kube
) -> None:
    kube(secure.api.url)

    seen = dashborion("workloads list -o json")

    require_unreachable(seen, "TLS: certificate verify failed: ")
    assert "_ssl.c" not in seen.err


def test_no_scheme_is_https_where_the_entries_say_how_to_verify(
    dashborion: Cli, secure: Secure, kube: Kube
) -> None:
    kube(secure.api.url.removeprefix("https://"), cluster=secure.ca)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


Change = Callable[[Secure], tuple[dict[str, str], dict[str, str]]]
UNUSABLE: dict[str, tuple[Change, set[int]]] = {
    "an authority that is none": (
        lambda _: ({"certificate-authority-data": "czNjcjN0"}, {}), {2, 4, 6}
    ),
    "an authority that is not base64": (
        lambda _: ({"certificate-authority-data": "s3cr3t!"}, {}), {2, 4}
    ),
    "an authority's file that is missing": (
        lambda _: ({"certificate-authority": "nowhere.pem"}, {}), {2, 4}
    ),
    "a certificate without its key": (
        lambda it: (it.ca, {"client-certificate-data": _base64(it.client.cert_chain_pems[0])}),
        {2, 4},
    ),
    "a key that belongs to another": (
        lambda it: (
            it.ca,
            {
                "client-certificate-data": _base64(it.client.cert_chain_pems[0]),
                "client-key-data": _base64(trustme.CA().private_key_pem),
            },
        ),
        {4},
    ),
    "a key that is none": (
        lambda it: (
            it.ca,
            {
                "client-certificate-data": _base64(it.client.cert_chain_pems[0]),
                "client-key-data": "czNjcjN0",
            },
        ),
        {4},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "codes"), UNUSABLE.values(), ids=UNUSABLE)
def test_certificates_that_are_none_are_named_with_their_place(
    dashborion: Cli, secure: Secure, kube: Kube, change: Change, codes: set[int]
) -> None:
    cluster, user = change(secure)
    path = kube(secure.api.url, cluster=cluster, user=user)

    seen = dashborion("workloads list -o json --debug")

    assert seen.exit_code in codes
    message = seen.error["message"]
    assert "here-" in message or str(path) in message or "nowhere.pem" in message
    assert secure.api.requests == []


def test_plain_http_spoken_to_a_tls_port_is_no_empty_table(
    dashborion: Cli, secure: Secure, kube: Kube
) -> None:
    kube(f"http://127.0.0.1:{secure.api.port}")

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 6
    assert f"127.0.0.1:{secure.api.port}" in seen.error["message"]


def test_tls_spoken_to_a_plain_port_is_unreachable(dashborion: Cli, api: Api, kube: Kube) -> None:
    kube(f"https://127.0.0.1:{api.port}")

    require_unreachable(dashborion("workloads list -o json"), f"127.0.0.1:{api.port}", "TLS")


@pytest.mark.parametrize("file", ["nowhere/keys", "."], ids=["in no folder", "a folder"])
def test_a_file_for_tls_keys_that_cannot_be_written_is_named_with_its_variable(
    dashborion: Cli, kube: Kube, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    kube("https://127.0.0.1:1")
    monkeypatch.setenv("SSLKEYLOGFILE", file)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert seen.error["message"].startswith(f"$SSLKEYLOGFILE: {file}: ")


def test_the_protocols_of_a_context_stay_as_connections_of_other_threads_read_them() -> None:
    context = tls_context(verify=False)
    context.set_alpn_protocols(["h2"])  # as urllib3, for each connection
    sent = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    hello = sent.read()
    assert b"\x08http/1.1" in hello
    assert b"\x02h2" not in hello
