"""``--demo`` has its environments and nothing else: no settings of the user's, no real targets."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.support.shell import AWS, before, end_all_in, folder_of, sh, state_of

_TRAPS = {
    ".aws/config": "[profile trap]\ncredential_process = touch trapped\n",
    ".aws/credentials": "[default]\naws_access_key_id = trap\naws_secret_access_key = trap\n",
    ".kube/config": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": {"server": "http://127.0.0.1:9"}}],
            "users": [{"name": "me", "user": {"token": "trap"}}],
            "contexts": [
                {"name": name, "context": {"cluster": "real", "user": "me"}}
                for name in ("mine", "media-staging")
            ],
            "current-context": "mine",
        }
    ),
    ".config/dashborion/config.yaml": "environments: [trap\n",
    ".local/state/dashborion/state.json": "trap",
}
_LOOKOUT = """
import os, sys
HOME, DEMO, SEEN = {home!r}, {demo!r}, {seen!r}

def look(event, args):
    if event != "open" or not isinstance(args[0], (str, bytes)):
        return
    path = os.path.abspath(os.fsdecode(args[0]))
    if path.startswith(HOME) and not (path + "/").startswith(DEMO):
        os.write(DESCRIPTOR, path.encode() + b"\\n")

DESCRIPTOR = os.open(SEEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(look)
"""


def _all_files(*places: Path) -> dict[Path, bytes]:
    found = [each for place in places for each in place.rglob("*") if each.is_file()]
    return {each: each.read_bytes() for each in found}


def test_no_file_of_the_users_is_read_or_written(home: Path, tmp_path: Path) -> None:
    for name, text in _TRAPS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    before_it, seen = _all_files(home, Path.cwd()), tmp_path / "seen"
    code = _LOOKOUT.format(home=f"{home}/", demo=f"{folder_of(home)}/", seen=str(seen))
    variables = {
        "PYTHONPATH": before(tmp_path / "first", code),
        "AWS_PROFILE": "trap",
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:9",
        "AWS_SESSION_TOKEN": "trap",
        "AWS_REGION": "mars-1",
        "KUBECONFIG": str(home / ".kube/config"),
        "DASHBORION_CONFIG": str(home / ".config/dashborion/config.yaml"),
        "DASHBORION_CACHE_DIR": str(home / "cache"),
    }
    for command in (
        "workloads list --all-envs -o json",
        "workloads describe web -e media/staging",
        "instances list -e shop/production",
        "env list",
    ):
        done = sh(f"dashborion --demo {command}", variables)
        assert (done.returncode, done.stderr) == (0, "")
    end_all_in(folder_of(home))
    assert seen.read_text() == ""  # by these commands or by the process behind them
    outside = {
        path: content
        for path, content in _all_files(home, Path.cwd()).items()
        if folder_of(home) not in path.parents
    }
    assert outside == before_it


@pytest.mark.parametrize("name", ["DASHBORION_ENV", "DASHBORION_PROJECT"])
def test_an_environment_the_user_has_chosen_elsewhere_is_no_matter(
    running: Path, name: str
) -> None:
    done = sh("dashborion --demo workloads list -o name", {name: "mine"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", [str.lower, str.upper], ids=["lower", "upper"])
def test_no_proxy_is_asked(running: Path, case: type[str]) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    proxies["no_proxy"] = "elsewhere"
    variables = {case(name): value for name, value in proxies.items()}
    done = sh("dashborion --demo workloads list --all-envs -o name", variables)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["k8s:mine", "k8s:media-staging", "ecs:eu-west-3/shop-staging"])
def test_a_target_that_is_not_the_demos_is_not_looked_for(
    running: Path, tmp_path: Path, name: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(_TRAPS[".kube/config"])
    command = f"dashborion --demo workloads list -o name -e {name}"
    done = sh(command, {"KUBECONFIG": str(kubeconfig), "HTTPS_PROXY": "http://127.0.0.1:9"})
    assert "127.0.0.1:9" not in done.stderr
    assert "amazonaws" not in done.stderr
    assert done.returncode in (0, 2), done.stderr  # the demo's own of that name, or what there is


def test_an_unknown_environment_says_what_there_is(running: Path) -> None:
    done = sh("dashborion --demo workloads list -e nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no environment 'nowhere'" in done.stderr
    assert "shop/staging, shop/production, media/staging, media/production" in done.stderr
    named = re.findall(r"/\S+\.ya?ml", done.stderr)
    assert [each for each in named if not Path(each).exists()] == []


@pytest.mark.parametrize("environment", ["shop/production", "media/production"])
def test_protected_production_asks(running: Path, environment: str) -> None:
    command = f"dashborion --demo workloads restart web -e {environment}"
    done = sh(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{environment} is protected" in done.stderr
    assert sh(f"{command} --yes").returncode == 0
    sh("dashborion demo reset")


def test_kubectl_uses_the_variables_that_start_prints(running: Path) -> None:
    line = 'eval "$(dashborion demo start 2>/dev/null)"; kubectl get deploy -o name'
    done = sh(line, {"KUBECONFIG": "/nowhere"})
    listed = sh("dashborion --demo workloads list -e media/staging --type deployment -o name")
    assert done.stdout.split() == [f"deployment.apps/{name}" for name in listed.stdout.split()], (
        done.stderr
    )


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI comes with the extra `bench`")
def test_the_aws_cli_uses_the_variables_that_start_prints(running: Path) -> None:
    line = 'eval "$(dashborion demo start 2>/dev/null)"; aws ecs list-clusters --output text'
    done = sh(line, {"AWS_EC2_METADATA_DISABLED": "true"})
    assert "cluster/shop-staging" in done.stdout, done.stderr


def test_another_token_is_refused(running: Path) -> None:
    state = state_of(running)
    line = "kubectl get pods --server {kubernetes_url} --insecure-skip-tls-verify --token wrong"
    done = sh(line.format(**state), {"KUBECONFIG": os.devnull})
    assert done.returncode == 1
    assert "Unauthorized" in done.stderr or "logged in" in done.stderr, done.stderr
