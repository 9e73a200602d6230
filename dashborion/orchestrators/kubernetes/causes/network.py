"""Networks of pods, and the ways to them: Services, Ingresses, load balancers and policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from dashborion.models.cause import Advice, Code, Confidence, Evidence, Severity
from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import endpoints as ways
from dashborion.orchestrators.kubernetes import instances, network_wire, normalise, rollout, wire
from dashborion.orchestrators.kubernetes.causes.pods import age, is_unmade, of_pods
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen

_BALANCED = timedelta(minutes=3)  # in which a cloud should have made a load balancer
_SET_UP = timedelta(minutes=1)  # in which a node's network may still begin, or get an address
NO_ADDRESSES = re.compile(
    r"failed to assign an ip|no (free|available) (ip|address)|no ip addresses available"
    r"|insufficientfreeaddresses"
    r"|insufficientcidrblocks|address(es)? (pool )?exhausted|range is full"
    r"|no more (free|available)|exceeded (the )?max(imum)? (number of )?ip",
    re.IGNORECASE,
)
# The kubelet makes the sandbox before it pulls the first image.
_MAKING = frozenset({"FailedCreatePodSandBox", "Pulling", "Pulled", "Created", "Started", "Failed"})
# What controllers of load balancers write, and what they write when all is well again.
_UNBALANCED = frozenset({
    "SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "FailedDeployModel",
    "FailedBuildModel", "UnAvailableLoadBalancer", "FailedUpdateStatus", "FailedAddFinalizer",
})  # fmt: skip
_BALANCING = frozenset({"EnsuredLoadBalancer", "SuccessfullyReconciled"})


def _sandbox(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod whose network cannot be set up, if that is the last that was tried."""
    told = [one for one in pod.events if one.reason in _MAKING]
    if not is_unmade(pod) or not told or told[-1].reason != "FailedCreatePodSandBox":
        return None
    event = told[-1]
    is_new = age(facts, first_seen(event)) < _SET_UP
    lacks_addresses = NO_ADDRESSES.search(event.message or "")
    return Finding(
        code=Code.NO_ADDRESSES if lacks_addresses else Code.SANDBOX,
        reason=event.reason,
        message=event.message,
        evidence=[of_event(event)],
        instance=pod.name,
        confidence=Confidence.LIKELY if lacks_addresses else Confidence.CERTAIN,
        severity=Severity.WARNING if is_new else None,
        is_old=pod.is_old,
        count=event.count or 1,
        first_seen=first_seen(event),
        last_seen=seen(event),
    )


# --- Services ------------------------------------------------------------------------------------


def _template(facts: Facts) -> wire.Template:
    return facts.item.spec.template if facts.item else wire.Template()


def services(facts: Facts) -> list[network_wire.Service]:
    """The Services that select the workload's pods."""
    if facts.item is None:
        return []
    index = ways.EndpointIndex.build(facts.services or ())
    return index.services(facts.item.metadata.namespace, _template(facts))


def near_misses(facts: Facts) -> list[network_wire.Service]:
    """Services that seem to be meant for the workload, and do not select it.

    Only where no other does: a Service that has its name, and part of its labels.
    """
    item = facts.item
    if item is None or services(facts):
        return []
    labels = _template(facts).metadata.labels or {}
    return [
        one
        for one in facts.services or ()
        if one.metadata.name == item.metadata.name
        and one.spec.type != "ExternalName"
        and (one.spec.selector or {}).keys() & labels.keys()
    ]


def _source(service: network_wire.Service) -> str:
    return f"service/{service.metadata.name}"


def _selector(facts: Facts) -> Iterator[Finding]:
    """A Service that selects nothing, though it seems to be meant for the workload."""
    labels = _template(facts).metadata.labels or {}
    for service in near_misses(facts):
        name = service.metadata.name
        behind = (facts.backings or {}).get(name)
        if behind or (behind is None and facts.is_final):
            continue  # it selects others, or nobody may know
        differs = [
            f"{key}={value} (the instances have {labels.get(key) or 'no such label'})"
            for key, value in (service.spec.selector or {}).items()
            if labels.get(key) != value
        ]
        yield Finding(
            code=Code.SELECTOR_NOTHING,
            key=name,
            reason="Service",
            message=f"service {name} selects {', '.join(differs)}",
            evidence=[
                Evidence(source=_source(service), field="spec.selector", value=", ".join(differs)),
                facts.evidence(
                    "spec.template.metadata.labels",
                    ",".join(f"{key}={value}" for key, value in labels.items()),
                ),
            ],
            advice=[_look_at_service(name)],
        )


