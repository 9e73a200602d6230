"""What messages of registries, runtimes and shells mean: data that both adapters use. Pure.

Patterns are matched in order, without case, after image references and digests have been taken
out: ``403`` occurs in a digest, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dashborion.models.cause import Advice, Code, Confidence

_DIGEST = re.compile(r"@?sha256:[0-9a-f]+|\b[0-9a-f]{32,}\b")
_REFERENCE = re.compile(r"\b(?!i/o )[\w.-]+(?::\d+)?/[\w./-]+(?::[\w.-]+)?")  # not "i/o timeout"


class Pattern(NamedTuple):
    """A regular expression that a message contains, and what it then means."""

    text: str
    code: Code
    confidence: Confidence = Confidence.LIKELY

    def is_in(self, text: str) -> bool:
        return re.search(self.text, text, re.IGNORECASE) is not None


PULLS: Sequence[Pattern] = (
    Pattern(r"toomanyrequests|pull rate limit|429 too many", Code.IMAGE_RATE_LIMIT),
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


def matched(patterns: Sequence[Pattern], message: str | None) -> Pattern | None:
    """The first pattern that a message contains."""
    text = without_references(message or "")
    return next((one for one in patterns if one.is_in(text)), None)


def without_references(message: str) -> str:
    """A message without the names of images, and without digests."""
    return _REFERENCE.sub(" ", _DIGEST.sub(" ", message))


_EXITS = {0: Code.EXIT_0, 126: Code.EXIT_126, 127: Code.EXIT_127, 134: Code.EXIT_134,
          137: Code.EXIT_137, 139: Code.EXIT_139, 143: Code.EXIT_143}  # fmt: skip


def exit_code(number: int | None) -> Code:
    """The code for how a process ended; 128 and a signal's number if a signal did it."""
    return _EXITS.get(-1 if number is None else number, Code.EXIT)


def logs_advice(instance: str, container: str | None, *, previous: bool) -> Advice:
    """To read the log of a container's run that failed."""
    options = (f" -c {container}" if container else "") + (" --previous" if previous else "")
    return Advice(
        text="read what it wrote last", command=f"dashborion instances logs {instance}{options}"
    )
