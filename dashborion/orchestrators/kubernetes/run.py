"""One-off commands as Jobs: planned beside what selects pods, sent once, watched, and deleted."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from dashborion.config.targets import Environment
from dashborion.errors import AccessError, MaybeApplied, NotFound, Unavailable
from dashborion.models.cause import Cause
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.kubernetes import jobs, run_job, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.check import require_stream
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.deploy import chosen_revision
from dashborion.orchestrators.kubernetes.diagnose import Causes
from dashborion.orchestrators.kubernetes.errors import foreign_answer
from dashborion.orchestrators.kubernetes.exec import attach
from dashborion.orchestrators.kubernetes.history import current_template, inside, past_revisions
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.log_targets import PodGroup
from dashborion.orchestrators.kubernetes.logs import LogReader
from dashborion.orchestrators.kubernetes.native_wire import JOBS, Job
from dashborion.orchestrators.logs import Wanted
from dashborion.orchestrators.run import LABEL, PlannedRun, RunSeen, RunWish, StartedRun
from dashborion.terminal import Terminal

QUEUE = "kueue.x-k8s.io/queue-name"
LATE_SECONDS = 30.0  # a log that ends says so: this is for one that never does


def plan(
    client: Client, environment: Environment, workload: Found[wire.Controller], wish: RunWish
) -> PlannedRun:
    """The Job for a command, from what the workload runs or a revision of it."""
    item = workload.item
    namespace, name = item.metadata.namespace, item.metadata.name
    if wish.stdin:
        require_stream(client, "attach", namespace)
    listed = {
        resource.plural: client.collect(resource, namespace, decoration=True)
        for resource in (api.SERVICES, api.BUDGETS, api.NETWORK_POLICIES)
    }
    own = ListOptions(f"{LABEL}={run_job.label_of(name)}")
    runs = client.collect(JOBS, namespace, own, decoration=True)
    template, revision = current_template(workload), None
    if wish.revision is not None:
        chosen = chosen_revision(item, past_revisions(client, item), wish.revision)
        template, revision = chosen.template, chosen.revision.revision
    told = [client.attempt(one) for one in listed.values()]
    around = [None if one is None else [found.item for found in one] for one in told]
    nearby = run_job.Nearby(*around)
    built = run_job.build(item, template, nearby, wish, secrets.token_hex(3))
    active = [one.metadata.name for one in client.optional(runs) if not _end_of(one)]
    return PlannedRun(
        container=built.container,
        image=built.image,
        revision=revision,
        role=f"service account {built.service_account}",
        before=built.before,
        beside=dict.fromkeys(built.beside, ""),
        active=tuple(active),
        notes=built.notes,
        start=lambda: _send(client, environment, item, built),
    )


def _send(
    client: Client, environment: Environment, item: wire.Controller, built: run_job.Built
) -> StartedRun:
    """Create the Job; when the answer is lost, its name tells whether it was created."""
    namespace, name = item.metadata.namespace, str(built.job["metadata"]["name"])
    try:
        made = client.write("POST", JOBS.path(namespace), built.job)
    except MaybeApplied:
        found = client.get(JOBS, namespace, name)
        if found is None:
            raise
        made = found.raw
    if made is None:
        raise NotFound("namespace", namespace, where="the cluster")
    if not inside(made, "metadata").get("uid"):
        raise foreign_answer("no uid")
    deadline = timedelta(seconds=built.job["spec"]["activeDeadlineSeconds"])
    return JobRun(
        name=name,
        late_seconds=LATE_SECONDS,
        if_left=f"it ends by itself after {deadline}; "
        f"`kubectl delete job {name} -n {namespace}` ends it before",
        client=client,
        environment=environment,
        item=item,
        container=built.container,
        uid=str(made["metadata"]["uid"]),
    )


@dataclass(kw_only=True)
class JobRun(StartedRun):
    """A Job, as ``StartedRun``."""

    client: Client
    environment: Environment
    item: wire.Controller
    container: str
    uid: str
    _last: RunSeen = field(default_factory=RunSeen)
    _pod_uid: str = ""

    @property
    def _namespace(self) -> str:
        return self.item.metadata.namespace

    def look(self) -> RunSeen:
        """By its only pod; before there is one, by the Job and the events about it."""
        if not self._last.is_over:
            pod, grace = self._pod()
            if pod is not None and pod.metadata.uid != (self._pod_uid or pod.metadata.uid):
                pod = None  # another one in the place of the one that was deleted
            self._pod_uid = pod.metadata.uid if pod else self._pod_uid
            self._last = self._without_pod() if pod is None else self._of(pod, grace)
        return self._last

    def _of(self, pod: wire.Pod, grace: int) -> RunSeen:
        now = run_job.seen(pod, self.container, self._last, grace)
        if now.is_over and now.exit_code is None and (told := self._end_of_job()):
            return RunSeen(instance=now.instance, started=now.started, is_over=True, why=told)
        return now

    def _pod(self) -> tuple[wire.Pod | None, int]:
        """The pod, and the seconds that its deletion gives it."""
        options = ListOptions(f"job-name={self.name}", raw=True)
        listed = self.client.wait(self.client.collect(api.PODS, self._namespace, options))
        for one in listed:
            if _is_of(one.item, self.uid):
                grace = inside(one.raw, "metadata").get("deletionGracePeriodSeconds")
                return one.item, grace if isinstance(grace, int) else 0
        return None, 0

    def _without_pod(self) -> RunSeen:
        found = self.client.get(JOBS, self._namespace, self.name)
        job = found.item if found and found.item.metadata.uid == self.uid else None
        ended = _end_of(job) if job else "its Job was deleted"
        if ended or self._last.instance:
            why = ended or "its pod was deleted"
            known = self._last
            return RunSeen(instance=known.instance, started=known.started, is_over=True, why=why)
        if job is not None and job.spec.suspend:
            queue = (job.metadata.labels or {}).get(QUEUE)
            behind = f" of queue {queue}" if queue else ""
            return RunSeen(waits_for=f"its Job is suspended: it waits for admission{behind}")
        if refused := self._refusal():
            return RunSeen(waits_for=refused, hopeless=True)
        return RunSeen(waits_for="its Job has no pod yet")

    def _refusal(self) -> str | None:
        """Why no pod can be made: a quota, a webhook, a standard of the namespace."""
        about = ListOptions(fields=f"involvedObject.uid={self.uid}")
        listed = self.client.collect(api.EVENTS, self._namespace, about, decoration=True)
        events = self.client.optional(listed)
        return next((one.message for one in events if one.reason == "FailedCreate"), None)

    def _end_of_job(self) -> str | None:
        try:
            found = self.client.get(JOBS, self._namespace, self.name)
        except (AccessError, Unavailable):
            return None
        told = _end_of(found.item) if found else None
        return told if told and told.startswith("DeadlineExceeded") else None

    def reader(self) -> LogReader:
        """The log of the command's container, which ends with it whatever goes on beside it."""

        def list_pods(_: Callable[[str], None]) -> list[wire.Pod]:
            pod, _grace = self._pod()
            return [run_job.finished_for_readers(pod, self.container)] if pod else []

        return LogReader(
            PodGroup(
                client=self.client,
                environment=self.environment,
                workload_of=lambda _: self.item.metadata.name,
                list_pods=list_pods,
                wanted=Wanted(containers=(self.container,)),
                none_message=f"the pod of {self.name} is gone",
                is_single=True,
            )
        )

    def attach(self, terminal: Terminal, note: Callable[[str], None]) -> None:
        """As ``StartedRun``."""
        pod = str(self._last.instance)
        attach(self.client, self._namespace, pod, self.container, terminal, note=note)

    def stop(self, reason: str) -> None:  # noqa: ARG002 - a deletion has no place for it
        """Delete the Job, which deletes its pod."""
        self.clean_up()

    def clean_up(self) -> None:
        """Delete the Job with its pod in the background: sidecars that never end, too."""
        body: Mapping[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": self.uid},
        }
        self.client.write("DELETE", JOBS.path(self._namespace, self.name), body)

    def causes(self, seen: RunSeen) -> Sequence[Cause]:
        """As ``workloads why`` finds them for its pod."""
        if seen.instance is None:
            return ()
        name, query = Name(seen.instance), Query(namespace=self._namespace)
        return Causes(self.client, self.environment).instance(name, query, timedelta(days=1)).causes


def _is_of(pod: wire.Pod, uid: str) -> bool:
    return any(owner.uid == uid for owner in pod.metadata.owner_references or ())


def _end_of(job: Job) -> str | None:
    """What a Job says of its end; None while there is none."""
    end = jobs.end_of(job)
    return run_job.in_words(end.reason or end.type, end.message) if end else None