def _look_at_service(name: str) -> Advice:
    return Advice(text="look at the service", command=f"dashborion k8s services describe {name}")


def _without_endpoints(facts: Facts) -> Iterator[Finding]:
    """A Service behind which nothing is ready, once the rollout is over."""
    item = facts.item
    if item is None or rollout.counts(item).desired == 0:
        return
    was_available = any(instances.was_ready(pod.pod) for pod in facts.pods)
    state = rollout.rollout(item, was_available=was_available).state
    if state is RolloutState.PROGRESSING or any(pod.instance.ready for pod in facts.pods):
        return
    for service in services(facts):
        name = service.metadata.name
        behind = (facts.backings or {}).get(name)
        if behind is None or any(one.is_ready for one in behind):
            continue
        yield Finding(
            code=Code.ENDPOINTS_NONE,
            key=name,
            reason="Service",
            message=f"service {name}: 0 of {len(behind)} addresses are ready",
            evidence=[
                Evidence(
                    source=_source(service), field="endpoints", value=f"0 of {len(behind)} ready"
                )
            ],
            advice=[_look_at_service(name)],
        )


def _ports(facts: Facts) -> Iterator[Finding]:
    """Ports of Services that no container has.

    A number need not be among a container's ports, so that is only a hint, and only where no
    number of the Service is one of them.
    """
    # What was injected into its pods is not in its template.
    specs = [_template(facts).spec, *(pod.pod.spec for pod in facts.pods if not pod.is_old)]
    known = dict.fromkeys(
        port
        for spec in specs
        for one in (*(spec.containers or ()), *(spec.init_containers or ()))
        for port in one.ports or ()
    )
    numbers, names = {one.container_port for one in known}, {one.name for one in known}
    is_well = all(pod.instance.ready for pod in facts.pods)
    for service in services(facts):
        name, wanted = service.metadata.name, service.spec.ports or ()
        targets = [one.port if one.target_port in (None, 0, "") else one.target_port
                   for one in wanted]  # fmt: skip
        unknown = [one for one in targets if isinstance(one, str) and one not in names]
        others = [one for one in targets if isinstance(one, int)]
        offered = ", ".join(str(one.name or one.container_port) for one in known) or "none"
        told = [
            Evidence(
                source=_source(service),
                field="spec.ports[].targetPort",
                value=", ".join(map(str, unknown or others)),
            ),
            facts.evidence("spec.template.spec.containers[].ports", offered),
        ]
        if unknown:
            yield Finding(
                code=Code.PORT_NAME,
                key=name,
                reason="Service",
                message=f"service {name} leads to port {', '.join(unknown)}; containers have "
                f"{offered}",
                evidence=told,
                advice=[_look_at_service(name)],
            )
        elif others and numbers and numbers.isdisjoint(others) and len(others) == len(targets):
            yield Finding(
                code=Code.PORT_MISMATCH,
                key=name,
                reason="Service",
                message=f"service {name} leads to {', '.join(map(str, others))}; containers have "
                f"{offered}",
                evidence=told,
                confidence=Confidence.POSSIBLE,
                severity=Severity.INFO if is_well else None,
                advice=[_look_at_service(name)],
            )


# --- Ingresses and load balancers ----------------------------------------------------------------


def _ingresses(facts: Facts) -> Iterator[Finding]:
    """Ingresses that lead to a Service, or to a port of it, that is not there."""
    known = {one.metadata.name: one for one in facts.services or ()}
    mine = {one.metadata.name for one in services(facts)}
    if facts.item is not None and facts.item.metadata.name not in known:
        mine.add(facts.item.metadata.name)  # the Service that it seems to lack
    for ingress, backend in _backends(facts, mine):
        name = ingress.metadata.name
        service, port = known.get(backend.name), backend.port
        if service is not None and ways.port_of(service, port):
            continue
        wanted = f"{backend.name}:{port.name or port.number}"
        lacks = "port" if service else "service"
        yield Finding(
            code=Code.INGRESS,
            key=f"{name} {wanted}",
            reason="Ingress",
            message=f"ingress {name} leads to {wanted}: there is no such {lacks}",
            evidence=[
                Evidence(source=f"ingress/{name}", field="spec.rules[].backend", value=wanted)
            ],
            advice=[_look_at_ingress(name)],
        )


