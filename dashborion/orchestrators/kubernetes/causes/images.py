"""Images that cannot be had, that take long, or that are not what their tag was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from dashborion.models.cause import Advice, Code, Confidence, Evidence
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import (
    ContainerFacts,
    age,
    containers,
    is_leaving,
    of_containers,
)
from dashborion.orchestrators.kubernetes.facts import Facts, first_seen, of_event, seen
from dashborion.orchestrators.messages import PULLS, matched

_SLOW = timedelta(minutes=2)
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError"})
# Reasons to wait that say all by themselves.
_PLAIN: Mapping[str, Code] = {
    "InvalidImageName": Code.IMAGE_NAME,
    "ErrImageNeverPull": Code.IMAGE_NEVER,
    "RegistryUnavailable": Code.IMAGE_UNREACHABLE,
    "SignatureValidationFailed": Code.IMAGE_SIGNATURE,
}
WAITING = _PULLING | _PLAIN.keys()
_ADVICE: Mapping[Code, str] = {
    Code.IMAGE_NOT_FOUND: "check that the registry has this tag",
    Code.IMAGE_AUTH: "name a pull secret of type kubernetes.io/dockerconfigjson for this registry, "
    "or let the node's role pull from it",
    Code.IMAGE_RATE_LIMIT: "log in to the registry, or use a mirror; it is tried again by itself, "
    "and of the node's own limit (pull QPS) nothing more is needed",
    Code.IMAGE_PLATFORM: "build the image for the architecture of the node "
    "(its label kubernetes.io/arch)",
    Code.IMAGE_UNREACHABLE: "check DNS, proxy, firewall and certificates on the way from the node",
    Code.IMAGE_NAME: "correct the image's name",
    Code.IMAGE_NEVER: "change imagePullPolicy, or load the image onto the node",
    Code.IMAGE_DISK: "free disk space on the node",
}


def _image(facts: Facts, container: ContainerFacts) -> Finding | None:
    """A container that waits for its image.

    While it backs off, an old kubelet's message only repeats the image's name: the last event
    of the pull then says why.
    """
    waiting = container.status.state.waiting
    if waiting is None or waiting.reason not in WAITING:
        return None
    pod, event = container.pod, _failed_pull(container)
    image = container.spec.image or container.status.image or ""
    pattern = matched(PULLS, (waiting.message or "").replace(image or " ", " "))
    told = [pod.evidence(container.at("state.waiting.message"), waiting.message)]
    if event is not None and pattern is None:
        pattern = matched(PULLS, event.message)
        told.append(of_event(event))
    plain = _PLAIN.get(waiting.reason)
    code = plain or (pattern.code if pattern else Code.IMAGE_PULL)
    message = told[-1].value or None
    if code in (Code.IMAGE_AUTH, Code.IMAGE_PULL):
        told += map(of_event, pod.told("FailedToRetrieveImagePullSecret")[-1:])
    return Finding(
        code=code,
        key=image,
        reason=waiting.reason,
        message=message,
        evidence=told,
        instance=pod.name,
        container=container.name,
        confidence=pattern.confidence if pattern and plain is None else Confidence.CERTAIN,
        is_old=pod.is_old,
        first_seen=first_seen(event) if event else pod.instance.created_at,
        last_seen=seen(event) if event else pod.instance.created_at,
        advice=[*_advice(code, told), *_way_back(facts, pod.is_old)],
    )


def _failed_pull(container: ContainerFacts) -> wire.Event | None:
    """The newest event about this container that says why its image could not be pulled."""
    told = container.told("Failed", "InspectFailed", "ErrImageNeverPull")
    failed = [
        event
        for event in told
        if "image" in (event.message or "").lower()
        and not (event.message or "").startswith("Error: ")
    ]
    return failed[-1] if failed else None


def _advice(code: Code, told: Sequence[Evidence]) -> list[Advice]:
    if any(one.field == "FailedToRetrieveImagePullSecret" for one in told):
        return [Advice(text="create the pull secret that imagePullSecrets names")]
    return [Advice(text=_ADVICE[code])] if code in _ADVICE else []


def _way_back(facts: Facts, is_old: bool) -> list[Advice]:
    """To go back to the revision before, if there is one and the newest is what fails."""
    if facts.item is None or is_old or len(facts.revisions or ()) < 2:
        return []
    command = f"dashborion workloads rollback {facts.item.metadata.name}"
    return [Advice(text="go back to the last revision", command=command)]


def _slow(facts: Facts, container: ContainerFacts) -> Finding | None:
    """A pull that has begun a while ago and of which nothing was heard since."""
    waiting, pod = container.status.state.waiting, container.pod
    told = container.told("Pulling", "Pulled", "Failed", "BackOff")
    last = told[-1] if told else None
    if waiting is None or waiting.reason in WAITING or last is None or last.reason != "Pulling":
        return None
    if age(facts, seen(last)) < _SLOW:
        return None
    return Finding(
        code=Code.IMAGE_SLOW,
        key=container.spec.image or "",
        reason=waiting.reason,
        message=last.message,
        evidence=[of_event(last)],
        instance=pod.name,
        container=container.name,
        confidence=Confidence.LIKELY,
        is_old=pod.is_old,
        first_seen=seen(last),
    )


def _mixed(facts: Facts) -> Iterator[Finding]:
    """Containers of one tag whose images differ, as the tag was moved between their starts.

    Only digests of what a registry has can be compared: by ``NAME@sha256:…``.
    """
    digests: dict[tuple[str, str], dict[str, list[ContainerFacts]]] = {}
    for pod in facts.pods:
        for one in () if is_leaving(pod) else containers(pod):
            image, (_, _, digest) = one.spec.image, (one.status.image_id or "").rpartition("@")
            is_known = image and "@" not in image and "@" in (one.status.image_id or "")
            if image and is_known and one.status.state.running:
                of_image = digests.setdefault((one.name, image), {})
                of_image.setdefault(digest, []).append(one)
    for (name, image), found in digests.items():
        if len(found) < 2:
            continue
        shown = [found[digest][0] for digest in found]
        told = [one.pod.evidence(one.at("imageID"), one.status.image_id) for one in shown]
        for one in (one for ones in found.values() for one in ones):
            yield Finding(
                code=Code.IMAGE_MIXED,
                key=f"{name}:{image}",
                message=f"{len(found)} different images of {image} run",
                evidence=told,
                instance=one.pod.name,
                container=name,
                advice=[Advice(text="deploy a tag that is never moved, or a digest")],
            )


RULES: Sequence[Rule[Facts]] = (of_containers(_image), of_containers(_slow), Rule(_mixed))
