"""Where names come from: from lists, kept by environment; and from the API where it asks nobody."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dashborion.orchestrators.aws.sessions import may_prompt
from dashborion.render.views.kubernetes import LISTS as KUBERNETES
from tests.support import misbehaviour, stub_objects
from tests.support.api import Manifest
from tests.support.cli import Cli, start
from tests.support.kubeconfigs import Kube, Plugin, credential, document, write
from tests.support.stub_api import Api
from tests.support.stub_objects import deployment, pod, statefulset
from tests.support.waiting import PATIENCE_SECONDS, wait_for

DESCRIBE = "dashborion workloads describe "


@pytest.fixture
def cache(home: Path) -> Path:
    return home / ".cache" / "dashborion"


def _kept(cache: Path) -> Path:
    (found,) = cache.glob("names-*.json")
    return found


def _age(cache: Path, seconds: float) -> None:
    """Make what is kept older."""
    path = _kept(cache)
    document = json.loads(path.read_bytes())
    for tables in document.values():
        for table in tables.values():
            table["at"] -= seconds
    path.write_text(json.dumps(document))


def test_names_that_a_list_saw_are_offered_and_nobody_is_asked(dashborion: Cli, fleet: Api) -> None:
    dashborion("workloads list")
    asked = len(fleet.requests)

    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]
    assert dashborion.complete(f"{DESCRIBE}w") == ["web"]
    assert len(fleet.requests) == asked


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param(DESCRIBE, ["api", "db", "web"], id="workloads"),
        pytest.param("dashborion services describe a", ["api"], id="under the other name"),
        pytest.param("dashborion workloads list ", ["api", "db", "web"], id="a pattern"),
        pytest.param("dashborion workloads logs -f w", ["web"], id="whose logs"),
        pytest.param(f"{DESCRIBE}sts/", ["sts/db"], id="a kind"),
        pytest.param("dashborion instances describe ", ["web-1"], id="instances"),
        pytest.param("dashborion instances list -w d", ["db"], id="the workload of instances"),
        pytest.param("dashborion workloads list -n ", ["default", "other"], id="namespaces"),
        pytest.param(f"{DESCRIBE}-n other ", ["elsewhere"], id="in a namespace"),
        pytest.param(f"{DESCRIBE}other/", ["other/elsewhere"], id="after a namespace"),
        pytest.param(f"{DESCRIBE}other/ds/", [], id="after a namespace and a kind of none"),
    ],
)
def test_names_that_were_never_listed_are_fetched(
    fleet: Api, dashborion: Cli, line: str, offered: list[str]
) -> None:
    fleet.objects["deployments"].append(deployment("elsewhere", "other"))

    assert dashborion.complete(line) == offered


def named(name: str, namespace: str = "default") -> Manifest:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"}}


# Each kind's words, and where its objects are on the server.
CALLED = {"autoscalers": "horizontalpodautoscalers", "routes": "httproutes"}
KINDS = {kind: CALLED.get(kind, kind) for kind in KUBERNETES}
GATEWAY_API = "gateway.networking.k8s.io/v1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_listed", [True, False], ids=["listed before", "fetched"])
def test_every_kind_of_k8s_offers_its_own_names(
    fleet: Api, dashborion: Cli, monkeypatch: pytest.MonkeyPatch, kind: str, *, is_listed: bool
) -> None:
    for plural, name in (("httproutes", "HTTPRoute"), ("gateways", "Gateway")):
        monkeypatch.setitem(stub_objects.KINDS, plural, (GATEWAY_API, name))
    fleet.objects[KINDS[kind]] = [named("mine"), named("other")]
    if is_listed:
        assert dashborion(f"k8s {kind} list").exit_code == 0

    assert dashborion.complete(f"dashborion k8s {kind} describe ") == ["mine", "other"]
    assert dashborion.complete(f"dashborion k8s {kind} describe o") == ["other"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("-n other ", ["elsewhere"], id="in a namespace"),
        pytest.param("other/", ["other/elsewhere"], id="after a namespace"),
        pytest.param("-A ", ["here", "elsewhere", "default/here", "other/elsewhere"], id="in all"),
    ],
)
def test_names_of_a_kind_are_those_of_the_namespace(
    fleet: Api, dashborion: Cli, line: str, offered: list[str]
) -> None:
    fleet.objects["services"] = [named("here"), named("elsewhere", "other")]

    found = dashborion.complete(f"dashborion k8s services describe {line}")
    assert sorted(found) == sorted(offered)


def test_a_name_of_two_kinds_is_offered_with_its_kind(fleet: Api, dashborion: Cli) -> None:
    fleet.objects["statefulsets"].append(statefulset("web"))

    assert dashborion.complete(f"{DESCRIBE}") == ["api", "db", "deployment/web", "statefulset/web"]


def test_old_names_are_offered_and_renewed_meanwhile(
    dashborion: Cli, fleet: Api, cache: Path
) -> None:
    dashborion("workloads list")
    _age(cache, 61)
    fleet.objects["deployments"].append(deployment("new"))

    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]
    wait_for("the new names", lambda: "new" in _kept(cache).read_text())
    wait_for("the end of it", lambda: not list(cache.glob("*.renewing")))
    assert dashborion.complete(DESCRIBE) == ["api", "db", "new", "web"]


def test_a_restricted_list_does_not_hide_the_other_names(dashborion: Cli, fleet: Api) -> None:
    dashborion("workloads list")
    dashborion("workloads list --type sts")
    dashborion("workloads list --status stopped")

    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]


def test_a_name_that_is_gone_from_a_new_list_is_no_longer_offered(
    dashborion: Cli, fleet: Api
) -> None:
    dashborion("workloads list")
    del fleet.objects["deployments"][0]
    dashborion("workloads list")

    assert dashborion.complete(DESCRIBE) == ["api", "db"]


def _offered_by_a_process(line: str) -> list[str]:
    """The same, with a process for the names, for which nobody waits long."""
    asked = {"_DASHBORION_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": line}
    with start("", environ=asked) as process:
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return [offer.partition("\t")[0] for offer in out.decode().splitlines()]


def test_an_api_that_hangs_offers_nothing_and_is_not_waited_for(fleet: Api) -> None:
    fleet.on("*", misbehaviour.hang)

    assert _offered_by_a_process(DESCRIBE) == []
    assert fleet.asked.wait(PATIENCE_SECONDS)


def test_another_cluster_behind_the_same_context_has_names_of_its_own(
    dashborion: Cli, fleet: Api, kube: Kube
) -> None:
    dashborion("workloads list")
    with Api() as other:
        other.objects = {**other.objects, "deployments": [deployment("theirs")], "statefulsets": []}
        kube(other.url, user={})

        assert dashborion.complete(DESCRIBE) == ["theirs"]


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"token": "s3cr3t"}, id="token"),
        pytest.param({"username": "jane", "password": "s3cr3t"}, id="password"),
        pytest.param({"tokenFile": "/etc/hostname"}, id="a file that a kubeconfig names"),
    ],
)
def test_no_credential_of_a_tab_goes_over_plain_http(
    fleet: Api, kube: Kube, dashborion: Cli, user: dict[str, str]
) -> None:
    kube(fleet.url, user=user)
    assert dashborion.complete("dashborion workloads describe we") == []
    assert fleet.requests == []


def test_no_login_of_an_address_goes_over_plain_http_on_a_tab(
    fleet: Api, kube: Kube, dashborion: Cli
) -> None:
    kube(fleet.url.replace("http://", "http://bob:s3cr3t@"), user={})
    assert dashborion.complete("dashborion workloads describe we") == []
    assert fleet.requests == []


@pytest.mark.parametrize("name", ["--yes", "-A", "~root"])
def test_no_name_is_offered_that_would_be_an_option_or_a_home(
    fleet: Api, dashborion: Cli, name: str
) -> None:
    web = fleet.objects["deployments"][0]
    web["metadata"]["name"] = name
    assert dashborion("workloads list").exit_code == 0
    assert name not in dashborion.complete(DESCRIBE)


@pytest.mark.parametrize(
    "named", ["$KUBECONFIG", "$DASHBORION_CONFIG", "the folder's", "the user's", "kubeconfig:"]
)
def test_a_pipe_is_not_read_on_a_tab(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, dashborion: Cli, named: str
) -> None:
    """What is in it can be read once: by the command."""
    path, own = tmp_path / "pipe", home / ".config" / "dashborion" / "config.yaml"
    own.parent.mkdir(parents=True)
    if named.startswith("$"):
        monkeypatch.setenv(named[1:], str(path))
    elif named == "kubeconfig:":
        own.write_text(
            f"environments: {{one: {{orchestrator: kubernetes, context: c, kubeconfig: {path}}}}}"
        )
    else:
        path = own if named == "the user's" else Path("dashborion.yaml")
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(pipe, b"{}")
    assert dashborion.complete("dashborion workloads list -e k8s:") == []
    assert dashborion.complete(f"{DESCRIBE}we") == []
    assert os.read(pipe, 10) == b"{}"
    os.close(pipe)


def test_a_plugin_is_never_run_for_a_tab(
    dashborion: Cli, fleet: Api, kube: Kube, tmp_path: Path, cache: Path
) -> None:
    plugin = Plugin.write(tmp_path / "plugin", credential())
    kube(fleet.url, user=plugin.user)

    assert dashborion.complete(DESCRIBE) == []
    assert (plugin.runs, fleet.requests) == (0, [])

    dashborion("workloads list")
    assert plugin.runs == 1
    _age(cache, 61)
    asked = len(fleet.requests)
    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]
    wait_for("the end of the renewal", lambda: not list(cache.glob("*.renewing")))
    assert (plugin.runs, len(fleet.requests)) == (1, asked)


FILE = "environments: {here: {orchestrator: kubernetes, context: here}}"


def test_an_environment_of_a_folders_file_is_never_asked_for_a_tab(
    dashborion: Cli, fleet: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHBORION_ENV")
    Path("dashborion.yaml").write_text(FILE)

    assert dashborion.complete(DESCRIBE) == []
    assert fleet.requests == []
    dashborion("workloads list")
    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"], "what a list saw may be offered"


def test_an_environment_of_the_users_own_file_is_asked(
    fleet: Api, dashborion: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHBORION_ENV")
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(FILE)

    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]


def test_the_config_that_is_named_on_the_line_counts(
    fleet: Api, dashborion: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHBORION_ENV")
    file = write(tmp_path / "some.yaml", FILE)

    assert dashborion.complete(f"dashborion workloads describe --config {file} -e here w") == [
        "web"
    ]
    assert dashborion.complete(f"dashborion --config {file} workloads list -e ") == ["here"]


def test_a_folder_on_the_way_of_modules_is_not_imported(fleet: Api, tmp_path: Path) -> None:
    for name in ("dashborion", "json", "msgspec"):
        Path(f"{name}.py").write_text("open('imported', 'w')")

    wait_for("the names", lambda: _offered_by_a_process(DESCRIBE) == ["api", "db", "web"])
    assert not Path("imported").exists()


def test_names_that_a_terminal_would_not_take_are_not_offered(fleet: Api, dashborion: Cli) -> None:
    fleet.objects["deployments"].append(deployment("evil\x1b[2J\n; rm"))

    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]


def test_the_names_are_readable_by_their_user_only(
    dashborion: Cli, fleet: Api, cache: Path
) -> None:
    dashborion("workloads list")

    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(_kept(cache).stat().st_mode) == 0o600
    assert "s3cr3t" not in _kept(cache).read_text()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "\x00",
        '{"workloads": 1}',
        '{"workloads": {"default": []}}',
        '{"workloads": {"default": {"at": 0.0, "rows": [1]}}}',
    ],
)
def test_a_broken_file_of_names_is_silence(
    dashborion: Cli, fleet: Api, cache: Path, content: str
) -> None:
    dashborion("workloads list")
    _kept(cache).write_text(content)

    assert dashborion.complete(DESCRIBE) in ([], ["api", "db", "web"])
    assert dashborion("workloads list").exit_code == 0
    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]


def test_without_a_place_for_the_cache_lists_work(
    dashborion: Cli, fleet: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBORION_CACHE_DIR", "/dev/null/cache")

    assert dashborion("workloads list").exit_code == 0
    assert dashborion.complete(DESCRIBE) == []


def test_many_names_are_kept_up_to_a_bound(dashborion: Cli, fleet: Api, cache: Path) -> None:
    fleet.objects["pods"] = [pod(f"web-{number}") for number in range(6000)]
    fleet.chunk = 3000
    dashborion("instances list -o json")

    assert len(json.loads(_kept(cache).read_bytes())["instances"]["default"]["rows"]) == 5000


IMPORTED = """
import sys
from dashborion.__main__ import main
main([])
print(*sys.modules, file=sys.stderr)
"""


def test_a_name_that_is_kept_costs_no_yaml_and_no_sdk(dashborion: Cli, fleet: Api) -> None:
    dashborion("workloads list")
    dashborion.complete(DESCRIBE)  # from now on the index knows which environment is meant
    settings = {"_DASHBORION_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"{DESCRIBE}w"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], env={**os.environ, **settings}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "web\n"
    heavy = {"yaml", "rich", "msgspec", "urllib3", "kubernetes", "boto3", "dashborion.config"}
    assert not heavy & set(done.stderr.split())


def test_a_file_that_decides_which_environment_is_meant_may_change(
    fleet: Api, kube: Kube, dashborion: Cli
) -> None:
    dashborion("workloads list")
    assert dashborion.complete(DESCRIBE) == ["api", "db", "web"]
    fleet.objects["deployments"].append(deployment("elsewhere", "other"))

    write(Path(os.environ["KUBECONFIG"]), document(fleet.url, namespace="other", user={}))

    assert dashborion.complete(DESCRIBE) == ["elsewhere"]


PROFILES = """
[profile plain]
region = eu-west-3
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/made-up
source_profile = plain
mfa_serial = arn:aws:iam::123456789012:mfa/jane
[profile behind-mfa]
role_arn = arn:aws:iam::123456789012:role/other
source_profile = mfa
[profile process]
credential_process = made-up-program
[profile round]
source_profile = round
[profile sso]
sso_session = made-up
sso_account_id = 123456789012
sso_role_name = made-up
[sso-session made-up]
sso_start_url = https://example.com/start
sso_region = eu-west-3
"""


@pytest.mark.parametrize(
    ("profile", "environ", "asks"),
    [
        pytest.param("plain", {}, False, id="keys"),
        pytest.param("mfa", {}, True, id="an MFA code"),
        pytest.param("behind-mfa", {}, True, id="an MFA code for the source"),
        pytest.param("process", {}, True, id="a program of the user's"),
        pytest.param("round", {}, False, id="a circle"),
        pytest.param("sso", {}, False, id="SSO, whose expiry is an error and opens nothing"),
        pytest.param(None, {"AWS_PROFILE": "mfa"}, True, id="a profile from a variable"),
        pytest.param(None, {"AWS_ACCESS_KEY_ID": "x"}, False, id="keys in variables"),
    ],
)
def test_credentials_that_ask_the_user_are_known_beforehand(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str | None,
    environ: dict[str, str],
    asks: bool,
) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(PROFILES)
    for key, value in environ.items():
        monkeypatch.setenv(key, value)

    assert may_prompt(profile, os.environ) is asks


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("workloads describe k8s:here:", ["api", "db", "web"], id="workloads"),
        pytest.param("workloads describe k8s:here:w", ["web"], id="a workload"),
        pytest.param("workloads describe k8s:he", ["api", "db", "web"], id="the environment"),
        pytest.param("w logs web k8s:here:deployment/a", ["deployment/api"], id="a kind"),
        pytest.param("workloads describe k8s:here/other:", [], id="another namespace"),
        pytest.param("workloads describe k8s:gone:", None, id="no environment"),
        pytest.param("instances list -w k8s:here:d", ["db"], id="an option"),
        pytest.param("i describe k8s:here:", ["web-1"], id="instances"),
    ],
)
def test_names_with_their_environment(
    fleet: Api, dashborion: Cli, typed: str, offered: list[str] | None
) -> None:
    found = dashborion.complete(f"dashborion {typed}")

    assert found == [f"k8s:here:{name}" for name in offered or ()]


def test_what_stopped_is_not_offered_where_it_must_run(fleet: Api, dashborion: Cli) -> None:
    ended = pod("ended")
    ended["status"] = {**ended["status"], "phase": "Succeeded"}
    fleet.objects["pods"].append(ended)
    assert dashborion("instances list --all").exit_code == 0

    for command, both in (("describe", True), ("logs", True), ("exec", False), ("stop", False)):
        offered = dashborion.complete(f"dashborion instances {command} ")
        assert ("ended" in offered, "web-1" in offered) == (both, True), command


def test_projects_are_offered_to_what_reads(
    fleet: Api, dashborion: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    target = "{orchestrator: kubernetes, context: here}"
    path.write_text(f"projects: {{homebox: {{environments: {{staging: {target}}}}}}}")

    assert "homebox" in dashborion.complete("dashborion workloads list -e h")
    assert "homebox" not in dashborion.complete("dashborion workloads scale web -e h")


@pytest.mark.parametrize(
    ("value", "offered"), [("1", []), ("0", ["k8s:here"])], ids=["set", "not set"]
)
def test_the_variable_for_the_demo_counts_on_a_tab(
    fleet: Api, dashborion: Cli, monkeypatch: pytest.MonkeyPatch, value: str, offered: list[str]
) -> None:
    monkeypatch.setenv("DASHBORION_DEMO", value)

    assert dashborion.complete("dashborion workloads list -e k8s:h") == offered
