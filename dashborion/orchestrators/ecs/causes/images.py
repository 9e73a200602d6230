"""Images that cannot be had: what ECS says of a pull, and of logging in at ECR before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import Kind
from dashborion.orchestrators.messages import PULLS, Pattern

_SURE = Confidence.CERTAIN
KINDS: Sequence[Kind] = (
    Kind(Pattern(r"CannotPull\w*|cannot pull container", Code.IMAGE_PULL, _SURE), PULLS),
    Kind(
        Pattern(r"ecr registry auth|registry auth from Amazon ECR", Code.IMAGE_AUTH),
        (
            Pattern(r"access ?denied|not authorized", Code.IMAGE_AUTH),
            Pattern(r"connection issue|timeout|deadline|canceled|send fail|send request fail"
                    r"|dial tcp", Code.IMAGE_UNREACHABLE),
        ),
    ),
)  # fmt: skip

_ROUTE = (
    "give the tasks a way to the registry: a public address, a NAT gateway, or endpoints for "
    "ecr.api, ecr.dkr and s3"
)
ADVICE: Mapping[Code, str] = {
    Code.IMAGE_NOT_FOUND: "check that the repository has this tag",
    Code.IMAGE_AUTH: "allow the execution role, not the task role, to pull it; in another account "
    "the repository's policy has to, too",
    Code.IMAGE_RATE_LIMIT: "pull through a cache of ECR, or with repositoryCredentials",
    Code.IMAGE_PLATFORM: "compare runtimePlatform.cpuArchitecture with the image's platforms",
    Code.IMAGE_UNREACHABLE: _ROUTE,
    Code.IMAGE_DISK: "give the instance a larger disk, or the task more ephemeralStorage",
    Code.IMAGE_KEY: "allow the execution role kms:Decrypt on the repository's key",
}
