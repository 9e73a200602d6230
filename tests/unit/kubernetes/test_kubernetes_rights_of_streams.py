"""Which verbs a websocket into a pod needs, by the server's version."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from dashborion.orchestrators.kubernetes import check
from dashborion.orchestrators.kubernetes.native_wire import Version


@pytest.mark.parametrize(
    ("version", "create", "rights"),
    [
        ("v1.34.9", False, {"get": True}),
        ("v1.35.0", False, {"get": True, "create": False}),
        ("v1.37.2-eks-1", False, {"get": True, "create": False}),
        ("v1.20.2", True, {"get": True, "create": True}),
        ("v1.34.0", None, {"get": True, "create": None}),
        ("a fork", False, {"get": True, "create": False}),
    ],
)
def test_create_is_needed_from_1_35_on(
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    create: bool | None,
    rights: dict[str, bool | None],
) -> None:
    def may(_: object, verb: str, **about: Any) -> bool | None:
        assert (about["subresource"], about["namespace"]) == ("portforward", "media")
        return create if verb == "create" else True

    monkeypatch.setattr(check, "may", may)
    client = Mock()
    client.read.return_value = Version(git_version=version)
    client.wait.side_effect = lambda future: future.result()
    assert check.rights_of_stream(client, "portforward", "media") == rights
