"""Users with an auth provider: ``oidc`` is renewed as by kubectl, the others are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.support import misbehaviour
from tests.support.cli import Cli
from tests.support.identity import DISCOVERY, TOKEN_PATH, IdentityProvider, id_token
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.misbehaviour import Fault
from tests.support.stub_api import Api, basic

NEW = id_token(4_000_000_000, "s3cr3t-new")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def idp(authority: trustme.CA) -> Iterator[IdentityProvider]:
    with IdentityProvider.trusted_by(
        authority, id_token=NEW, refresh_token="s3cr3t-refresh-2", token_type="Bearer"
    ) as provider:
        yield provider


def _config(path: Path) -> dict[str, str]:
    config: dict[str, str] = yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"][
        "config"
    ]
    return config


def test_an_expired_login_is_renewed_once_and_kept(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA
) -> None:
    path = kube(api.url, user=idp.user(authority))

    for _ in range(2):
        assert dashborion("workloads list -o name -v --debug").lines == ["api", "db", "web"]

    assert {one.headers["authorization"] for one in api.requests} == {f"Bearer {NEW}"}
    assert [one.path for one in idp.requests] == [DISCOVERY, TOKEN_PATH]
    assert idp.requests[1].headers["authorization"] == basic("shop", "s3cr3t-client")
    kept = _config(path)
    assert (kept["id-token"], kept["refresh-token"]) == (NEW, "s3cr3t-refresh-2")
    assert kept["client-secret"] == "s3cr3t-client"
    assert path.stat().st_mode & 0o777 == 0o600


def test_environments_that_share_a_login_renew_it_once(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA
) -> None:
    one, two = (
        document(api.url, context=name, user=idp.user(authority)) for name in ("here", "there")
    )
    two["contexts"][0]["context"]["user"] = "here-user"
    write(kube(api.url), merged(one, two))

    assert dashborion("workloads list --all-envs -o json").exit_code == 0
    assert [request.path for request in idp.requests] == [DISCOVERY, TOKEN_PATH]


def test_a_login_that_has_not_expired_asks_nobody(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA
) -> None:
    kube(api.url, user=idp.user(authority, **{"id-token": NEW, "idp-issuer-url": None}))

    assert dashborion("workloads list -o name").exit_code == 0
    assert idp.requests == []


def test_a_provider_that_keeps_the_refresh_token_leaves_it_in_the_file(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA
) -> None:
    idp.gives = {"id_token": NEW}
    path = kube(api.url, user=idp.user(authority, **{"refresh-token": "s3cr3t-lasting"}))

    assert dashborion("workloads list -o name").exit_code == 0
    assert _config(path)["refresh-token"] == "s3cr3t-lasting"


def test_a_provider_that_wants_the_client_in_the_form_is_asked_so(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA
) -> None:
    idp.on(TOKEN_PATH, misbehaviour.status(401, error="invalid_client"), times=1)
    kube(api.url, user=idp.user(authority, **{"refresh-token": "s3cr3t-form"}))

    assert dashborion("workloads list -o name").exit_code == 0
    assert [one.headers.get("authorization") is None for one in idp.requests[1:]] == [False, True]


def test_a_login_that_cannot_be_kept_is_used_with_a_warning(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = kube(api.url, user=idp.user(authority, **{"refresh-token": "s3cr3t-lost"}))
    folder = tmp_path / "full"
    folder.mkdir()
    path.rename(folder / "config")
    monkeypatch.setenv("KUBECONFIG", str(folder / "config"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "dashborion.orchestrators.kubernetes.credentials.auth_providers.write_private", full
    )

    seen = dashborion("workloads list -o name")

    assert (seen.exit_code, seen.lines) == (0, ["api", "db", "web"])
    assert "the renewed login cannot be kept there: No space left on device" in seen.err


REFUSED = misbehaviour.status(
    400, error="invalid_grant", error_description="s3cr3t: Token is not active"
)
FAILURES: dict[str, tuple[str, Fault, int, str]] = {
    "no discovery": (DISCOVERY, misbehaviour.status(404), 4, "no OpenID configuration"),
    "a page for a discovery": (
        DISCOVERY, misbehaviour.body(misbehaviour.PAGE, "text/html"), 4, "no OpenID configuration"
    ),
    "a discovery that is broken JSON": (
        DISCOVERY, misbehaviour.body(b'{"token_endpoint"'), 4, "no OpenID configuration"
    ),
    "a discovery without an endpoint": (
        DISCOVERY, misbehaviour.body({}), 4, "no OpenID configuration"
    ),
    "an endpoint without TLS": (
        DISCOVERY, misbehaviour.body({"token_endpoint": "http://127.0.0.1/s3cr3t"}), 4, "not https"
    ),
    "a redirect": (DISCOVERY, misbehaviour.redirect("https://s3cr3t.example"), 4, "OpenID"),
    "a discovery of 2 MB": (DISCOVERY, misbehaviour.body(b" " * (2 << 20)), 4, "too much"),
    "a discovery that fails": (DISCOVERY, misbehaviour.page(502), 6, "answered with 502"),
    "a discovery that breaks off": (DISCOVERY, misbehaviour.drop, 6, "cannot be reached"),
    "a refresh token that has expired": (TOKEN_PATH, REFUSED, 4, "(invalid_grant)"),
    "words of its own": (TOKEN_PATH, misbehaviour.status(400, error="s3cr3t"), 4, "(400)"),
    "another client's secret": (
        TOKEN_PATH, misbehaviour.status(401, error="invalid_client"), 4, "(invalid_client)"
    ),
    "no id_token": (
        TOKEN_PATH, misbehaviour.body({"access_token": "s3cr3t"}), 4, "without giving an id_token"
    ),
    "an id_token that is a number": (TOKEN_PATH, misbehaviour.body({"id_token": 1}), 4, "without"),
    "a page for a token": (
        TOKEN_PATH, misbehaviour.body(misbehaviour.PAGE, "text/html"), 4, "without"
    ),
    "a token endpoint that fails": (TOKEN_PATH, misbehaviour.page(503), 6, "answered with 503"),
    "a token that no header can hold": (
        TOKEN_PATH, misbehaviour.body({"id_token": "s3cr3t\r\nX: 1"}), 4, "no header can hold"
    ),
}  # fmt: skip


@pytest.mark.parametrize("more", ["", " --debug -v"], ids=["plain", "debug"])
@pytest.mark.parametrize(("path", "fault", "code", "words"), FAILURES.values(), ids=FAILURES)
def test_a_login_that_cannot_be_renewed_is_told_with_what_to_do(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA,
    path: str, fault: Fault, code: int, words: str, more: str,
) -> None:  # fmt: skip
    idp.on(path, fault)
    kube(api.url, user=idp.user(authority, **{"refresh-token": "s3cr3t-fails"}))

    seen = dashborion(f"workloads list -o json{more}")

    assert seen.exit_code == code
    assert words in seen.error["message"]
    assert "here-user" in seen.error["message"]
    assert seen.error["hint"]
    assert api.requests == []


@pytest.mark.parametrize("fault", [misbehaviour.hang, misbehaviour.trickle])
@pytest.mark.parametrize("path", [DISCOVERY, TOKEN_PATH])
def test_a_provider_that_hangs_costs_its_time_and_no_more(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA,
    path: str, fault: Fault,
) -> None:  # fmt: skip
    idp.on(path, fault)
    kube(api.url, user=idp.user(authority, **{"refresh-token": "s3cr3t-hangs"}))

    seen = dashborion("workloads list -o json", seconds=1)

    assert seen.exit_code == 6
    assert dashborion.took < 3
    assert idp.url in seen.error["message"]


@pytest.mark.parametrize("trusted", ["none", "another"])
def test_a_provider_that_cannot_be_verified_gets_nothing(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, trusted: str
) -> None:
    user = idp.user(trustme.CA() if trusted == "another" else None)
    kube(api.url, user=user, cluster={"insecure-skip-tls-verify": True})

    seen = dashborion("workloads list -o json --debug")

    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    assert f"the certificate of {idp.url} is not trusted" in seen.error["message"]
    assert "idp-certificate-authority" in seen.error["hint"]
    assert idp.requests == []


UNUSABLE: dict[str, tuple[dict[str, Any], int, str]] = {
    "no issuer": ({"idp-issuer-url": None}, 2, "idp-issuer-url is missing"),
    "an issuer without TLS": ({"idp-issuer-url": "http://127.0.0.1:1/s3cr3t"}, 2, "not an https"),
    "an issuer that is no address": ({"idp-issuer-url": "s3cr3t"}, 2, "not an https address"),
    "no client": ({"client-id": None}, 2, "client-id is missing"),
    "no refresh token": ({"refresh-token": None}, 4, "there is no refresh-token"),
    "an id-token that is none": ({"id-token": "s3cr3t", "refresh-token": None}, 4, "expired"),
    "a token that is a list": ({"id-token": ["s3cr3t"]}, 2, "config: id-token: expected text"),
    "an authority that is not base64": (
        {"idp-certificate-authority-data": "s3cr3t!"}, 2, "authority-data: not base64"
    ),
    "an authority that is none": (
        {"idp-certificate-authority-data": "czNjcjN0"}, 2, "holds no PEM certificate"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("config", "code", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_setting_that_cannot_be_used_is_named(
    dashborion: Cli, api: Api, kube: Kube, idp: IdentityProvider, authority: trustme.CA,
    config: dict[str, Any], code: int, words: str,
) -> None:  # fmt: skip
    kube(api.url, user=idp.user(authority, **config))

    seen = dashborion("workloads list -o json --debug")

    assert seen.exit_code == code
    assert words in seen.error["message"]
    assert "here-user" in seen.error["message"]
    assert idp.requests == []


LEGACY: dict[str, tuple[dict[str, Any], str]] = {
    "azure": ({"name": "azure", "config": {"access-token": "s3cr3t"}}, "kubelogin"),
    "gcp without settings": ({"name": "gcp"}, "gke-gcloud-auth-plugin"),
    "gcp whose token has expired": (
        {"name": "gcp", "config": {"access-token": "s3cr3t", "expiry": "2020-01-01 00:00:00"}},
        "gke-gcloud-auth-plugin",
    ),
    "gcp with a command": (
        {"name": "gcp", "config": {"cmd-path": "false", "cmd-args": "s3cr3t"}},
        "gke-gcloud-auth-plugin",
    ),
    "openstack": ({"name": "openstack"}, "client-keystone-auth"),
    "another": ({"name": "magic", "config": None}, "an exec plugin"),
}


@pytest.mark.parametrize(("provider", "replacement"), LEGACY.values(), ids=LEGACY)
def test_a_legacy_provider_is_named_with_what_replaces_it(
    dashborion: Cli, api: Api, kube: Kube, provider: dict[str, Any], replacement: str
) -> None:
    kube(api.url, user={"auth-provider": provider})

    seen = dashborion("workloads list -o json --debug")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert f"auth provider '{provider['name']}'" in seen.error["message"]
    assert replacement in seen.error["hint"]
    assert api.requests == []
