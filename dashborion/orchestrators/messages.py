"""What messages of registries, runtimes, kubelets and shells mean: data of the rules. Pure.

Patterns are matched in order, without case, after image references and digests have been taken
out: ``403`` occurs in a digest, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashborion.models.cause import Advice, Code, Confidence

_DIGEST = re.compile(r"@?sha256:[0-9a-f]+|\b[0-9a-f]{32,}\b")
_REFERENCE = re.compile(  # not "i/o timeout"; only from where a word begins, for the time it takes
    r"(?<![\w.-])(?!i/o\b)[\w.-]+(?::\d+)?/[\w./-]+(?::[\w.-]+)?"
)
LONGEST = 4096  # characters of a message that are looked at, as many as a kubelet writes


class Pattern(NamedTuple):
    """A regular expression that a message contains, and what it then means."""

    text: str
    code: Code
    confidence: Confidence = Confidence.LIKELY

    def is_in(self, text: str) -> bool:
        return re.search(self.text, text, re.IGNORECASE) is not None


PULLS: Sequence[Pattern] = (
    Pattern(r"toomanyrequests|pull rate limit|429 too many", Code.IMAGE_RATE_LIMIT),
    Pattern(r"pull QPS exceeded", Code.IMAGE_RATE_LIMIT),  # the kubelet's registryPullQPS
    Pattern(
        r"no matching manifest for|no match for platform|descriptor matching platform",
        Code.IMAGE_PLATFORM,
    ),
    Pattern(r"no space left on device", Code.IMAGE_DISK),
    Pattern(r"kms:|kms key|decrypt", Code.IMAGE_KEY),
    Pattern(r"signature", Code.IMAGE_SIGNATURE),
    Pattern(r"repository does not exist or may require|insufficient_scope", Code.IMAGE_AUTH),
    Pattern(
        r"unauthorized|no basic auth|authorization failed|access denied|not authorized to perform"
        r"|\b40[13]\b[^\d]{0,3}(forbidden|unauthorized)|status:? 40[13]\b|denied:",
        Code.IMAGE_AUTH,
    ),
    Pattern(r"manifest unknown|not found|does not exist", Code.IMAGE_NOT_FOUND),
    Pattern(
        r"i/o timeout|no such host|x509|connection refused|dial tcp|context deadline|tls:"
        r"|request canceled|network is unreachable|server misbehaving|no route to host",
        Code.IMAGE_UNREACHABLE,
    ),
    Pattern(r"invalid reference format|couldn't parse image", Code.IMAGE_NAME),
    Pattern(r"\b40[13]\b", Code.IMAGE_AUTH),
)


# What runtimes say of a container that could not be started.
STARTS: Sequence[Pattern] = (
    Pattern(r"exec format error", Code.IMAGE_PLATFORM),
    Pattern(
        r"exec: \".{0,500}(executable file not found|no such file or directory)",
        Code.EXIT_127,
        Confidence.CERTAIN,
    ),
    Pattern(
        r"exec: \".{0,500}(permission denied|is a directory)|exec .{0,500}: permission denied",
        Code.EXIT_126,
        Confidence.CERTAIN,
    ),
)
# What kubelets say of the objects that a container or a volume is made from.
CONFIGURATION: Sequence[Pattern] = (
    Pattern(r'(configmap|secret)s? "[^"]+" not found', Code.CONFIG_MISSING, Confidence.CERTAIN),
    Pattern(
        r"couldn't find key \S+ in \w+|references non-existent \w+ key: \S+",
        Code.CONFIG_KEY,
        Confidence.CERTAIN,
    ),
    Pattern(r"(configmap|secret)s? \S+ is forbidden", Code.CONFIG_ACCESS, Confidence.CERTAIN),
    Pattern(r"failed to sync (configmap|secret) cache", Code.CONFIG_UNREACHABLE),
    Pattern(r"runAsNonRoot|breaks non-root policy", Code.RUN_AS_ROOT, Confidence.CERTAIN),
    Pattern(r'serviceaccounts? "[^"]+" not found', Code.SERVICE_ACCOUNT, Confidence.CERTAIN),
)
MOUNTS: Sequence[Pattern] = (
    *CONFIGURATION,
    Pattern(
        r"multi-attach error|already (attached|in use)|still attached|device is busy"
        r"|volume is already exclusively attached",
        Code.VOLUME_IN_USE,
        Confidence.CERTAIN,
    ),
    Pattern(r'persistentvolumeclaim "[^"]+" not found', Code.VOLUME_UNBOUND, Confidence.CERTAIN),
)
# What kubelets say that a readiness probe was answered.
READINESS: Sequence[Pattern] = (
    Pattern(r"statuscode: \d+|responded with", Code.READINESS_STATUS, Confidence.CERTAIN),
    Pattern(r"connection refused", Code.READINESS_REFUSED, Confidence.CERTAIN),
    Pattern(
        r"deadline exceeded|timed out|timeout: failed|Client\.Timeout|i/o timeout",
        Code.READINESS_TIMEOUT,
        Confidence.CERTAIN,
    ),
)


def matched(patterns: Sequence[Pattern], message: str | None) -> Pattern | None:
    """The first pattern that a message contains."""
    text = without_references(message or "")
    return next((one for one in patterns if one.is_in(text)), None)


def without_references(message: str) -> str:
    """A message without the names of images, and without digests."""
    return _REFERENCE.sub(" ", _DIGEST.sub(" ", message[:LONGEST]))


def words(pattern: Pattern, message: str | None) -> str:
    """The words of a message that a pattern is about, such as which object does not exist."""
    match = re.search(pattern.text, (message or "")[:LONGEST], re.IGNORECASE)
    return match[0].lower() if match else ""


_EXITS = {0: Code.EXIT_0, 126: Code.EXIT_126, 127: Code.EXIT_127, 134: Code.EXIT_134,
          137: Code.EXIT_137, 139: Code.EXIT_139, 143: Code.EXIT_143}  # fmt: skip


def exit_code(number: int | None) -> Code:
    """The code for how a process ended; 128 and a signal's number if a signal did it."""
    return _EXITS.get(-1 if number is None else number, Code.EXIT)


_EXIT_ADVICE: Mapping[Code, str] = {
    Code.CREATE_FAILED: "correct what the message names, such as the command or a mount",
    Code.EXIT_0: "start a program that goes on, or run it as a job",
    Code.EXIT_126: "check the file's mode bits and its architecture",
    Code.EXIT_127: "check the command, PATH, and whether the image has a shell",
    Code.OOM: "raise its memory limit, or find what needs so much",
    Code.OOM_NODE: "raise its memory request, so that it is placed where there is enough",
}


def exit_advice(code: Code) -> list[Advice]:
    """What to do about a process that ends so, or cannot be started, beside reading its log."""
    return [Advice(text=_EXIT_ADVICE[code])] if code in _EXIT_ADVICE else []


def logs_advice(instance: str, container: str | None, *, previous: bool) -> Advice:
    """To read the log of a container's run that failed."""
    options = (f" -c {container}" if container else "") + (" --previous" if previous else "")
    return Advice(
        text="read what it wrote last", command=f"dashborion instances logs {instance}{options}"
    )
