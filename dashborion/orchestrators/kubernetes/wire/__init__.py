"""The API's objects, cut down to the fields that are used.

Every field may be missing or null: Go writes empty lists as null, and fields
come and go between versions. Decoding into these is where most of the speed
over ``json.loads`` comes from.

Types that few commands decode are in ``cluster``, which is imported where it is used.
"""

# ruff: noqa: F403 - all types of these modules are part of this package's namespace

from __future__ import annotations

from dashborion.orchestrators.kubernetes.wire.meta import *
from dashborion.orchestrators.kubernetes.wire.network import *
from dashborion.orchestrators.kubernetes.wire.workloads import *
