"""A Kubernetes API server, as far as dashborion and kubectl ask of one.

Facts in here are those of Kubernetes 1.37, tried against the real server where tests look.
"""

from __future__ import annotations

import hmac
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from dashborion.demo.http_server import Answer, Service
from dashborion.demo.kubernetes import defaults, errors
from dashborion.demo.kubernetes.exec import exec_answer, given_container, require_running
from dashborion.demo.kubernetes.forward import forward_answer
from dashborion.demo.kubernetes.kubelets import Kubelets, container_of
from dashborion.demo.kubernetes.lists import list_chunk, representation, watch_lines
from dashborion.demo.kubernetes.patches import apply_patch
from dashborion.demo.kubernetes.pods import words_of_command
from dashborion.demo.kubernetes.request import Request, parse_request
from dashborion.demo.kubernetes.resources import (
    BY_KIND,
    METRICS,
    REVIEWS,
    Object,
    Resource,
    discovery,
)
from dashborion.demo.kubernetes.selectors import selector_text
from dashborion.demo.kubernetes.store import Store

USER = "dashborion-demo"
_JSON = {"Content-Type": "application/json"}
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_CONTROL = "/demo/"
_HEALTH = ("/healthz", "/livez", "/readyz")


class KubernetesApi(Service):
    """Answers HTTP requests from a store; every request needs the token."""

    def __init__(self, store: Store, kubelets: Kubelets, token: str) -> None:
        self.store = store
        self.token = token
        # Called for each request that is let in, and whenever more of its answer is sent.
        self.on_request: Callable[[Request], object] = lambda _: None
        self.on_write: Callable[[], None] = lambda: None
        self.on_control: Callable[[str, Any], object] | None = None  # of the demo itself
        self._kubelets = kubelets
        self._is_over = False

    def stop(self) -> None:
        self._is_over = True
        with self.store.changed:
            self.store.changed.notify_all()
        super().stop()

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        request = parse_request(method, url, headers, body)
        try:
            self._authenticate(request)
            self.on_request(request)
            return self._answer(request)
        except errors.Refused as error:
            return _json(error.status, error.code)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            return _json(
                errors.bad_request(f"not of the shape that is asked for: {error!r}").status, 400
            )

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            raise errors.Refused(401, "Unauthorized", "Unauthorized")

    def _answer(self, request: Request) -> Answer:
        if request.resource is None:
            return self._outside_resources(request)
        subresource = request.subresource
        if subresource == "log" and request.plural == "pods":
            return self._log(request)
        if subresource in ("exec", "attach") and request.plural == "pods":
            return self._exec(request)
        if subresource == "portforward" and request.plural == "pods":
            return self._forward(request)
        if subresource == "finalize" and request.plural == "namespaces":
            return _json(self._object(request))
        if subresource and subresource not in request.resource.subresources:
            return _no_such_path()
        if request.method == "GET":
            return self._read(request, request.resource)
        answer = self._write(request, request.resource)
        self.on_write()
        return answer

    def _outside_resources(self, request: Request) -> Answer:
        if request.path.startswith(_CONTROL) and request.method == "POST" and self.on_control:
            try:
                return _json(self.on_control(request.path.removeprefix(_CONTROL), request.json))
            except (LookupError, TypeError) as error:
                raise errors.bad_request(str(error)) from error
        if any(one.group_version == request.group_version for one in METRICS):
            return _json(self._kubelets.metrics(request))
        if request.path in _HEALTH:
            return Answer(200, _TEXT, b"ok")
        kind = REVIEWS.get((request.group_version, request.plural))
        if kind and request.method == "POST":
            is_json = request.content_type == "application/json"  # kubectl speaks protobuf here
            return _json(_reviewed(kind, request.json if is_json else {}), 201)
        answer = discovery(request.path, request.headers.get("host", ""))
        return _no_such_path() if answer is None else _json(answer)

    # Reading

    def _read(self, request: Request, resource: Resource) -> Answer:
        if not request.name:
            if request.flag("watch") and "watch" in request.query:
                changes = watch_lines(self.store, resource, request, lambda: self._is_over)
                return self._stream(request, changes, _JSON)
            return _json(list_chunk(self.store, resource, request))
        item = self._object(request)
        if request.subresource == "scale":
            return _json(_scale(resource, item))
        return _json(representation(self.store, resource, request, item))

    def _object(self, request: Request) -> Object:
        item = self.store.get(request.plural, request.namespace, request.name)
        if item is None or request.resource is None:
            raise errors.not_found(request.resource, request.name)  # type: ignore[arg-type]
        return item

    def _log(self, request: Request) -> Answer:
        if request.method != "GET":
            raise errors.not_allowed()
        pod = self._object(request)
        lines = self._kubelets.log(pod, request.query, lambda: self._is_over)
        return self._stream(request, lines, _TEXT)

    def _stream(
        self, request: Request, chunks: Iterator[bytes], headers: Mapping[str, str]
    ) -> Answer:
        """Await the first chunk, so that a bad request is answered as one; stream them all.

        Reading counts as activity: a log may be followed for hours.
        """
        first = next(chunks, b"")

        def with_activity() -> Iterator[bytes]:
            for chunk in itertools.chain([first], chunks):
                self.on_request(request)
                yield chunk

        return Answer(200, headers, b"", chunks=with_activity())

    def _exec(self, request: Request) -> Answer:
        if request.method not in ("GET", "POST"):
            raise errors.not_allowed()
        pod = self._object(request)
        name = container_of(pod, request.query.get("container", ""))
        require_running(pod, name)
        if request.subresource == "exec":
            return exec_answer(pod, name, request.values("command"), request)
        ended = partial(self._kubelets.end_attached, pod)
        words = words_of_command(given_container(pod, name))
        return exec_answer(pod, name, words, request, on_end=ended)

    def _forward(self, request: Request) -> Answer:
        if request.method not in ("GET", "POST"):
            raise errors.not_allowed()
        pod = self._object(request)
        if (pod.get("status") or {}).get("phase") != "Running":
            phase = (pod.get("status") or {}).get("phase")
            raise errors.bad_request(f"unable to forward port because pod is not running. {phase}")
        return forward_answer(pod, request)

    # Writing

    def _write(self, request: Request, resource: Resource) -> Answer:
        with self.store.lock:
            if request.method == "POST" and not request.name:
                return _json(self._create(request, resource), 201)
            if request.method == "PUT" and request.name:
                return _json(self._change(request, resource, request.json))
            if request.method == "PATCH" and request.name:
                return self._patch(request, resource)
            if request.method == "DELETE":
                return self._delete(request, resource)
        raise errors.not_allowed()

    def _create(self, request: Request, resource: Resource) -> Object:
        item: Object = request.json
        if item.get("kind", resource.kind) != resource.kind:
            raise errors.bad_request(
                f"{item['kind']} in version {json.dumps(item.get('apiVersion', ''))} cannot be "
                f"handled as a {resource.kind}"
            )
        metadata = dict(item.get("metadata") or {})
        if resource.is_namespaced:
            if metadata.setdefault("namespace", request.namespace) != request.namespace:
                raise errors.bad_request(
                    "the namespace of the provided object does not match the namespace sent on "
                    "the request"
                )
            if self.store.get("namespaces", "", request.namespace) is None:
                raise errors.not_found(BY_KIND["Namespace"], request.namespace)
        if not metadata.get("name") and not metadata.get("generateName"):
            problem = "Required value: name or generateName is required"
            raise errors.invalid(resource, "", "metadata.name", problem)
        for key in ("uid", "resourceVersion", "creationTimestamp", "generation"):
            metadata.pop(key, None)
        item = defaults.as_kept({**item, "metadata": metadata}, resource.group_version)
        made = self.store.create(
            resource.plural,
            defaults.with_defaults(resource.plural, item),
            dry_run=request.is_dry_run,
        )
        return defaults.as_served(made, resource.group_version)

    def _patch(self, request: Request, resource: Resource) -> Answer:
        kind, patch = request.content_type, request.json
        is_apply = kind == "application/apply-patch+yaml"
        if is_apply and self.store.get(request.plural, request.namespace, request.name) is None:
            return _json(self._create(request, resource), 201)
        item = self._object(request)
        item = defaults.as_served(item, resource.group_version)
        before = _scale(resource, item) if request.subresource == "scale" else item
        return _json(self._change(request, resource, apply_patch(kind, before, patch)))

    def _change(self, request: Request, resource: Resource, given: Object) -> Object:
        """Replace the object, its scale or its status."""
        old = self._object(request)
        name = given.get("metadata", {}).get("name", request.name)
        if name != request.name:
            message = f"the name of the object ({name}) does not match the name on the URL"
            raise errors.bad_request(f"{message} ({request.name})")
        if request.subresource == "scale":
            return self._rescale(request, resource, old, given)
        namespace = {"namespace": request.namespace} if resource.is_namespaced else {}
        item = {**given, "metadata": {**given.get("metadata", {}), **namespace, "name": name}}
        is_status = request.subresource == "status"
        if not is_status:
            item = defaults.with_defaults(
                resource.plural, defaults.as_kept(item, resource.group_version)
            )
            defaults.refuse_changed_selector(resource.plural, old, item)
        changed = self.store.replace(
            resource.plural, item, is_status=is_status, dry_run=request.is_dry_run
        )
        return defaults.as_served(changed, resource.group_version)

    def _rescale(self, request: Request, resource: Resource, old: Object, given: Object) -> Object:
        metadata, count = given.get("metadata") or {}, (given.get("spec") or {}).get("replicas", 0)
        version = metadata.get("resourceVersion") or old["metadata"]["resourceVersion"]
        if version != old["metadata"]["resourceVersion"]:
            raise errors.conflict(resource, request.name)
        if not isinstance(count, int) or count < 0:
            scales = Resource("autoscaling/v1", "scales", "Scale")
            problem = f"Invalid value: {count}: must be greater than or equal to 0"
            raise errors.invalid(scales, request.name, "spec.replicas", problem)
        item = {**old, "spec": {**old["spec"], "replicas": count}}
        return _scale(
            resource, self.store.replace(resource.plural, item, dry_run=request.is_dry_run)
        )

    def _delete(self, request: Request, resource: Resource) -> Answer:
        if request.subresource:
            raise errors.not_allowed()
        if not request.name:
            chunk = list_chunk(self.store, resource, request)
            for entry in chunk["items"]:
                self._end(resource, entry, {}, request)
            return _json(chunk)
        item, options = self._object(request), request.json if request.body else {}
        wanted, metadata = options.get("preconditions") or {}, item["metadata"]
        for key, name in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            if wanted.get(key, metadata[key]) != metadata[key]:
                raise errors.precondition_failed(
                    resource, request.name, name, wanted[key], metadata[key]
                )
        marked = self._end(resource, item, options, request)
        if marked is not None:
            return _json(marked)
        details = errors.details_of(resource, request.name, uid=metadata["uid"])
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return _json({**done, "details": details})

    def _end(
        self, resource: Resource, item: Object, options: Object, request: Request
    ) -> Object | None:
        """Delete an object; returns it while its grace period lasts, or None."""
        metadata, store = item["metadata"], self.store
        if request.is_dry_run or options.get("dryRun"):
            return item
        grace = options.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
        if resource.plural == "pods" and grace != 0 and item["spec"].get("nodeName"):
            if "deletionTimestamp" in metadata:
                return item
            seconds = item["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
            at = store.clock() + timedelta(seconds=seconds)
            return store.mark_for_deletion("pods", item, at, seconds)
        if resource.plural == "namespaces":
            for inner in filter(lambda kind: kind.is_namespaced, BY_KIND.values()):
                for content in store.all(inner.plural, metadata["name"]):
                    store.remove(inner.plural, content)
        store.remove(resource.plural, item)
        return None


def _scale(resource: Resource, item: Object) -> Object:
    metadata, spec = item["metadata"], item["spec"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    if "scale" not in resource.subresources:
        raise errors.not_allowed()
    replicas = (item.get("status") or {}).get("replicas", 0)
    desired = spec.get("replicas", 1)
    selector = selector_text(spec.get("selector") or {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept},
        "spec": {"replicas": desired} if desired else {},  # Go leaves out a zero
        "status": {"replicas": replicas, "selector": selector},
    }


def _reviewed(kind: str, body: Object) -> Object:
    """A review's answer: the one user may do everything."""
    if kind == "SelfSubjectAccessReview":
        status: Object = {"allowed": True, "reason": "the demo's user may do all"}
    else:
        status = {"userInfo": {"username": USER, "groups": ["system:authenticated"]}}
    group = next(version for (version, _), known in REVIEWS.items() if known == kind)
    head = {"kind": kind, "apiVersion": group, "metadata": {}}
    return {**head, "spec": body.get("spec") or {}, "status": status}


def _json(item: Any, status: int = 200) -> Answer:
    return Answer(status, _JSON, msgspec.json.encode(item) + b"\n")


def _no_such_path() -> Answer:
    return Answer(404, _TEXT, b"404 page not found\n")
