"""Changes that meet a stub API."""

from __future__ import annotations

import pytest

from tests.support.changes_door import Terminal


@pytest.fixture
def dashborion() -> Terminal:
    return Terminal()
