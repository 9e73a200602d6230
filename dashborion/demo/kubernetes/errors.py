"""Refusals as the API server words them: every one is a ``Status`` object."""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.demo.kubernetes.resources import Object, Resource


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Object | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.metadata = details, dict(metadata or {})

    @property
    def status(self) -> Object:
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            status["details"] = self.details
        return status | {"code": self.code}


def details_of(resource: Resource, name: str, **more: object) -> Object:
    group = {"group": resource.group} if resource.group else {}
    return {"name": name, **group, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> Refused:
    message = f'{resource.qualified} "{name}" not found'
    return Refused(404, "NotFound", message, details=details_of(resource, name))


def exists(resource: Resource, name: str) -> Refused:
    message = f'{resource.qualified} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, details=details_of(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and "
        "try again"
    )
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Refused(409, "Conflict", message, details=details_of(resource, name))


def precondition_failed(resource: Resource, name: str, key: str, given: str, known: str) -> Refused:
    why = f"Precondition failed: {key} in precondition: {given}, {key} in object meta: {known}"
    return conflict(resource, name, why)


def invalid(resource: Resource, name: str, field: str, problem: str) -> Refused:
    message = f'{resource.qualified_kind} "{name}" is invalid: {field}: {problem}'
    cause = {"reason": "FieldValueInvalid", "message": problem, "field": field}
    details = details_of(resource, name, causes=[cause]) | {"kind": resource.kind}
    return Refused(422, "Invalid", message, details=details)


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def expired(message: str, token: str = "") -> Refused:
    return Refused(410, "Expired", message, metadata={"continue": token} if token else None)


def not_allowed() -> Refused:
    message = "the server does not allow this method on the requested resource"
    return Refused(405, "MethodNotAllowed", message, details={})
