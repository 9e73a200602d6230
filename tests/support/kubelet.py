"""A stand-in for the kubelets of a cluster: nodes and pods get their status, nothing runs.

How a pod fares is said by the names of its images; `dashborion.demo.behaviour` has the table. A
status is a still picture: written once when the pod is bound to a node, and never again.
"""

import contextlib
import copy
import itertools
import queue
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Self

import msgspec
import urllib3

from dashborion.demo.behaviour import words_of
from tests.support.api import ApiError, Manifest, Watch
from tests.support.container_logs import ContainerLogs, LogServer
from tests.support.control_plane import ControlPlane
from tests.support.pod_status import Warned, picture_of, right_now
from tests.support.usage import Usage, resource_metrics

_HOST_IP = "127.0.0.1"
_WORKERS = 8
_HEARTBEAT_SECONDS = 10
_PODS = "/api/v1/pods"
_BOUND = "fieldSelector=spec.nodeName!%3D"  # a kubelet cares for pods that have a node
_Broken = (urllib3.exceptions.HTTPError, OSError, ValueError)


class _Page(msgspec.Struct, rename="camel"):
    metadata: dict[str, Any]
    items: list[Manifest]


class _Event(msgspec.Struct):
    type: str
    object: Manifest


class Kubelet:
    """All nodes of a control plane; use as a context manager, or call `start` and `stop`."""

    def __init__(self, control_plane: ControlPlane, *, nodes: int = 2) -> None:
        self.node_names = [f"node-{number}" for number in range(1, nodes + 1)]
        self._plane = control_plane
        self._api = control_plane.client()
        self._addresses = itertools.count(1)
        self._work: queue.SimpleQueue[Manifest | None] = queue.SimpleQueue()
        self._seen: set[str] = set()  # uids of pods that have been handed to a worker
        self._statuses: dict[tuple[str, str], dict[str, Any]] = {}
        self._watch: Watch | None = None
        self.usage: dict[tuple[str, str, str], Usage] = {}  # by namespace, pod and container
        self._stopping = threading.Event()
        self._logs = ContainerLogs(lambda namespace, pod: self._statuses.get((namespace, pod)))
        self._log_server = LogServer(
            self._logs,
            lambda: resource_metrics(self._statuses, self.usage),
            certificate_file=control_plane.certificate_file,
            key_file=control_plane.key_file,
        )
        self._threads = [
            threading.Thread(target=target, name=f"kubelet {target.__name__}", daemon=True)
            for target in (self._watch_pods, self._beat, *[self._sync_pods] * _WORKERS)
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when pods can be scheduled."""
        self._log_server.start()
        for number, name in enumerate(self.node_names):
            self._plane.apply(_node(name, number, port=self._log_server.port))
        for thread in self._threads:
            thread.start()
        self._plane.wait_for("the nodes to accept pods", self._nodes_are_untainted)

    def stop(self) -> None:
        self._stopping.set()
        if self._watch is not None:
            self._watch.end()
        for _ in range(_WORKERS):
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        self._log_server.stop()
        self._api.close()

    def append_line(
        self,
        namespace: str,
        pod: str,
        container: str,
        text: str | bytes,
        *,
        at: datetime | None = None,
        newline: bool = True,
    ) -> None:
        """One more line in a container's log, for readers and for those who follow."""
        self._logs.append((namespace, pod, container), text, at, newline=newline)

    def make_log(
        self, namespace: str, pod: str, container: str, chunks: Callable[[], Iterator[bytes]]
    ) -> None:
        """Lines with timestamps, made up as they are read: more than memory should hold."""
        self._logs.made[namespace, pod, container] = chunks

    def break_log_streams(self) -> None:
        """Ends every followed log in the middle, as a lost connection does."""
        self._logs.break_streams()

    def rotate_log(self, namespace: str, pod: str, container: str) -> None:
        """Begins a new file: what was written so far is not read any more."""
        self._logs.rotate((namespace, pod, container))

    @contextlib.contextmanager
    def cutting(self, cut: Callable[[tuple[str, str, str], bytes], int | None]) -> Iterator[None]:
        """Meanwhile this decides after how many bytes of what is sent a log's connection breaks."""
        before, self._logs.cut = self._logs.cut, cut
        try:
            yield
        finally:
            self._logs.cut = before

    def restart_container(self, namespace: str, pod: str, container: str) -> None:
        """The container ends, and its next run begins at once, with an empty log."""
        self._change(namespace, pod, container, _restarted)

    def end_container(self, namespace: str, pod: str, container: str) -> None:
        """The container ends, and nothing starts it again; its log stays."""
        self._change(namespace, pod, container, _ended)

    def _change(
        self, namespace: str, pod: str, container: str, change: Callable[[dict[str, Any]], None]
    ) -> None:
        status = copy.deepcopy(self._statuses[namespace, pod])
        (one,) = (each for each in status["containerStatuses"] if each["name"] == container)
        before = one.get("containerID", "")
        change(one)
        self._statuses[namespace, pod] = status
        if one.get("containerID", "") != before:
            self._logs.restarted((namespace, pod, container), before)
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/status"
        self._api.merge(path, {"status": {"containerStatuses": status["containerStatuses"]}})

    def _nodes_are_untainted(self) -> bool:
        nodes = self._api.request("GET", "/api/v1/nodes")["items"]
        return bool(nodes) and not any("taints" in node["spec"] for node in nodes)

    def _beat(self) -> None:
        """A node that says nothing for 40 seconds is given up by the controllers."""
        while not self._stopping.wait(_HEARTBEAT_SECONDS):
            for name in self.node_names:
                try:
                    self._api.merge(
                        f"/api/v1/nodes/{name}/status", {"status": {"conditions": [_is_ready()]}}
                    )
                except (ApiError, *_Broken):
                    continue  # the next beat will do

    def _watch_pods(self) -> None:
        while not self._stopping.is_set():
            try:
                self._list_and_watch()
            except (ApiError, *_Broken):
                self._stopping.wait(0.2)  # begin again with a list

    def _list_and_watch(self) -> None:
        listed = self._api.request("GET", f"{_PODS}?{_BOUND}&resourceVersion=0")
        page = msgspec.convert(listed, _Page)
        self._take(page.items)
        version: str = page.metadata["resourceVersion"]
        decoder = msgspec.json.Decoder(_Event)
        while not self._stopping.is_set():
            self._watch = self._api.watch(
                f"{_PODS}?{_BOUND}&watch=true&allowWatchBookmarks=true&resourceVersion={version}"
            )
            if self._stopping.is_set():  # `stop` may have missed this watch
                return
            if self._stopping.is_set():  # `stop` may have ended the one before
                return
            for line in self._watch:
                event = decoder.decode(line)
                if event.type == "ERROR":  # 410 Gone: this version is too old to go on from
                    return
                version = event.object["metadata"]["resourceVersion"]
                if event.type == "DELETED":
                    self._forget(event.object)
                elif event.type != "BOOKMARK":
                    self._take([event.object])

    def _take(self, pods: Iterable[Manifest]) -> None:
        for pod in pods:
            metadata, uid = pod["metadata"], pod["metadata"]["uid"]
            if "deletionTimestamp" in metadata:
                images = [container["image"] for container in pod["spec"]["containers"]]
                if not any("terminating" in words_of(image) for image in images):
                    self._work.put(pod)
            elif pod["status"].get("phase") == "Pending" and uid not in self._seen:
                self._seen.add(uid)
                self._work.put(pod)

    def _forget(self, pod: Manifest) -> None:
        self._seen.discard(pod["metadata"]["uid"])
        self._statuses.pop(_key(pod), None)
        self._logs.forget(*_key(pod))

    def _sync_pods(self) -> None:
        while (pod := self._work.get()) is not None and not self._stopping.is_set():
            try:
                self._sync(pod)
            except ApiError as error:
                if not error.is_about_an_older_state:
                    self._retry(pod)
            except _Broken:
                self._retry(pod)

    def _retry(self, pod: Manifest) -> None:
        self._stopping.wait(0.2)
        self._work.put(pod)

    def _sync(self, pod: Manifest) -> None:
        namespace, name = _key(pod)
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        same = {"uid": pod["metadata"]["uid"]}
        if "deletionTimestamp" in pod["metadata"]:
            self._say(pod, f"{name}.killing", "Normal", "Killing", "Stopping container app")
            options = {"gracePeriodSeconds": 0, "preconditions": same}
            self._api.request("DELETE", path, options)
            return
        status, warnings = picture_of(pod, pod_ip=self._next_address(), host_ip=_HOST_IP)
        self._statuses[namespace, name] = status
        self._api.merge(f"{path}/status", {"metadata": same, "status": status})
        self._report(pod, warnings)

    def _next_address(self) -> str:
        number = next(self._addresses)
        return f"10.{244 + number // 65536}.{number // 256 % 256}.{number % 256}"

    def _report(self, pod: Manifest, warnings: list[Warned]) -> None:
        for number, one in enumerate(warnings):
            name = f"{pod['metadata']['name']}.kubelet{number}"
            told = ("Warning", one.reason, one.message)
            self._say(pod, name, *told, count=one.count, container=one.container)

    def _say(
        self,
        pod: Manifest,
        event: str,
        type_: str,
        reason: str,
        message: str,
        *,
        count: int = 1,
        container: str = "app",
    ) -> None:
        namespace, name = _key(pod)
        self._api.apply(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": event, "namespace": namespace},
                "type": type_,
                "reason": reason,
                "message": message,
                "count": count,
                "firstTimestamp": right_now(),
                "lastTimestamp": right_now(),
                "source": {"component": "kubelet", "host": pod["spec"].get("nodeName", "")},
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": name,
                    "namespace": namespace,
                    "uid": pod["metadata"]["uid"],
                    "fieldPath": f"spec.containers{{{container}}}",
                },
            }
        )