def _backends(
    facts: Facts, names: set[str]
) -> list[tuple[network_wire.Ingress, network_wire.BackendService]]:
    """Each different way of an Ingress to one of these Services."""
    found = [
        (ingress, way.backend.service)
        for ingress in facts.ingresses or ()
        for way in ways.routes(ingress)
        if way.backend and way.backend.service and way.backend.service.name in names
    ]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def _look_at_ingress(name: str) -> Advice:
    return Advice(text="look at the ingress", command=f"dashborion k8s ingresses describe {name}")


def _classes(facts: Facts) -> Iterator[Finding]:
    """Ingresses that have no address: since nobody is there for their class, or just not yet."""
    mine = {one.metadata.name for one in services(facts)}
    ingresses = {one.metadata.name: one for one, _ in _backends(facts, mine)}
    for name, ingress in ingresses.items():
        wanted = ingress.spec.ingress_class_name
        if not wanted or ingress.status.load_balancer.ingress:
            continue
        is_absent = facts.classes is not None and wanted not in facts.classes
        yield Finding(
            code=Code.INGRESS if is_absent else Code.LOAD_BALANCER,
            key=name,
            reason="Ingress",
            message=f"ingress {name} is of class '{wanted}', which does not exist"
            if is_absent
            else f"ingress {name} has no address; some controllers never write one",
            evidence=[
                Evidence(
                    source=f"ingress/{name}",
                    field="spec.ingressClassName" if is_absent else "status.loadBalancer",
                    value=wanted if is_absent else "",
                )
            ],
            confidence=Confidence.CERTAIN if is_absent else Confidence.POSSIBLE,
            severity=None if is_absent else Severity.INFO,
            advice=[_look_at_ingress(name)],
        )


def _balancers(facts: Facts) -> Iterator[Finding]:
    """Load balancers that could not be set up, or that nobody sets up."""
    mine = services(facts)
    names = {one.metadata.name for one in mine}
    about = [("Service", name) for name in sorted(names)]
    about += [
        ("Ingress", one)
        for one in sorted({found.metadata.name for found, _ in _backends(facts, names)})
    ]
    failing = set()
    for kind, name in about:
        told = [one for one in facts.told_of(kind, name) if one.reason in _UNBALANCED | _BALANCING]
        if told and told[-1].reason in _UNBALANCED:
            event = told[-1]
            failing.add(name)
            yield Finding(
                code=Code.LOAD_BALANCER,
                key=f"{kind} {name}",
                reason=event.reason,
                message=event.message,
                evidence=[of_event(event)],
                count=event.count or 1,
                first_seen=first_seen(event),
                last_seen=seen(event),
            )
    for service in mine:
        name, created = service.metadata.name, service.metadata.creation_timestamp
        is_due = service.spec.type == "LoadBalancer" and age(facts, created) > _BALANCED
        if is_due and not service.status.load_balancer.ingress and name not in failing:
            yield Finding(
                code=Code.LOAD_BALANCER,
                key=f"Service {name}",
                reason="Service",
                message=f"service {name} has no address: nobody has made its load balancer",
                evidence=[Evidence(source=_source(service), field="status.loadBalancer", value="")],
                severity=Severity.WARNING,
                first_seen=created,
                last_seen=created,
                advice=[_look_at_service(name)],
            )


def _policies(facts: Facts) -> Iterator[Finding]:
    """Policies that let nobody in, where no other policy lets somebody in."""
    labels = _template(facts).metadata.labels
    mine = [
        one
        for one in facts.policies or ()
        if normalise.selects(one.spec.pod_selector, labels)
        and "Ingress" in (one.spec.policy_types or ["Ingress"])
    ]
    if not mine or any(one.spec.ingress for one in mine):
        return
    names = ", ".join(one.metadata.name for one in mine)
    yield Finding(
        code=Code.NETWORK_POLICY,
        key=names,
        reason="NetworkPolicy",
        message=f"{names}: no rule lets anybody in, but for the node itself",
        evidence=[
            Evidence(
                source=f"networkpolicy/{one.metadata.name}", field="spec.ingress", value="none"
            )
            for one in mine
        ],
        confidence=Confidence.POSSIBLE,
    )


RULES: Sequence[Rule[Facts]] = (
    of_pods(_sandbox),
    Rule(_selector, needs=("item", "services")),
    Rule(_without_endpoints, needs=("services", "backings")),
    Rule(_ports, needs=("item", "services")),
    Rule(_ingresses, needs=("services", "ingresses")),
    Rule(_classes, needs=("services", "ingresses")),
    Rule(_balancers, needs=("services", "ingresses", "others")),
    Rule(_policies, needs=("item", "policies")),
)
