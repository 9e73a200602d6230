"""Kubeconfig files: where they are, their contexts, and the users and clusters these name.

Read without the Kubernetes SDK, whose import alone takes 110 ms.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from dashborion.errors import ConfigError, short
from dashborion.storage.files import absolute, expanded, read_named
from dashborion.storage.yaml_files import read_yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Entry(Struct, frozen=True):
    """A context, a user or a cluster of a kubeconfig.

    Relative paths in it start at the file's folder. ``problem`` says why it cannot be used:
    what is wrong with an entry is an error for those who use it, and for nobody else.
    """

    kind: str  # "context", "user" or "cluster"
    name: str
    path: Path
    body: Mapping[str, Any]
    problem: str | None = None

    def __repr__(self) -> str:
        return f"Entry({self.kind!r}, {self.name!r}, {self.path!r})"  # the body has secrets

    @property
    def label(self) -> str:
        """The file, the kind and the name, for messages."""
        return f"{self.path}: {self.kind} '{short(self.name)}'"

    def file(self, name: str) -> Path:
        """A path that the body names; an absolute one stays as it is."""
        return Path(os.path.normpath(absolute(self.path).parent / name))

    def text(self, key: str) -> str | None:
        """The value of a key, None where it is absent or empty.

        Raises:
            ConfigError: it is not text.
        """
        value = self.body.get(key)
        if value is not None and not isinstance(value, str):
            raise ConfigError(f"{self.label}: {key}: expected text")
        return value or None

    def flag(self, key: str) -> bool:
        """The value of a key, False where it is absent; ``ConfigError`` for anything else."""
        value = self.body.get(key)
        if value is not None and not isinstance(value, bool):
            raise ConfigError(f"{self.label}: {key}: expected true or false")
        return bool(value)

    def require_usable(self) -> None:
        """Raise a ``ConfigError`` if the entry has a problem."""
        if self.problem:
            raise ConfigError(f"{self.label}: {self.problem}")


class Kubeconfig(Struct, frozen=True):
    """The content of one file, or of several merged ones.

    ``namespaces``, ``users`` and ``clusters`` map a context to the name that it
    gives; ``user_entries`` and ``cluster_entries`` map such a name to its entry,
    ``context_entries`` a context to its own.
    """

    paths: tuple[Path, ...] = ()
    current: str | None = None
    namespaces: Mapping[str, str | None] = {}
    users: Mapping[str, str | None] = {}
    clusters: Mapping[str, str | None] = {}
    context_entries: Mapping[str, Entry] = {}
    user_entries: Mapping[str, Entry] = {}
    cluster_entries: Mapping[str, Entry] = {}

    def server(self, cluster: str) -> str:
        """The address of a cluster, empty if it has none that can be used."""
        entry = self.cluster_entries.get(cluster)
        try:
            return server_address(entry).url if entry else ""
        except ConfigError:
            return ""

    def may_log_in_unasked(self, context: str) -> bool:
        """Whether a tab may log in as the context's user, for whom nobody has typed a command.

        No program is run, which may ask a person; no file that somebody else's kubeconfig may
        name is sent; and no credential goes over plain http.
        """
        user = self.user_entries.get(self.users.get(context) or "")
        known = {key for key, value in user.body.items() if value} if user else set()
        if known & {"exec", "auth-provider", "tokenFile"}:
            return False
        cluster = self.cluster_entries.get(self.clusters.get(context) or "")
        address = server_address(cluster) if cluster else None
        if address is None or address.url.startswith("https:"):
            return True
        return not (address.login or known & {"token", "username", "password"})


def kubeconfig_paths(environ: Mapping[str, str], explicit: str | None = None) -> tuple[Path, ...]:
    """The ``explicit`` file, else those of ``$KUBECONFIG``, else ``~/.kube/config``.

    Files that do not exist are left out, but not the explicit one: reading it shall fail.
    """
    if explicit:
        return (expanded(explicit),)
    return tuple(path for path in kubeconfig_candidates(environ) if not _is_missing(path))


def _is_missing(path: Path) -> bool:
    """Whether kubectl passes over a file: one that cannot be looked at is an error."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def default_kubeconfig(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The file that ``$KUBECONFIG`` hides, if there is one."""
    without = {key: value for key, value in environ.items() if key != "KUBECONFIG"}
    return kubeconfig_paths(without) if environ.get("KUBECONFIG") else ()


def kubeconfig_candidates(environ: Mapping[str, str]) -> list[Path]:
    """The files of ``$KUBECONFIG``, else ``~/.kube/config``, whether they exist or not."""
    if named := environ.get("KUBECONFIG", ""):
        parts = dict.fromkeys(filter(None, named.split(os.pathsep)))
        return [expanded(part) for part in parts]
    return [expanded(environ.get("HOME") or "~") / ".kube" / "config"]


