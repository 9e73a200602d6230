"""Images that cannot be had, that take long, or that differ."""

from __future__ import annotations

import pytest

from tests.unit.kubernetes.raw_kubernetes import Raw, pod, running, waiting
from tests.unit.kubernetes.raw_kubernetes_causes import ago, codes, event, found

BACK_OFF = 'Back-off pulling image "registry.example.com/app:1.4.2"'
NOT_FOUND = 'Failed to pull image "registry.example.com/app:1.4.2": manifest unknown'


@pytest.mark.parametrize(
    ("reason", "message", "code", "confidence"),
    [
        ("ErrImagePull", "manifest unknown", "image-not-found", "likely"),
        ("ErrImagePull", "of a kind that nobody knows", "image-pull", "certain"),
        ("ImageInspectError", "no space left on device", "image-disk", "likely"),
        ("SignatureValidationFailed", "no valid signature", "image-signature", "certain"),
        ("RegistryUnavailable", "manifest unknown", "image-unreachable", "certain"),
        ("InvalidImageName", "couldn't parse image name", "image-name", "certain"),
        ("ErrImageNeverPull", "not present with pull policy of Never", "image-never", "certain"),
    ],
)
def test_a_reason_to_wait_for_an_image(
    reason: str, message: str, code: str, confidence: str
) -> None:
    (finding,) = found(pod(waiting(reason=reason, message=message)))
    assert (finding.code, finding.confidence) == (code, confidence)
    assert (finding.reason, finding.message) == (reason, message)


def test_an_image_whose_name_is_a_message_is_not_read_as_one() -> None:
    spec = {"containers": [{"name": "app", "image": "denied:1"}]}
    waits = waiting(reason="ImagePullBackOff", message='Back-off pulling image "denied:1"')
    assert codes(pod(waits, spec=spec)) == ["image-pull"]


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([event("Failed", NOT_FOUND), event("Failed", "Error: ImagePullBackOff")],
         "image-not-found"),
        ([event("Failed", NOT_FOUND, container="other")], "image-pull"),
        ([], "image-pull"),
    ],
    ids=["its-own", "of-another-container", "none"],
)  # fmt: skip
def test_while_it_backs_off_the_event_says_why(events: list[Raw], code: str) -> None:
    waits = waiting(reason="ImagePullBackOff", message=BACK_OFF)
    assert codes(pod(waits), events=events) == [code]


@pytest.mark.parametrize(
    ("message", "code", "evidence"),
    [("401 Unauthorized", "image-auth", 2), ("manifest unknown", "image-not-found", 1)],
)
def test_an_absent_pull_secret_is_evidence_where_the_registry_refuses(
    message: str, code: str, evidence: int
) -> None:
    absent = event("FailedToRetrieveImagePullSecret", "(regcred)", container=None)
    (finding,) = found(pod(waiting(reason="ErrImagePull", message=message)), events=[absent])
    assert (finding.code, len(finding.evidence)) == (code, evidence)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event("Pulling", at=ago(minutes=5))], ["image-slow"]),
        ([event("Pulling", at=ago(minutes=1))], []),
        ([event("Pulling", at=ago(minutes=5)), event("Pulled", at=ago(minutes=4))], []),
    ],
    ids=["for-long", "for-a-moment", "done"],
)
def test_a_pull_that_takes_long(events: list[Raw], expected: list[str]) -> None:
    assert codes(pod(waiting(reason="ContainerCreating")), events=events) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ("registry.example.com/app@sha256:0f3c", []),
        ("registry.example.com/app@sha256:9999", ["image-mixed", "image-mixed"]),
        ("sha256:9999", []),
    ],
    ids=["same", "another-digest", "not-of-a-registry"],
)
def test_different_images_of_one_tag(others: str, expected: list[str]) -> None:
    second = pod(running(imageID=others), meta={"name": "b", "uid": "b"})
    assert codes(pod(), second) == expected


def test_what_a_pod_that_is_deleted_waits_for_is_no_cause() -> None:
    waits = waiting(reason="ErrImagePull", message="manifest unknown")
    assert codes(pod(waits, meta={"deletionTimestamp": ago(seconds=5)})) == []
