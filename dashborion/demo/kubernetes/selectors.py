"""Label and field selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dashborion.demo.kubernetes.errors import bad_request
from dashborion.demo.kubernetes.resources import Object

Test = Callable[[Object], bool]

_SPLIT = re.compile(r",(?![^(]*\))")
_REQUIREMENT = re.compile(
    r"(?P<not>!?)\s*(?P<key>[^\s!=,()]+)"
    r"(?:\s*(?P<is>==|!=|=)\s*(?P<value>[^\s!=,()]*)|\s+(?P<in>in|notin)\s*\((?P<set>[^()]*)\))?"
)
_ANYWHERE = ("metadata.name", "metadata.namespace")
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS = {
    "pods": (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
        *("status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    "events": (
        *(f"involvedObject.{name}" for name in _INVOLVED),
        *("reason", "reportingComponent", "source", "type"),
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicasets": ("status.replicas",),
    "jobs": ("status.successful",),
}


def label_test(selector: str) -> Test:
    """``a=b,c!=d,e in (x,y),f,!g``."""
    tests = [_label(part.strip()) for part in _SPLIT.split(selector) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def _label(part: str) -> Callable[[Mapping[str, str]], bool]:
    match = _REQUIREMENT.fullmatch(part)
    operator = match and (match["is"] or match["in"])
    if match is None or (match["not"] and operator):
        raise bad_request(
            f"unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=, gt, lt"
        )
    key = match["key"]
    if operator is None:
        return lambda labels: (key in labels) != bool(match["not"])
    values = {match["value"]} if match["is"] else {one.strip() for one in match["set"].split(",")}
    return lambda labels: (labels.get(key) in values) == (operator not in ("!=", "notin"))


def field_test(selector: str, plural: str) -> Test:
    """``metadata.name=x,status.phase!=Running``."""
    tests = [_field(part.strip(), plural) for part in selector.split(",") if part.strip()]
    return lambda item: all(test(item) for test in tests)


def _field(part: str, plural: str) -> Test:
    match = _REQUIREMENT.fullmatch(part)
    if match is None or match["not"] or not match["is"]:
        raise bad_request(f"invalid selector: '{part}'; can't parse_request '{part}'")
    path, expected, is_wanted = match["key"], match["value"], match["is"] != "!="
    if path not in (*_ANYWHERE, *_FIELDS.get(plural, ())):
        raise bad_request(f"field label not supported: {path}")

    def test(item: Object) -> bool:
        value: Any = item
        for key in path.split("."):
            value = value.get(key, "") if isinstance(value, dict) else ""
        if isinstance(value, dict):  # an event's `source` selects by its component
            value = value.get("component", "")
        return (str(value) == expected) == is_wanted

    return test


def selector_text(selector: Mapping[str, Any]) -> str:
    """A ``LabelSelector`` of an object's spec as the text that ``/scale`` gives."""
    labels = selector.get("matchLabels") or {}
    parts = [f"{key}={value}" for key, value in sorted(labels.items())]
    for requirement in selector.get("matchExpressions") or ():
        key, values = requirement["key"], f"({','.join(requirement.get('values') or ())})"
        texts = {
            "In": f"{key} in {values}",
            "NotIn": f"{key} notin {values}",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append(texts[requirement["operator"]])
    return ",".join(parts)