def read_kubeconfig(paths: tuple[Path, ...]) -> Kubeconfig:
    """Merge files as kubectl does: of entries with the same name the first file's counts.

    Raises:
        ConfigError: a file that is not a kubeconfig.
    """
    current: str | None = None
    entries: dict[str, dict[str, Entry]] = {"context": {}, "user": {}, "cluster": {}}
    for path in paths:
        document = _document(path)
        if not isinstance(document, dict):
            raise ConfigError(f"{path}: not a kubeconfig: expected a mapping")
        current = current or _text(document.get("current-context"))
        for kind, known in entries.items():
            for name, entry in _named_entries(path, document, kind).items():
                known.setdefault(name, entry)
    contexts = entries["context"]
    namespaces, users, clusters = (
        {name: _text(context.body.get(key)) for name, context in contexts.items()}
        for key in ("namespace", "user", "cluster")
    )
    return Kubeconfig(
        paths, current, namespaces, users, clusters, contexts, entries["user"], entries["cluster"]
    )


def _document(path: Path) -> Any:
    """The parsed file; parsed again only when it has changed, since it may have megabytes."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return read_yaml(path)  # raises the error that says what is wrong
    changes = (status.st_mtime_ns, status.st_size) if path.is_file() else ()
    return _parsed(path, status.st_ino, *changes)


@lru_cache(maxsize=16)
def _parsed(path: Path, *_: int) -> Any:
    document = read_yaml(path, first_document=True)
    return {} if document is None else document


def in_cluster(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a service account's token."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and not _is_missing(
        SERVICE_ACCOUNT / "token"
    )


def in_cluster_namespace() -> str | None:
    """The namespace of the pod that this process runs in, None outside a pod."""
    try:
        content = read_named(SERVICE_ACCOUNT / "namespace", most_bytes=1024)
    except OSError:
        return None
    return content.decode(errors="replace").strip() or None


def _named_entries(path: Path, document: dict[str, Any], kind: str) -> dict[str, Entry]:
    """The entries of a kind, by name; without one the name is empty, as for kubectl.

    Raises:
        ConfigError: it is no list, or has a context that is no mapping or whose name is no text.
    """
    items = document.get(f"{kind}s")
    if items is not None and not isinstance(items, list):
        raise ConfigError(f"{path}: {kind}s: expected a list")
    named: dict[str, Entry] = {}
    for index, item in enumerate(items or ()):
        given = item.get("name") if isinstance(item, dict) else item
        name = "" if given in (None, "") and isinstance(item, dict) else _text(given)
        if name is None or not isinstance(item, dict):
            if kind == "context":
                raise ConfigError(f"{path}: {kind}s[{index}]: expected a mapping with a name")
            continue  # no context can mean it
        body = item.get(kind)
        problem = None if body is None or isinstance(body, dict) else "expected a mapping"
        if name in named:
            problem = "two entries of the file have this name"
        named[name] = Entry(kind, name, path, {} if problem else body or {}, problem)
    return named


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None


# --- Addresses ----------------------------------------------------------------------------------

_TLS_KEYS = (
    "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify",
    "client-certificate", "client-certificate-data",
)  # fmt: skip


class Address(Struct, frozen=True):
    """A server's address without a user, a password or a query: it may be shown.

    ``login`` is the user and the password that stood in it, as they were written.
    """

    url: str
    login: str | None = None

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def server_address(cluster: Entry, user: Entry | None = None) -> Address:
    """A cluster's ``server`` as client-go's ``DefaultServerURL`` takes it.

    Without a scheme it is plain HTTP, or HTTPS if the entries say how to verify the server or
    have a client certificate; its path is a prefix of all paths, its query does not count.

    Raises:
        ConfigError: it is no http or https address.
    """
    server = cluster.text("server") or ""
    body = {**(user.body if user else {}), **cluster.body}
    secure = any(body.get(key) for key in _TLS_KEYS)
    try:
        address = parsed_address(server, "https" if secure else "http")
    except ValueError as error:
        problem = "is missing" if not server else "not the address of an http or https server"
        raise ConfigError(f"{cluster.label}: server: {problem}") from error
    if urlsplit(address.url).scheme not in ("http", "https"):
        raise ConfigError(f"{cluster.label}: server: neither http nor https")
    return address


def parsed_address(text: str, default_scheme: str) -> Address:
    """An address that a person wrote, perhaps without a scheme.

    HTTP libraries make the strangest of what is none, and quote it in their errors.

    Raises:
        ValueError: it is no address. The message may quote it.
    """
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError
    parts = urlsplit(text)
    if not (parts.scheme and parts.netloc):
        parts = urlsplit(f"{default_scheme}://{text}")
        if parts.path not in ("", "/"):
            raise ValueError
    login, at, place = parts.netloc.rpartition("@")
    if not parts.hostname or parts.port == 0 or "@" in parts.path:  # that is half of a password
        raise ValueError
    parts.hostname.encode("idna")  # a UnicodeError is a ValueError: a label is empty, or too long
    url = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
    return Address(url, login if at else None)
