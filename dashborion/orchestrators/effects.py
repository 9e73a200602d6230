"""Which cause explains which others, over both orchestrators: data of ``findings``.

Five layers, each of which explains those below it: the place, the making of an instance, its
start, its running, and what the workload as a whole suffers. Within a layer only what is
written here.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.models.cause import Code

_NODE = {Code.NODE_NOT_READY, Code.NODE_AGENT}
_PUSHED = {
    Code.EVICTED,
    Code.PREEMPTED,
    Code.DRAINED,
    Code.SPOT,
    Code.RETIRED,
    Code.NODE_REJECTED,
    Code.OOM_NODE,
}
ADMISSION = {
    Code.QUOTA,
    Code.QUOTA_SIZE,
    Code.LIMIT_RANGE,
    Code.POD_SECURITY,
    Code.WEBHOOK_DENIED,
    Code.WEBHOOK_DOWN,
    Code.CREATE_REFUSED,
    Code.SERVICE_ACCOUNT,
    Code.THROTTLED,
}
PLACEMENT = {code for code in Code if code.startswith("unschedulable")} | {
    Code.NO_NODES,
    Code.CAPACITY,
    Code.GATED,
    Code.NOT_SCHEDULED,
    Code.NOT_STARTED,
    Code.ZONE,
    Code.VOLUME_UNBOUND,
}
MAKING = {code for code in Code if code.startswith("image-")} - {
    Code.IMAGE_SLOW,
    Code.IMAGE_MIXED,
} | {
    Code.CONFIG_MISSING,
    Code.CONFIG_KEY,
    Code.CONFIG_ACCESS,
    Code.CONFIG_UNREACHABLE,
    Code.CONFIG_FILE,
    Code.RUN_AS_ROOT,
    Code.ROLE,
    Code.LOG_TARGET,
    Code.DEFINITION_INACTIVE,
    Code.MOUNT,
    Code.VOLUME_IN_USE,
    Code.SANDBOX,
    Code.NO_ADDRESSES,
    Code.NETWORK_INTERFACE,
    Code.CREATE_FAILED,
}
_EXITS = {code for code in Code if code == Code.EXIT or code.startswith("exit-")}
ENDING = _EXITS | {Code.OOM, Code.INIT_FAILED, Code.HOOK_FAILED, Code.LIVENESS, Code.STARTUP_PROBE}
_TARGETS = {Code.TARGET_STATUS, Code.TARGET_REFUSED, Code.TARGET_TIMEOUT, Code.TARGET_UNHEALTHY}
_UNREADY = {code for code in Code if code.startswith("readiness")} | _TARGETS
_WHOLE = {
    Code.DEADLINE,
    Code.CIRCUIT_BREAKER,
    Code.RESTART_LOOP,
    Code.START_BACKOFF,
    Code.ROLLOUT_FAILED,
    Code.ENDPOINTS_NONE,
    Code.UNAVAILABLE,
    Code.AUTOSCALER_METRICS,
    Code.BUDGET,
    Code.OTHER,
}

OF_ROLLOUT = frozenset(
    {Code.DEADLINE, Code.CIRCUIT_BREAKER, Code.ROLLOUT_FAILED, Code.START_BACKOFF}
)
"""What only instances of the newest revision explain."""

EXPLAINS: Mapping[Code, frozenset[Code]] = {
    **{
        code: frozenset(effects)
        for layer, effects in (
            (
                _NODE,
                _PUSHED | ENDING | _UNREADY | _WHOLE | {Code.STUCK_TERMINATING, Code.NOT_STARTED},
            ),
            (_PUSHED, _EXITS | _UNREADY | {Code.UNAVAILABLE, Code.ENDPOINTS_NONE, Code.OTHER}),
            (ADMISSION, _WHOLE),
            (PLACEMENT, _UNREADY | _WHOLE),
            (MAKING, _UNREADY | _WHOLE),
            (ENDING, _UNREADY | _WHOLE),
            (_UNREADY, _WHOLE),
        )
        for code in layer
    },
    Code.OOM: frozenset(_EXITS | {Code.LIVENESS} | _UNREADY | _WHOLE),
    Code.LIVENESS: frozenset({Code.EXIT_137, Code.EXIT_143} | _UNREADY | _WHOLE),
    Code.STARTUP_PROBE: frozenset({Code.EXIT_137, Code.EXIT_143} | _UNREADY | _WHOLE),
    Code.HOOK_FAILED: frozenset({Code.EXIT_137, Code.EXIT_143} | _UNREADY | _WHOLE),
    Code.NO_NODES: frozenset(PLACEMENT - {Code.NO_NODES} | _UNREADY | _WHOLE),
    Code.VOLUME_UNBOUND: frozenset({Code.UNSCHEDULABLE_VOLUME} | _UNREADY | _WHOLE),
    Code.NO_ADDRESSES: frozenset({Code.SANDBOX, Code.NETWORK_INTERFACE} | _UNREADY | _WHOLE),
    Code.PORT_NAME: frozenset({Code.ENDPOINTS_NONE}),
    Code.SELECTOR_NOTHING: frozenset({Code.ENDPOINTS_NONE}),
    Code.TARGET_UNUSED: frozenset(_TARGETS),
    Code.HEALTH_GRACE: frozenset(_TARGETS | {Code.LIVENESS} | _WHOLE),
    Code.ALARM: frozenset({Code.CIRCUIT_BREAKER, Code.ROLLOUT_FAILED}),
    Code.ROLLOUT_HOOK_FAILED: frozenset({Code.ROLLOUT_FAILED}),
    Code.CIRCUIT_BREAKER: frozenset({Code.ROLLOUT_FAILED, Code.RESTART_LOOP}),
    Code.ROLLOUT_BLOCKED: frozenset({Code.UNAVAILABLE, Code.DEADLINE}),
    Code.AUTOSCALER_CONFLICT: frozenset({Code.AUTOSCALER_METRICS}),
    Code.PAUSED: frozenset({Code.DEADLINE}),
}
