"""What a task gets before its containers start: secrets, files, a log, volumes, roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import Kind
from dashborion.orchestrators.messages import Pattern

_SURE = Confidence.CERTAIN
_UNREACHABLE = (
    r"connection issue|i/o timeout|deadline|request ?cancel|dial tcp|send request failed"
    r"|request send failed|no such host|connection refused|signal: killed"
)
_SECRETS: Sequence[Pattern] = (
    Pattern(r"did not contain json key", Code.CONFIG_KEY, _SURE),
    Pattern(r"access ?denied|not authorized|kms:", Code.CONFIG_ACCESS, _SURE),
    Pattern(r"ResourceNotFoundException|can't find the specified secret|invalid ssm parameters"
            r"|ParameterNotFound", Code.CONFIG_MISSING, _SURE),
    Pattern(_UNREACHABLE, Code.CONFIG_UNREACHABLE),
)  # fmt: skip
KINDS: Sequence[Kind] = (
    Kind(Pattern(r"(pull|retrieve|fetch)\w* secrets?\b|ssm parameters|Secrets Manager"
                 r"|registry auth from asm", Code.CONFIG_ACCESS, Confidence.POSSIBLE), _SECRETS),
    Kind(Pattern(r"validate logger args|logging driver|log group|log stream|firelens",
                 Code.LOG_TARGET, _SURE)),
    Kind(Pattern(r"\benv(ironment)? files?\b", Code.CONFIG_FILE, _SURE)),
    Kind(Pattern(r"\bEFS\b|mount\.nfs|\bFSx\b|CannotCreateVolume|CannotMount|\bEBS\b"
                 r"|attach(ing|ed|ment)? .*volume|volume attach", Code.MOUNT, _SURE)),
    Kind(Pattern(r"unable to assume (the )?role|IAM (trust relationship|permissions policies)",
                 Code.ROLE, _SURE)),
    Kind(Pattern(r"task ?definition\b.* inactive", Code.DEFINITION_INACTIVE, _SURE)),
)  # fmt: skip

ADVICE: Mapping[Code, str] = {
    Code.CONFIG_MISSING: "check the secret's or parameter's name and region, or create it",
    Code.CONFIG_KEY: "add the key to the secret's JSON, or name another one",
    Code.CONFIG_ACCESS: "allow the execution role, not the task role, to read the secret and to "
    "use its key",
    Code.CONFIG_UNREACHABLE: "give the tasks a way to secretsmanager, ssm and kms: a NAT gateway "
    "or endpoints",
    Code.CONFIG_FILE: "check that the file is there and that the execution role may s3:GetObject",
    Code.LOG_TARGET: "create the log group, and check the way to logs and the execution role's "
    "rights",
    Code.MOUNT: "check the mount target and security group, or the infrastructure role of EBS "
    "volumes",
    Code.ROLE: "let ecs-tasks.amazonaws.com assume the role",
    Code.DEFINITION_INACTIVE: "register the task definition again",
}
