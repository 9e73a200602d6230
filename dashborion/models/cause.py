"""Why a workload is not well: causes with their evidence, and the diagnosis that they make.

The codes are one enum over both orchestrators: the same meaning has the same code.
``severity`` here is what a code is by itself; a rule may say less of what has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from dashborion.models.base import Model


class Severity(StrEnum):
    """Worst first: what keeps a workload from its work, what may soon, what is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(StrEnum):
    """Surest first: the API says so, a known message does, or something is absent."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Verdict(StrEnum):
    """Worst first; *not well* are ``failing`` and ``unknown``."""

    FAILING = "failing"
    UNKNOWN = "unknown"
    PROGRESSING = "progressing"
    STOPPED = "stopped"
    HEALTHY = "healthy"

    @property
    def is_well(self) -> bool:
        return self not in (Verdict.FAILING, Verdict.UNKNOWN)


class Code(StrEnum):
    """What is wrong. Codes are stable: scripts compare them."""

    # images
    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_AUTH = "image-auth"
    IMAGE_RATE_LIMIT = "image-rate-limit"
    IMAGE_PLATFORM = "image-platform"
    IMAGE_UNREACHABLE = "image-unreachable"
    IMAGE_NAME = "image-name"
    IMAGE_NEVER = "image-never"
    IMAGE_SIGNATURE = "image-signature"
    IMAGE_DISK = "image-disk"
    IMAGE_KEY = "image-key"
    IMAGE_PULL = "image-pull"
    IMAGE_SLOW = "image-slow"
    IMAGE_MIXED = "image-mixed"
    # exits
    EXIT_0 = "exit-0"
    EXIT_126 = "exit-126"
    EXIT_127 = "exit-127"
    EXIT_134 = "exit-134"
    EXIT_137 = "exit-137"
    EXIT_139 = "exit-139"
    EXIT_143 = "exit-143"
    EXIT = "exit"
    OOM = "oom"
    OOM_NODE = "oom-node"
    INIT_FAILED = "init-failed"
    CREATE_FAILED = "create-failed"
    HOOK_FAILED = "hook-failed"
    # probes
    LIVENESS = "liveness"
    STARTUP_PROBE = "startup-probe"
    READINESS = "readiness"
    READINESS_STATUS = "readiness-status"
    READINESS_REFUSED = "readiness-refused"
    READINESS_TIMEOUT = "readiness-timeout"
    READINESS_GATE = "readiness-gate"
    TARGET_STATUS = "target-status"
    TARGET_REFUSED = "target-refused"
    TARGET_TIMEOUT = "target-timeout"
    TARGET_UNHEALTHY = "target-unhealthy"
    TARGET_UNUSED = "target-unused"
    HEALTH_GRACE = "health-grace"
    # configuration
    CONFIG_MISSING = "config-missing"
    CONFIG_KEY = "config-key"
    CONFIG_ACCESS = "config-access"
    CONFIG_UNREACHABLE = "config-unreachable"
    CONFIG_FILE = "config-file"
    RUN_AS_ROOT = "run-as-root"
    SERVICE_ACCOUNT = "service-account"
    ROLE = "role"
    LOG_TARGET = "log-target"
    DEFINITION_INACTIVE = "definition-inactive"
    # volumes
    MOUNT = "mount"
    VOLUME_IN_USE = "volume-in-use"
    VOLUME_UNBOUND = "volume-unbound"
    # network
    SANDBOX = "sandbox"
    NO_ADDRESSES = "no-addresses"
    NETWORK_INTERFACE = "network-interface"
    SELECTOR_NOTHING = "selector-nothing"
    ENDPOINTS_NONE = "endpoints-none"
    PORT_NAME = "port-name"
    PORT_MISMATCH = "port-mismatch"
    INGRESS = "ingress"
    LOAD_BALANCER = "load-balancer"
    NETWORK_POLICY = "network-policy"
    # placement
    UNSCHEDULABLE_CPU = "unschedulable-cpu"
    UNSCHEDULABLE_MEMORY = "unschedulable-memory"
    UNSCHEDULABLE_STORAGE = "unschedulable-storage"
    UNSCHEDULABLE_RESOURCE = "unschedulable-resource"
    UNSCHEDULABLE_TAINT = "unschedulable-taint"
    UNSCHEDULABLE_NODE = "unschedulable-node"
    UNSCHEDULABLE_AFFINITY = "unschedulable-affinity"
    UNSCHEDULABLE_ANTI_AFFINITY = "unschedulable-anti-affinity"
    UNSCHEDULABLE_SPREAD = "unschedulable-spread"
    UNSCHEDULABLE_COUNT = "unschedulable-count"
    UNSCHEDULABLE_PORT = "unschedulable-port"
    UNSCHEDULABLE_VOLUME = "unschedulable-volume"
    UNSCHEDULABLE_CORDONED = "unschedulable-cordoned"
    UNSCHEDULABLE_NETWORK = "unschedulable-network"
    UNSCHEDULABLE = "unschedulable"
    NO_NODES = "no-nodes"
    CAPACITY = "capacity"
    GATED = "gated"
    NOT_SCHEDULED = "not-scheduled"
    NOT_STARTED = "not-started"
    ZONE = "zone"
    # nodes
    NODE_NOT_READY = "node-not-ready"
    NODE_REJECTED = "node-rejected"
    NODE_AGENT = "node-agent"
    EVICTED = "evicted"
    PREEMPTED = "preempted"
    DRAINED = "drained"
    SPOT = "spot"
    RETIRED = "retired"
    STUCK_TERMINATING = "stuck-terminating"
    RESIZE_PENDING = "resize-pending"
    MISPLACED = "misplaced"
    # admission
    QUOTA = "quota"
    QUOTA_SIZE = "quota-size"
    LIMIT_RANGE = "limit-range"
    POD_SECURITY = "pod-security"
    WEBHOOK_DENIED = "webhook-denied"
    WEBHOOK_DOWN = "webhook-down"
    CREATE_REFUSED = "create-refused"
    THROTTLED = "throttled"
    # rollout
    DEADLINE = "deadline"
    CIRCUIT_BREAKER = "circuit-breaker"
    RESTART_LOOP = "restart-loop"
    START_BACKOFF = "start-backoff"
    ALARM = "alarm"
    HOOK_WAITING = "hook-waiting"
    ROLLOUT_HOOK_FAILED = "rollout-hook-failed"
    ROLLOUT_BLOCKED = "rollout-blocked"
    ROLLOUT_PERCENT = "rollout-percent"
    ROLLOUT_FAILED = "rollout-failed"
    PAUSED = "paused"
    ON_DELETE = "on-delete"
    PARTITION = "partition"
    NOT_OBSERVED = "not-observed"
    BAKE = "bake"
    PROTECTED = "protected"
    DRAINING = "draining"
    BUDGET = "budget"
    # scaling
    AUTOSCALER_METRICS = "autoscaler-metrics"
    AUTOSCALER_LIMIT = "autoscaler-limit"
    AUTOSCALER_OFF = "autoscaler-off"
    AUTOSCALER_CONFLICT = "autoscaler-conflict"
    ZERO = "zero"
    # what no rule knows
    BY_HAND = "by-hand"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class Meaning(Struct, frozen=True):
    """A code's title, and how bad it is by itself."""

    title: str
    severity: Severity = Severity.ERROR


