"""Label and field selectors."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dashborion.demo.kubernetes.errors import bad_request
from dashborion.demo.kubernetes.resources import Object

Test = Callable[[Object], bool]

_SPLIT = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(?P<key>[^\s!=,()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(r"(?P<key>[^\s!=,()]+)\s*(?P<operator>==|!=|=)\s*(?P<value>[^\s!=,()]*)")
_BARE = re.compile(r"(?P<not>!?)\s*(?P<key>[^\s!=,()]+)")
_ANYWHERE = ("metadata.name", "metadata.namespace")
_FIELDS = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid")),
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicasets": ("status.replicas",),
    "jobs": ("status.successful",),
}


def label_test(selector: str) -> Test:
    """`a=b,c!=d,e in (x,y),f,!g`."""
    tests = [_label(part.strip()) for part in _SPLIT.split(selector) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def _label(part: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.fullmatch(part):
        key, values = found["key"], {each.strip() for each in found["values"].split(",")}
        if found["operator"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.fullmatch(part):
        key, value = found["key"], found["value"]
        if found["operator"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _BARE.fullmatch(part):
        key, wanted = found["key"], not found["not"]
        return lambda labels: (key in labels) == wanted
    raise bad_request(
        f"unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=, gt, lt"
    )


def field_test(selector: str, plural: str) -> Test:
    """`metadata.name=x,status.phase!=Running`."""
    tests = [_field(part.strip(), plural) for part in selector.split(",") if part.strip()]
    return lambda item: all(test(item) for test in tests)


def _field(part: str, plural: str) -> Test:
    found = _EQUAL.fullmatch(part)
    if found is None:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path, value, is_wanted = found["key"], found["value"], found["operator"] != "!="
    if path not in (*_ANYWHERE, *_FIELDS.get(plural, ())):
        raise bad_request(f"field label not supported: {path}")
    keys = path.split(".")

    def test(item: Object) -> bool:
        here: Any = item
        for key in keys:
            here = here.get(key, "") if isinstance(here, dict) else ""
        if isinstance(here, dict):  # an event's `source` selects by its component
            here = here.get("component", "")
        return (str(here) == value) == is_wanted

    return test


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A `LabelSelector` of an object's spec."""
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    for each in selector.get("matchExpressions") or ():
        key, values = each["key"], each.get("values") or ()
        fits = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not fits[each["operator"]]:
            return False
    return True


def written(selector: Mapping[str, Any]) -> str:
    """A `LabelSelector` as the text that `/scale` gives."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = f"({','.join(each.get('values') or ())})"
        parts.append(
            {
                "In": f"{each['key']} in {values}",
                "NotIn": f"{each['key']} notin {values}",
                "Exists": each["key"],
                "DoesNotExist": f"!{each['key']}",
            }[each["operator"]]
        )
    return ",".join(parts)
