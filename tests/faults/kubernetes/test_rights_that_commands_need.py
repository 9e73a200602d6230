"""``env check --for``: the rights of a command are those of the requests that it sends."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from dashborion.models.environment import Verb
from dashborion.orchestrators.kubernetes.rights import RIGHTS
from dashborion.storage.files import cache_folder
from tests.support import stub_objects
from tests.support.cli import Cli
from tests.support.misbehaviour import body, status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api, Request
from tests.support.stub_changes import WEB, point_at, take_all_methods
from tests.support.stub_objects import Manifest, metadata

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v[^/]+(?:/namespaces/[^/]+)?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?"
)
_VERBS = {"PATCH": "patch", "POST": "create", "DELETE": "delete"}
_STREAMS = ("exec", "attach", "portforward")
_CORE = {"networking.k8s.io", "discovery.k8s.io"}
COMMANDS = {
    Verb.WHY: "workloads why web",
    Verb.LOGS: "workloads logs web",
    Verb.EXEC: "instances exec web-5d9-x -- true",
    Verb.SCALE: "workloads scale web -r 3",
    Verb.RESTART: "workloads restart web",
    Verb.DEPLOY: "workloads deploy web --image example.com/web:2",
    Verb.ROLLBACK: "workloads rollback web --to 1",
    Verb.STOP: "workloads stop web",
    Verb.PAUSE: "workloads pause web",
}


def right_of(request: Request) -> str | None:
    """The right that a request needs; None for discovery and questions."""
    found = _PATH.fullmatch(request.path)
    if found is None or found["plural"].startswith("self"):
        return None
    what = ".".join(filter(None, (found["plural"], found["group"])))
    if found["sub"]:
        what += f"/{found['sub']}"
    verb = _VERBS.get(request.method, "get" if found["name"] else "list")
    return f"get,create {what}" if found["sub"] in _STREAMS else f"{verb} {what}"


@pytest.fixture
def api(cluster: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    take_all_methods(monkeypatch)
    point_at(cluster, tmp_path, monkeypatch)
    cluster.objects = rich()
    (newest,) = cluster.objects["replicasets"]
    older = copy.deepcopy(newest)
    older["metadata"] |= {"name": "web-old", "uid": "uid-web-old"}
    older["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    older["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/web:0"
    cluster.objects["replicasets"].append(older)
    cluster.on(f"{WEB}/scale", body({"metadata": {}}))
    return cluster


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_sends_what_its_rights_allow_and_needs_no_right_that_it_never_uses(
    dashborion: Cli, api: Api, verb: Verb
) -> None:
    dashborion(f"{COMMANDS[verb]} -o json" if verb is Verb.WHY else COMMANDS[verb], unforeseen=True)
    sent = set(filter(None, map(right_of, api.requests)))
    assert sent <= set(RIGHTS[verb])
    needed = {right for right, part in RIGHTS[verb].items() if part is None}
    # The workload is a Deployment: nothing of other kinds is written or gone back to.
    others = {one for one in needed if re.match(r"patch (stateful|daemon)|.*controllerrev", one)}
    assert needed - sent <= others


ARGO: Manifest = {
    "metadata": {**metadata("ro"), "generation": 1},
    "spec": {
        "replicas": 2,
        "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}},
        "template": {"spec": {"containers": [{"name": "app", "image": "app:1"}]}},
    },
    "status": {
        "observedGeneration": "1", "phase": "Paused", "currentPodHash": "bb", "stableRS": "aa",
        "pauseConditions": [{"reason": "CanaryPauseStep"}],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "options", "status", "written"),
    [
        (Verb.CONTINUE, "", {}, "rollouts.argoproj.io/status"),
        (Verb.ABORT, "", {}, "rollouts.argoproj.io/status"),
        (Verb.RESUME, "", {"abort": True}, "rollouts.argoproj.io/status"),
        (Verb.PAUSE, "", {}, "rollouts.argoproj.io"),
        (Verb.SCALE, "-r 3", {}, "rollouts.argoproj.io/scale"),
        (Verb.RESTART, "", {}, "rollouts.argoproj.io"),
        (Verb.DEPLOY, "--image app:2", {}, "rollouts.argoproj.io"),
        (Verb.STOP, "--force", {}, "rollouts.argoproj.io"),
    ],
)
def test_the_rights_on_argo_rollouts_are_asked_for_where_there_are_some(
    dashborion: Cli,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    verb: Verb,
    options: str,
    status: Manifest,
    written: str,
) -> None:
    def rows() -> set[str]:
        return {one["permission"] for one in dashborion(f"env check --for {verb} -o json").json}

    assert rows() == {one for one in RIGHTS[verb] if "argoproj" not in one}
    monkeypatch.setitem(stub_objects.KINDS, "rollouts", ("argoproj.io/v1alpha1", "Rollout"))
    shutil.rmtree(cache_folder())
    api.objects["rollouts"] = [ARGO | {"status": ARGO["status"] | status}]
    assert rows() == set(RIGHTS[verb])
    api.on("*/rollouts/ro/status", body({"metadata": {}}))
    api.requests.clear()
    dashborion(f"workloads {verb} ro/ro {options}", unforeseen=True)
    sent = set(filter(None, map(right_of, api.requests)))
    assert f"patch {written}" in sent <= set(RIGHTS[verb])


def questions(api: Api) -> list[tuple[str, ...]]:
    """The verb, group, resource, subresource and namespace of each question since the last time."""
    keys = ("verb", "group", "resource", "subresource", "namespace")
    bodies = [one.body for one in api.requests if one.path.endswith("accessreviews")]
    api.requests.clear()
    asked = [msgspec.json.decode(one)["spec"]["resourceAttributes"] for one in bodies]
    return sorted(tuple(one[key] for key in keys) for one in asked)


def test_it_asks_for_each_right_and_for_nothing_else(dashborion: Cli, api: Api) -> None:
    seen = dashborion("env check --for exec -n shop -o json")
    assert [(one["permission"], one["allowed"], one["part"]) for one in seen.json] == [
        ("get pods", True, None),
        ("get pods/exec", True, None),
        ("create pods/exec", True, None),  # a websocket needs both, from 1.35 on
        ("list pods", True, "an ID that is only the beginning of one"),
        *(
            (right, True, "its workload, its zone and its events")
            for right in ("get replicasets.apps", "get nodes", "list events")
        ),
        ("get deployments.apps", True, "-w WORKLOAD"),
        ("get statefulsets.apps", True, "-w WORKLOAD"),
        ("get daemonsets.apps", True, "-w WORKLOAD"),
    ]
    assert questions(api) == [
        ("create", "", "pods", "exec", "shop"),
        ("get", "", "nodes", "", ""),
        ("get", "", "pods", "", "shop"),
        ("get", "", "pods", "exec", "shop"),
        ("get", "apps", "daemonsets", "", "shop"),
        ("get", "apps", "deployments", "", "shop"),
        ("get", "apps", "replicasets", "", "shop"),
        ("get", "apps", "statefulsets", "", "shop"),
        ("list", "", "events", "", "shop"),
        ("list", "", "pods", "", "shop"),
    ]
    dashborion("env check --for why -n shop")
    spaces = {resource: space for _, _, resource, _, space in questions(api)}
    assert (spaces["pods"], spaces["nodes"], spaces["ingressclasses"]) == ("shop", "", "")
    everywhere = dashborion("env check --for restart -A -o json")
    assert {one[-1] for one in questions(api)} == {""}
    assert {one["namespace"] for one in everywhere.json} == {None}


def test_what_the_api_does_not_say_is_unknown(dashborion: Cli, api: Api) -> None:
    api.on("*/selfsubjectaccessreviews", status(500, "no"))
    (one, *_) = dashborion("env check --for pause -o json").json
    assert (one["allowed"], one["message"]) == (None, "the API does not say")
    assert "unknown" in dashborion("env check --for pause", tty=True, width=80).out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--for stopp", "'stopp' is not one of why, logs"),
        ("--for stop -o github", "not with --for"),
    ],
)
def test_what_it_is_not_for(dashborion: Cli, api: Api, options: str, said: str) -> None:
    seen = dashborion(f"env check {options}")
    assert (seen.exit_code, seen.out) == (2, "")
    assert said in seen.err
    assert api.requests == []