_WARNING, _INFO = Severity.WARNING, Severity.INFO
MEANINGS: Mapping[Code, Meaning] = {
    Code.IMAGE_NOT_FOUND: Meaning("the image does not exist"),
    Code.IMAGE_AUTH: Meaning("the registry refuses the image"),
    Code.IMAGE_RATE_LIMIT: Meaning("the registry limits the rate of pulls"),
    Code.IMAGE_PLATFORM: Meaning("the image is for another platform"),
    Code.IMAGE_UNREACHABLE: Meaning("the registry cannot be reached"),
    Code.IMAGE_NAME: Meaning("the image's name is not valid"),
    Code.IMAGE_NEVER: Meaning("the image is not on the node and may not be pulled"),
    Code.IMAGE_SIGNATURE: Meaning("the image's signature is not accepted"),
    Code.IMAGE_DISK: Meaning("no disk space left for the image"),
    Code.IMAGE_KEY: Meaning("the image cannot be decrypted"),
    Code.IMAGE_PULL: Meaning("the image cannot be pulled"),
    Code.IMAGE_SLOW: Meaning("the image is still being pulled", _INFO),
    Code.IMAGE_MIXED: Meaning("instances run different images of the same tag", _INFO),
    Code.EXIT_0: Meaning("the main process ends, though it should go on"),
    Code.EXIT_126: Meaning("the command cannot be executed"),
    Code.EXIT_127: Meaning("the command was not found"),
    Code.EXIT_134: Meaning("the process aborted"),
    Code.EXIT_137: Meaning("the process was killed"),
    Code.EXIT_139: Meaning("the process crashed in native code"),
    Code.EXIT_143: Meaning("the process was asked to stop"),
    Code.EXIT: Meaning("the process fails"),
    Code.OOM: Meaning("out of memory"),
    Code.OOM_NODE: Meaning("the node ran out of memory"),
    Code.INIT_FAILED: Meaning("an init container fails"),
    Code.CREATE_FAILED: Meaning("the container cannot be created"),
    Code.HOOK_FAILED: Meaning("a container's lifecycle hook fails"),
    Code.LIVENESS: Meaning("the liveness check fails, for which it is killed"),
    Code.STARTUP_PROBE: Meaning("killed since it does not start in time"),
    Code.READINESS: Meaning("the readiness check fails"),
    Code.READINESS_STATUS: Meaning("the readiness check gets an error as its answer"),
    Code.READINESS_REFUSED: Meaning("nothing listens where the readiness check asks"),
    Code.READINESS_TIMEOUT: Meaning("the readiness check gets no answer in time"),
    Code.READINESS_GATE: Meaning("a readiness gate is not open"),
    Code.TARGET_STATUS: Meaning("the load balancer's check gets an error as its answer"),
    Code.TARGET_REFUSED: Meaning("the load balancer cannot connect"),
    Code.TARGET_TIMEOUT: Meaning("the load balancer's check gets no answer in time"),
    Code.TARGET_UNHEALTHY: Meaning("the load balancer's check fails"),
    Code.TARGET_UNUSED: Meaning("the load balancer sends nothing there"),
    Code.HEALTH_GRACE: Meaning("the health checks begin before the start is over"),
    Code.CONFIG_MISSING: Meaning("a configuration object or secret does not exist"),
    Code.CONFIG_KEY: Meaning("a key is missing in a configuration object or secret"),
    Code.CONFIG_ACCESS: Meaning("a secret may not be read"),
    Code.CONFIG_UNREACHABLE: Meaning("the store of secrets cannot be reached"),
    Code.CONFIG_FILE: Meaning("a file of variables cannot be read"),
    Code.RUN_AS_ROOT: Meaning("the image wants to run as root, which is not allowed"),
    Code.SERVICE_ACCOUNT: Meaning("the service account does not exist"),
    Code.ROLE: Meaning("a role cannot be assumed"),
    Code.LOG_TARGET: Meaning("the log's destination cannot be used"),
    Code.DEFINITION_INACTIVE: Meaning("the task definition is inactive"),
    Code.MOUNT: Meaning("a volume cannot be mounted"),
    Code.VOLUME_IN_USE: Meaning("a volume is still attached elsewhere"),
    Code.VOLUME_UNBOUND: Meaning("a volume claim is not bound"),
    Code.SANDBOX: Meaning("the network of an instance cannot be set up"),
    Code.NO_ADDRESSES: Meaning("no IP addresses are left"),
    Code.NETWORK_INTERFACE: Meaning("no network interface could be had"),
    Code.SELECTOR_NOTHING: Meaning("no service selects the instances", _WARNING),
    Code.ENDPOINTS_NONE: Meaning("a service has no ready endpoint"),
    Code.PORT_NAME: Meaning("a service names a port that no container has"),
    Code.PORT_MISMATCH: Meaning("a service's port is none of the container's", _WARNING),
    Code.INGRESS: Meaning("an ingress leads nowhere"),
    Code.LOAD_BALANCER: Meaning("the load balancer is not set up"),
    Code.NETWORK_POLICY: Meaning("a network policy lets nobody in", _WARNING),
    Code.UNSCHEDULABLE_CPU: Meaning("no node has enough CPU left"),
    Code.UNSCHEDULABLE_MEMORY: Meaning("no node has enough memory left"),
    Code.UNSCHEDULABLE_STORAGE: Meaning("no node has enough ephemeral storage left"),
    Code.UNSCHEDULABLE_RESOURCE: Meaning("no node has enough of a resource left"),
    Code.UNSCHEDULABLE_TAINT: Meaning("nodes have a taint that is not tolerated"),
    Code.UNSCHEDULABLE_NODE: Meaning("no node fits the selector, affinity or constraint"),
    Code.UNSCHEDULABLE_AFFINITY: Meaning("no node has the instances that it wants beside it"),
    Code.UNSCHEDULABLE_ANTI_AFFINITY: Meaning("each node has instances it may not be beside"),
    Code.UNSCHEDULABLE_SPREAD: Meaning("the spread over nodes or zones would be too uneven"),
    Code.UNSCHEDULABLE_COUNT: Meaning("the nodes hold as many instances as they may"),
    Code.UNSCHEDULABLE_PORT: Meaning("the host port is taken on each node"),
    Code.UNSCHEDULABLE_VOLUME: Meaning("no node can have the volume"),
    Code.UNSCHEDULABLE_CORDONED: Meaning("the nodes are cordoned"),
    Code.UNSCHEDULABLE_NETWORK: Meaning("no network interface is free on any node"),
    Code.UNSCHEDULABLE: Meaning("no node has a place for it"),
    Code.NO_NODES: Meaning("there are no nodes"),
    Code.CAPACITY: Meaning("no more nodes or capacity can be had"),
    Code.GATED: Meaning("a scheduling gate is closed", _WARNING),
    Code.NOT_SCHEDULED: Meaning("no scheduler has taken it up"),
    Code.NOT_STARTED: Meaning("the node has not taken it up"),
    Code.ZONE: Meaning("the zone cannot run it"),
    Code.NODE_NOT_READY: Meaning("its node is not ready"),
    Code.NODE_REJECTED: Meaning("its node rejected it"),
    Code.NODE_AGENT: Meaning("the node's agent is not connected"),
    Code.EVICTED: Meaning("evicted by its node"),
    Code.PREEMPTED: Meaning("preempted by something more important"),
    Code.DRAINED: Meaning("its node is being drained", _WARNING),
    Code.SPOT: Meaning("its spot capacity was taken back", _WARNING),
    Code.RETIRED: Meaning("its host was retired", _WARNING),
    Code.STUCK_TERMINATING: Meaning("it does not end, though it should have"),
    Code.RESIZE_PENDING: Meaning("a resize waits for room", _WARNING),
    Code.MISPLACED: Meaning("instances run on nodes that they are not meant for", _INFO),
    Code.QUOTA: Meaning("a quota is used up"),
    Code.QUOTA_SIZE: Meaning("the size is not allowed"),
    Code.LIMIT_RANGE: Meaning("the requests or limits are out of the allowed range"),
    Code.POD_SECURITY: Meaning("the pod security level refuses it"),
    Code.WEBHOOK_DENIED: Meaning("an admission webhook refuses it"),
    Code.WEBHOOK_DOWN: Meaning("an admission webhook does not answer"),
    Code.CREATE_REFUSED: Meaning("no instance can be created"),
    Code.THROTTLED: Meaning("the API throttles the service", _WARNING),
    Code.DEADLINE: Meaning("the rollout did not get on in time"),
    Code.CIRCUIT_BREAKER: Meaning("the deployment circuit breaker has tripped"),
    Code.RESTART_LOOP: Meaning("instances are started again and again"),
    Code.START_BACKOFF: Meaning("the service waits ever longer between its tries to start"),
    Code.ALARM: Meaning("an alarm has stopped the deployment"),
    Code.HOOK_WAITING: Meaning("the deployment waits for a person", _WARNING),
    Code.ROLLOUT_HOOK_FAILED: Meaning("a deployment's hook has failed"),
    Code.ROLLOUT_BLOCKED: Meaning("an instance of the old revision blocks the rollout"),
    Code.ROLLOUT_PERCENT: Meaning("the deployment's limits leave no room for a new instance"),
    Code.ROLLOUT_FAILED: Meaning("the rollout has failed"),
    Code.PAUSED: Meaning("the rollout is paused", _INFO),
    Code.ON_DELETE: Meaning("instances get the new revision only when they are deleted", _INFO),
    Code.PARTITION: Meaning("a partition holds back the new revision", _INFO),
    Code.NOT_OBSERVED: Meaning("the last change was not taken up"),
    Code.BAKE: Meaning("the deployment is being watched before it is called done", _INFO),
    Code.PROTECTED: Meaning("tasks are protected from being stopped", _INFO),
    Code.DRAINING: Meaning("old instances are still being drained", _INFO),
    Code.BUDGET: Meaning("a disruption budget allows no eviction", _INFO),
    Code.AUTOSCALER_METRICS: Meaning("the autoscaler gets no metrics", _WARNING),
    Code.AUTOSCALER_LIMIT: Meaning("the autoscaler has reached its maximum", _INFO),
    Code.AUTOSCALER_OFF: Meaning("autoscaling is suspended", _INFO),
    Code.AUTOSCALER_CONFLICT: Meaning("autoscalers contradict each other", _WARNING),
    Code.ZERO: Meaning("it is scaled to zero", _INFO),
    Code.BY_HAND: Meaning("somebody stopped it", _INFO),
    Code.UNAVAILABLE: Meaning("fewer instances are available than wanted"),
    Code.OTHER: Meaning("it fails for a reason that is not known here"),
}


