"""A real Kubernetes control plane, because only the real one says what the real one does.

Rollouts, RBAC refusals, watches, conflicts and chunked lists come from the same etcd, API
server, controller manager and scheduler as in production; a fake would only repeat what its
author believed. The binaries are those of $KUBEBUILDER_ASSETS, the variable that users of
envtest know, and all state is in a folder that the caller throws away. Containers are not run:
see `kubelet` for what stands in.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import trustme
import urllib3
import yaml

from tests.support.api import ApiClient, ApiError, Manifest
from tests.support.manifests import namespace
from tests.support.processes import Child, free_ports
from tests.support.waiting import PATIENCE_SECONDS, wait_for

Found = TypeVar("Found")

CURRENT, OLDEST = "KUBEBUILDER_ASSETS", "KUBEBUILDER_ASSETS_OLDEST"
ARGO = "ARGO_ROLLOUTS"  # a folder with Argo Rollouts' controller and its CRDs
BINARIES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
GROUPS = {"admin": "system:masters", "viewer": "", "nobody": ""}
VIEWER_RULES = [
    ("", "pods pods/log services endpoints events"),
    ("apps", "deployments daemonsets replicasets controllerrevisions"),
    ("networking.k8s.io", "ingresses"),
    ("autoscaling", "horizontalpodautoscalers"),
]
# The last version in which the servers still open a port without TLS unless told not to.
LAST_INSECURE = (1, 20)
# The defaults (20 requests a second) make thousands of pods a matter of minutes.
METRICS = "metrics-server"
_ROLLOUTS = "/apis/argoproj.io/v1alpha1/rollouts"
QUICK = ["--kube-api-qps=1000", "--kube-api-burst=2000"]


class ControlPlane:
    """etcd, API server, controller manager and scheduler on free loopback ports.

    Users are `admin` (may do all), `viewer` (may read what a read-only tool needs, except
    StatefulSets, Namespaces and Nodes) and `nobody` (may do nothing).
    """

    def __init__(
        self,
        assets: Path,
        folder: Path,
        arguments: Sequence[str] = (),
        *,
        needs_accounts: bool = False,
    ) -> None:
        if missing := [name for name in BINARIES if not (assets / name).is_file()]:
            raise FileNotFoundError(f"{assets} lacks {', '.join(missing)}")
        self.folder = folder
        self.ca_file = folder / "ca.crt"
        self.certificate_file = folder / "server.crt"
        self.key_file = folder / "server.key"
        self._assets, self._arguments = assets, arguments
        self._needs_accounts = needs_accounts
        self._etcd_port, self._peer_port, self._api_port, *self._controller_ports = free_ports(5)
        self.url = f"https://127.0.0.1:{self._api_port}"
        self._api = self.client()
        self._children: list[Child] = []

    @classmethod
    @contextmanager
    def from_environment(
        cls,
        variable: str = CURRENT,
        *arguments: str,
        is_moving: bool = True,
        needs_accounts: bool = False,
    ) -> Iterator[Self]:
        """A running one of that variable's programs, with its state in a temporary folder.

        Args:
            variable: names the folder of its programs.
            arguments: more ones for the API server.
            is_moving: with controllers and a scheduler; else every object stays as it is.
            needs_accounts: pods have service accounts, which have to exist.
        """
        with tempfile.TemporaryDirectory(prefix="control-plane-") as folder:
            assets = Path(os.environ[variable])
            plane = cls(assets, Path(folder), arguments, needs_accounts=needs_accounts)
            try:
                plane.start(is_moving=is_moving)
                yield plane
            finally:
                plane.stop()

    def client(self, user: str = "admin") -> ApiClient:
        """Connections of one's own, to be closed by the caller."""
        return ApiClient(self.url, ca_file=self.ca_file, token=self.token(user))

    def token(self, user: str = "admin") -> str:
        if user not in GROUPS:
            raise LookupError(f"no user {user!r}; there are {', '.join(GROUPS)}")
        return f"{user}-token"

    def write_kubeconfig(
        self,
        path: Path,
        *,
        user: str = "admin",
        context: str = "real",
        namespace: str | None = None,
    ) -> Path:
        """Write a kubeconfig (as JSON, which is YAML) with one context, the current one."""
        names = {"cluster": context, "user": user}
        if namespace is not None:
            names["namespace"] = namespace
        cluster = {"server": self.url, "certificate-authority": str(self.ca_file)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": context, "context": names}],
            "current-context": context,
        }
        path.write_text(json.dumps(config, indent=2), encoding="utf-8")
        return path

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """As admin; see `ApiClient.request`."""
        return self._api.request(method, path, body, content_type, accept)

    def merge(self, path: str, change: Mapping[str, Any]) -> Any:
        return self._api.merge(path, change)

    def apply(self, manifest: Manifest) -> None:
        """Creates the object; one that is there already stays as it is."""
        self._api.apply(manifest)

    def wait_for(
        self, description: str, predicate: Callable[[], Found], seconds: float = PATIENCE_SECONDS
    ) -> Found:
        """As `wait_for`, but nobody waits for a server that has ended."""

        def checked() -> Found:
            for child in self._children:
                child.check()
            return predicate()

        return wait_for(description, checked, seconds)

    def start(self, *, is_moving: bool = True) -> None:
        self._write_certificates()
        rows = [f'{self.token(user)},{user},{user},"{group}"\n' for user, group in GROUPS.items()]
        (self.folder / "tokens.csv").write_text("".join(rows), encoding="utf-8")
        kubeconfig = self.write_kubeconfig(self.folder / "admin.kubeconfig")
        self.version = self._version()
        self._start_etcd()
        self._start_api_server(self.version)
        if is_moving:
            self._start_controllers(self.version, kubeconfig)
        self._grant_viewer()

    def kill_api_server(self) -> None:
        """Nobody answers until ``restart_api_server``; for a plane without controllers."""
        self._children.pop().stop()

    def restart_api_server(self) -> None:
        self._start_api_server(self.version)

    def stop(self) -> None:
        """Those that ask are stopped before those that answer."""
        while self._children:
            self._children.pop().stop()
        self._api.close()

    def _write_certificates(self) -> None:
        """One authority for all servers; the API server signs service account tokens as well."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        server = authority.issue_cert("127.0.0.1", "localhost")
        server.private_key_pem.write_to_path(str(self.key_file))
        for certificate in server.cert_chain_pems:
            certificate.write_to_path(str(self.certificate_file), append=True)
        # What the API server is known by to those whose APIs it hands on.
        front = trustme.CA()
        front.cert_pem.write_to_path(str(self.folder / "front.crt"))
        proxy = front.issue_cert("front-proxy", common_name="front-proxy")
        proxy.private_key_pem.write_to_path(str(self.folder / "proxy.key"))
        proxy.cert_chain_pems[0].write_to_path(str(self.folder / "proxy.crt"))

    def _version(self) -> tuple[int, int]:
        binary = self._assets / "kube-apiserver"
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        found = re.search(r"v(\d+)\.(\d+)", said.stdout)
        if found is None:
            raise RuntimeError(f"{binary} has no version: {said.stdout!r}")
        return int(found[1]), int(found[2])

    def _run(self, name: str, *arguments: str) -> None:
        self._children.append(Child(self._assets / name, list(arguments), self.folder))

    def _start_etcd(self) -> None:
        client = f"http://127.0.0.1:{self._etcd_port}"
        self._run(
            "etcd",
            "--data-dir=etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls=http://127.0.0.1:{self._peer_port}",
            "--unsafe-no-fsync",
        )

    def _start_api_server(self, version: tuple[int, int]) -> None:
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._api_port}",
            "--tls-cert-file=server.crt",
            "--tls-private-key-file=server.key",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-key-file=server.key",
            "--service-account-signing-key-file=server.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--api-audiences=api",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=RBAC",
            *(() if self._needs_accounts else ("--disable-admission-plugins=ServiceAccount",)),
            # Else it asks DNS for the names of the nodes before it reads a log.
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-client-ca-file=front.crt",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--proxy-client-cert-file=proxy.crt",
            "--proxy-client-key-file=proxy.key",
            *(["--insecure-port=0"] if version <= LAST_INSECURE else []),
            *self._arguments,
        )
        self.wait_for("the API server to be ready", self._is_ready)

    def _is_ready(self) -> bool:
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except (ApiError, urllib3.exceptions.HTTPError):
            return False

    def _start_controllers(self, version: tuple[int, int], kubeconfig: Path) -> None:
        common = [
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            "--tls-cert-file=server.crt",
            "--tls-private-key-file=server.key",
            *QUICK,
            *(["--port=0"] if version <= LAST_INSECURE else []),
        ]
        manager, scheduler = (f"--secure-port={port}" for port in self._controller_ports)
        key = "--service-account-private-key-file=server.key"
        self._run("kube-controller-manager", *common, manager, key)
        self._run("kube-scheduler", *common, scheduler)

    def _grant_viewer(self) -> None:
        verbs = ["get", "list", "watch"]
        rules = [
            {"apiGroups": [group], "resources": names.split(), "verbs": verbs}
            for group, names in VIEWER_RULES
        ]
        rbac = "rbac.authorization.k8s.io"
        kind = {"apiVersion": f"{rbac}/v1", "metadata": {"name": "viewer"}}
        role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "viewer"}
        user = {"apiGroup": rbac, "kind": "User", "name": "viewer"}
        self.apply({**kind, "kind": "ClusterRole", "rules": rules})
        self.apply({**kind, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [user]})

    @property
    def can_have_metrics(self) -> bool:
        return (self._assets / METRICS).is_file()

    def start_metrics(self) -> None:
        """Have metrics-server ask the kubelets every 15 s; returns when there are numbers."""
        (port,) = free_ports(1)
        kubeconfig = self.folder / "admin.kubeconfig"
        self._run(
            METRICS,
            *(
                f"--{use}kubeconfig={kubeconfig}"
                for use in ("", "authentication-", "authorization-")
            ),
            "--kubelet-insecure-tls",
            "--kubelet-use-node-status-port",
            "--kubelet-preferred-address-types=InternalIP",
            f"--secure-port={port}",
            "--cert-dir=.",
            "--metric-resolution=15s",  # about the least that it takes
        )
        for manifest in _aggregated(port):
            self.apply(manifest)
        self.wait_for("numbers of metrics-server", self._has_metrics)

    def start_argo(self, folder: Path) -> None:
        """Have Argo Rollouts' own controller act on Rollouts."""
        for file in sorted((folder / "crds").glob("*.yaml")):
            self.apply(yaml.safe_load(file.read_text(encoding="utf-8")))
        self.wait_for("Rollouts to be served", lambda: self._serves(_ROLLOUTS))
        self.apply(namespace("argo-rollouts"))
        metrics, health = free_ports(2)
        self._children.append(
            Child(
                folder / "argo-rollouts",
                [
                    f"--kubeconfig={self.folder / 'admin.kubeconfig'}",
                    "--leader-elect=false",
                    f"--metricsPort={metrics}",
                    f"--healthzPort={health}",
                    "--qps=1000",
                    "--burst=2000",
                ],
                self.folder,
            )
        )

    def _serves(self, path: str) -> bool:
        try:
            return bool(self.request("GET", path))
        except ApiError:
            return False

    def _has_metrics(self) -> bool:
        try:
            return bool(self.request("GET", "/apis/metrics.k8s.io/v1beta1/pods")["items"])
        except (ApiError, urllib3.exceptions.HTTPError):
            return False


def _aggregated(port: int) -> Iterator[Manifest]:
    """What sends requests for metrics.k8s.io to a port of this machine."""
    named = {"namespace": "kube-system", "name": METRICS}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named,
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    group, version = "metrics.k8s.io", "v1beta1"
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "service": {**named, "port": port},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
