"""Images that cannot be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import ContainerFacts, of_containers
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen
from dashborion.orchestrators.messages import PULLS, matched

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError"})
# Reasons to wait that say all by themselves.
_PLAIN: Mapping[str, Code] = {
    "InvalidImageName": Code.IMAGE_NAME,
    "ErrImageNeverPull": Code.IMAGE_NEVER,
    "RegistryUnavailable": Code.IMAGE_UNREACHABLE,
    "SignatureValidationFailed": Code.IMAGE_SIGNATURE,
}


def _image(_facts: Facts, pod: PodFacts, container: ContainerFacts) -> Finding | None:
    """A container that waits for its image.

    While it backs off, the container's own message only repeats the image's name: the last
    event of the pull then says why.
    """
    waiting = container.status.state.waiting
    if waiting is None or waiting.reason not in _PULLING | _PLAIN.keys():
        return None
    event = _failed_pull(pod, container)
    pattern = matched(PULLS, waiting.message)
    told = [pod.evidence(container.at("state.waiting.message"), waiting.message)]
    if event is not None and (pattern is None or waiting.reason == "ImagePullBackOff"):
        pattern = matched(PULLS, event.message) or pattern
        told.append(of_event(event))
    plain = _PLAIN.get(waiting.reason or "")
    known = pattern.code if pattern else Code.IMAGE_PULL
    return Finding(
        code=plain or known,
        reason=waiting.reason,
        message=told[-1].value or None,
        evidence=told,
        instance=pod.name,
        container=container.name,
        confidence=Confidence.LIKELY if plain is None and pattern else Confidence.CERTAIN,
        is_old=pod.is_old,
        first_seen=first_seen(event) if event else pod.instance.created_at,
        last_seen=seen(event) if event else None,
    )


def _failed_pull(pod: PodFacts, container: ContainerFacts) -> wire.Event | None:
    """The newest event about this container that says why its image could not be pulled."""
    path = f"{{{container.name}}}"
    failed = [
        event
        for event in pod.told("Failed", "InspectFailed", "ErrImageNeverPull")
        if "image" in (event.message or "").lower()
        and (event.involved_object.field_path or path).endswith(path)
        and not (event.message or "").startswith("Error: ")
    ]
    return failed[-1] if failed else None


RULES: Sequence[Rule[Facts]] = (of_containers(_image),)
