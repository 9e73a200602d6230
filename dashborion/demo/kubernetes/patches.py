"""The three ways to patch an object: JSON, merge, strategic merge. Inputs stay as they are."""

from __future__ import annotations

from typing import Any

import jsonpatch

from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.resources import Object

_MERGE_KEYS = {  # of lists that a strategic merge merges; every other list is replaced
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "ports": ("containerPort", "port"),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey",),
    "addresses": ("type",),
}
_ABSENT = object()
_DIRECTIVES = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")


def apply_patch(kind: str, item: Object, patch: Any) -> Object:
    """``kind`` is the content type that the patch came with."""
    if kind == "application/json-patch+json":
        return _json_patched(item, patch)
    if not isinstance(patch, dict):
        raise bad_request("json: cannot unmarshal into Go value of type map[string]interface {}")
    if kind == "application/merge-patch+json":
        return _merged(item, patch, is_strategic=False)
    if kind in ("application/strategic-merge-patch+json", "application/apply-patch+yaml"):
        return _merged(item, patch, is_strategic=True)
    known = ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json")
    kinds = ", ".join([f"application/{name}" for name in known] + ["application/apply-patch+yaml"])
    raise Refused(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {kinds}",
    )


def _merged(old: Any, patch: Object, *, is_strategic: bool) -> Object:
    """RFC 7386; a strategic merge has directives besides, and merges some lists."""
    merged = dict(old) if isinstance(old, dict) else {}
    if is_strategic and patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if is_strategic and "$retainKeys" in patch:
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if is_strategic and key.startswith(_DIRECTIVES):
            if key.startswith("$deleteFromPrimitiveList/"):
                name = key.partition("/")[2]
                merged[name] = [entry for entry in merged.get(name) or () if entry not in value]
        elif value is None or (is_strategic and _is_deletion(value)):
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merged(merged.get(key), value, is_strategic=is_strategic)
        elif is_strategic and isinstance(value, list) and (merge_key := _merge_key(key, value)):
            merged[key] = _merged_list(merged.get(key) or [], value, merge_key)
        else:
            merged[key] = value
    return merged


def _is_deletion(patch: Any) -> bool:
    return isinstance(patch, dict) and patch.get("$patch") == "delete"


def _merge_key(name: str, patch: list[Any]) -> str | None:
    if name == "finalizers" or not all(isinstance(entry, dict) for entry in patch):
        return None
    for key in _MERGE_KEYS.get(name, ()):
        if all(key in entry or "$patch" in entry for entry in patch):
            return key
    return None


def _merged_list(old: list[Object], patch: list[Object], key: str) -> list[Object]:
    if any(entry.get("$patch") == "replace" for entry in patch):
        return [entry for entry in patch if entry.get("$patch") != "replace"]
    merged = list(old)
    for entry in patch:
        at = next((n for n, had in enumerate(merged) if had.get(key) == entry.get(key)), None)
        if _is_deletion(entry):
            if at is not None:
                del merged[at]
        elif at is None:
            merged.append(_merged({}, entry, is_strategic=True))
        else:
            merged[at] = _merged(merged[at], entry, is_strategic=True)
    return merged


def _json_patched(item: Object, patch: Any) -> Object:
    """RFC 6902, as Go's library has it: a key that is absent is null, and may be replaced."""
    if not isinstance(patch, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    try:
        for step in patch:
            is_absent = jsonpatch.JsonPointer(step["path"]).resolve(item, _ABSENT) is _ABSENT
            if step["op"] == "test" and is_absent and step.get("value") is None:
                continue
            changed = {**step, "op": "add"} if step["op"] == "replace" and is_absent else step
            item = jsonpatch.apply_patch(item, [changed])
        return dict(item)
    except (
        jsonpatch.JsonPatchException,
        jsonpatch.JsonPointerException,
        KeyError,
        TypeError,
    ) as error:
        message = "the server rejected our request due to an error in our request"
        raise Refused(422, "Invalid", message) from error
