"""When an event happened, how often, about what."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.event import Event
from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw, decode, merged

LAST, SERIES, TIME, MADE = (f"2024-05-01T0{hour}:00:00" for hour in (9, 8, 7, 6))


def raw_event(**change: Any) -> Raw:
    base = {
        "metadata": {"name": "web.17cb", "namespace": "media", "creationTimestamp": f"{MADE}Z"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "media",
            "name": "web-0",
            "uid": "uid-web-0",
        },
        "reason": "BackOff",
        "message": "Back-off restarting failed container\n",
        "source": {"component": "kubelet", "host": "node-a"},
        "firstTimestamp": f"{MADE}Z",
        "lastTimestamp": f"{LAST}Z",
        "eventTime": f"{TIME}.123456Z",
        "series": {"count": 7, "lastObservedTime": f"{SERIES}.000001Z"},
        "count": 12,
        "type": "Warning",
        "reportingComponent": "kubelet",
        "reportingInstance": "node-a",
    }
    return merged(base, change)


def event(**change: Any) -> Event:
    return normalise.event(decode(wire.Event, raw_event(**change)))


NO_LAST: Raw = {"lastTimestamp": None}
NO_SERIES: Raw = NO_LAST | {"series": None}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, f"{SERIES}.000001+00:00", id="series"),
        pytest.param({"series": ABSENT}, f"{LAST}+00:00", id="lastTimestamp"),
        pytest.param(NO_SERIES, f"{TIME}.123456+00:00", id="eventTime"),
        pytest.param(NO_LAST | {"series": {"lastObservedTime": None}}, f"{TIME}.123456+00:00"),
        pytest.param(NO_SERIES | {"eventTime": None}, f"{MADE}+00:00", id="creationTimestamp"),
        pytest.param(
            {"lastTimestamp": ABSENT, "series": ABSENT, "eventTime": ABSENT}, f"{MADE}+00:00"
        ),
    ],
)
def test_the_first_time_that_there_is(change: Raw, expected: str) -> None:
    found = event(**change).timestamp
    assert found is not None
    assert found.isoformat() == expected


def test_no_time_at_all_is_null() -> None:
    made = {"metadata": {"creationTimestamp": None}}
    assert event(**NO_SERIES, **made, eventTime=None).timestamp is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"series": None}, 12, id="its own"),
        pytest.param({"count": None}, 7, id="the series'"),
        pytest.param({"count": 0}, 7, id="zero is unsaid"),
        pytest.param({"count": None, "series": None}, 1, id="null"),
        pytest.param({"count": ABSENT, "series": ABSENT}, 1, id="absent"),
        pytest.param({"count": None, "series": {"count": None}}, 1, id="null in the series"),
    ],
)
def test_a_null_count_is_one(change: Raw, expected: int) -> None:
    assert event(**change).count == expected


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("Warning", "warning"),
        ("Normal", "normal"),
        ("Error", "warning"),
        ("Odd", "warning"),
        ("", "normal"),
        (None, "normal"),
    ],
)
def test_a_type_is_a_warning_or_normal(type_: str | None, expected: str) -> None:
    assert event(type=type_).type == expected


def test_object_reason_and_message() -> None:
    found = event()
    assert (found.object, found.reason) == ("pod/web-0", "BackOff")
    assert found.message == "Back-off restarting failed container"


@pytest.mark.parametrize(
    ("message", "path", "expected"),
    [
        (None, None, ""),
        ("Container started", "spec.containers{web}", "Container started: web"),
        ("Container created", "spec.initContainers{proxy}", "Container created: proxy"),
        ("Container created", None, "Container created"),
        ("Stopping container web", "spec.containers{web}", "Stopping container web"),
    ],
)
def test_a_message_names_its_container(
    message: str | None, path: str | None, expected: str
) -> None:
    assert event(message=message, involvedObject={"fieldPath": path}).message == expected


def test_only_events_about_the_objects_asked_for_and_newest_last() -> None:
    def group_event(message: str, uid: str, last: str | None) -> wire.Event:
        about = {"uid": uid}
        nothing = {} if last else {"metadata": {"creationTimestamp": None}}
        item = raw_event(message=message, involvedObject=about, **NO_SERIES, eventTime=last)
        return decode(wire.Event, merged(item, nothing))

    items = [
        group_event("late", "a", f"{LAST}Z"),
        group_event("other", "c", f"{LAST}Z"),
        group_event("early", "b", f"{MADE}Z"),
        group_event("never", "a", None),
        group_event("nor ever", "a", None),
    ]
    found = normalise.events(items, frozenset({"a", "b"}))
    assert [item.message for item in found] == ["never", "nor ever", "early", "late"]
