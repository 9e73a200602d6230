"""The API's objects, cut down to the fields that are used.

botocore has parsed the JSON already; converting its dictionaries into these
checks them once, at the edge. Anything may be missing: services without
``rolloutState``, tasks without containers, accounts with the old ARN format.

Types that only ``dashborion ecs`` decodes are in ``clusters`` and ``details``, which
are imported where they are used.
"""

# ruff: noqa: F403 - all types of these modules are part of this package's namespace

from __future__ import annotations

from dashborion.orchestrators.ecs.wire.autoscalers import *
from dashborion.orchestrators.ecs.wire.base import *
from dashborion.orchestrators.ecs.wire.definitions import *
from dashborion.orchestrators.ecs.wire.logs import *
from dashborion.orchestrators.ecs.wire.network import *
from dashborion.orchestrators.ecs.wire.services import *
from dashborion.orchestrators.ecs.wire.tasks import *
