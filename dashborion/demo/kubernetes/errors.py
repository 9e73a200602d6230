"""Refusals as the API server words them: every one is a ``Status`` object."""

from __future__ import annotations

from dashborion.demo.kubernetes.resources import Object, Resource


class Refused(Exception):
    """A request that is answered with an error: its code, and the ``Status`` that is sent."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            **({"details": details} if details else {}),
            "code": code,
        }


def details_of(resource: Resource, name: str, **more: object) -> Object:
    group = {"group": resource.group} if resource.group else {}
    return {"name": name, **group, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> Refused:
    message = f'{resource.qualified} "{name}" not found'
    return Refused(404, "NotFound", message, details_of(resource, name))


def exists(resource: Resource, name: str) -> Refused:
    message = f'{resource.qualified} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, details_of(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and "
        "try again"
    )
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Refused(409, "Conflict", message, details_of(resource, name))


def precondition_failed(resource: Resource, name: str, key: str, given: str, known: str) -> Refused:
    why = f"Precondition failed: {key} in precondition: {given}, {key} in object meta: {known}"
    return conflict(resource, name, why)


def invalid(resource: Resource, name: str, field: str, problem: str) -> Refused:
    message = f'{resource.qualified_kind} "{name}" is invalid: {field}: {problem}'
    cause = {"reason": "FieldValueInvalid", "message": problem, "field": field}
    details = details_of(resource, name, causes=[cause]) | {"kind": resource.kind}
    return Refused(422, "Invalid", message, details)


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def not_allowed() -> Refused:
    message = "the server does not allow this method on the requested resource"
    return Refused(405, "MethodNotAllowed", message)