def _key(pod: Manifest) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _terminated(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "terminated": {
            "reason": "Error",
            "exitCode": 1,
            "startedAt": one["state"].get("running", {}).get("startedAt", right_now()),
            "finishedAt": right_now(),
            "containerID": one["containerID"],
        }
    }


def _restarted(one: dict[str, Any]) -> None:
    one["lastState"] = _terminated(one)
    one["state"] = {"running": {"startedAt": right_now()}}
    one["restartCount"] += 1
    one["containerID"] = f"containerd://{secrets.token_hex(32)}"


def _ended(one: dict[str, Any]) -> None:
    one["state"] = _terminated(one)
    one["ready"] = False


def _is_ready() -> Manifest:
    return {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": right_now(),
    }


def _node(name: str, number: int, *, port: int) -> Manifest:
    room = {"cpu": "96", "memory": "384Gi", "ephemeral-storage": "1Ti", "pods": "5000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "test",
                "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}",
            },
        },
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{**_is_ready(), "lastTransitionTime": right_now()}],
            # Else a server since 1.3x speaks SPDY with the kubelet instead of handing through.
            "declaredFeatures": ["ExtendWebSocketsToKubelet"],
            "addresses": [
                {"type": "InternalIP", "address": _HOST_IP},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://1.4.3",
                "kernelVersion": "5.10.0",
                "kubeProxyVersion": "v1.20.2",
                "kubeletVersion": "v1.20.2",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "a stand-in",
                "systemUUID": "",
            },
        },
    }