class Evidence(Model, frozen=True, kw_only=True):
    """What an API says, word by word: which object, which field of it, and when it was so."""

    source: str
    field: str
    value: str
    timestamp: datetime | None = None


class Advice(Model, frozen=True, kw_only=True):
    """What to do next; ``command`` can be typed as it is, or is null."""

    text: str
    command: str | None = None


class Cause(Model, frozen=True, kw_only=True):
    """One thing that is wrong with a workload.

    ``reason`` is the API's own word for it. ``explains`` are the codes of what would be
    causes of their own, were it not for this one. ``instances`` has it, ``count`` times.
    """

    code: Code
    severity: Severity
    confidence: Confidence
    title: str
    reason: str | None
    message: str | None
    evidence: list[Evidence]
    instances: list[str]
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    explains: list[Code]
    advice: list[Advice]


class LogTail(Model, frozen=True, kw_only=True):
    """The last log lines of a container's newest run that failed."""

    instance: str
    container: str | None
    lines: list[str]


class NotChecked(Model, frozen=True, kw_only=True):
    """What could not be looked at, and the permission that is missing, if that is why."""

    what: str
    permission: str | None
    reason: str


class Diagnosis(Model, frozen=True, kw_only=True):
    """Why a workload, or one instance, is as it is; ``type`` is null for an instance."""

    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str | None
    type: str | None
    verdict: Verdict
    since: datetime | None
    headline: str
    causes: list[Cause]
    log: list[LogTail]
    checked: list[str]
    not_checked: list[NotChecked]
