"""What messages of registries, runtimes and kubelets mean, a line for each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dashborion.orchestrators.messages import (
    CONFIGURATION,
    MOUNTS,
    PULLS,
    READINESS,
    STARTS,
    Pattern,
    exit_code,
    matched,
    words,
)

DIGEST = "sha256:403" + "4" * 61
PULL_MESSAGES = {
    "toomanyrequests: You have reached your pull rate limit.": "image-rate-limit",
    "pull QPS exceeded": "image-rate-limit",
    "unexpected status from HEAD request: 429 Too Many Requests": "image-rate-limit",
    "no matching manifest for linux/arm64/v8 in the manifest list entries": "image-platform",
    "no match for platform in manifest: not found": "image-platform",
    "image Manifest does not contain descriptor matching platform 'linux/arm64'": "image-platform",
    "write /var/lib/layer: no space left on device": "image-disk",
    "kms: AccessDeniedException": "image-key",
    "failed to decrypt the layer": "image-key",
    "Source image rejected: A signature was required, but no signature exists": "image-signature",
    "SignatureValidationFailed: no valid signature": "image-signature",
    "pull access denied, repository does not exist or may require authorization": "image-auth",
    "insufficient_scope: authorization failed": "image-auth",
    "401 Unauthorized": "image-auth",
    "no basic auth credentials": "image-auth",
    "unexpected status from HEAD request: 403 Forbidden": "image-auth",
    "unexpected status code 403": "image-auth",
    "denied: Permission to read was refused": "image-auth",
    "is not authorized to perform: ecr:GetAuthorizationToken": "image-auth",
    "manifest unknown": "image-not-found",
    "127.0.0.1:5000/web:403: not found": "image-not-found",
    f"web@{DIGEST}: not found": "image-not-found",
    "read tcp 10.0.0.1:443: i/o timeout": "image-unreachable",
    "lookup registry.example: no such host": "image-unreachable",
    "x509: certificate signed by unknown authority": "image-unreachable",
    "dial tcp 127.0.0.1:9: connect: connection refused": "image-unreachable",
    "context deadline exceeded": "image-unreachable",
    "net/http: request canceled while waiting for connection": "image-unreachable",
    "couldn't parse image name: invalid reference format": "image-name",
    "something that nobody has seen before": None,
    f"Back-off pulling image registry.example/web@{DIGEST}": None,
}
_EXEC = "unable to start container process: error during container init: exec: "
START_MESSAGES = {
    f'{_EXEC}"nothing": executable file not found in $PATH': "exit-127",
    f'{_EXEC}"/not/there": stat /not/there: no such file or directory': "exit-127",
    f'{_EXEC}"/etc/passwd": permission denied': "exit-126",
    f'{_EXEC}"/etc": is a directory': "exit-126",
    "exec /app: exec format error": "image-platform",
    'error mounting "data" to rootfs: no such file or directory': None,
    "mkdir /etc/passwd: not a directory": None,
}
CONFIGURATION_MESSAGES = {
    'configmap "settings" not found': "config-missing",
    'secret "key" not found': "config-missing",
    "couldn't find key b in ConfigMap media/settings": "config-key",
    "couldn't find key b in Secret media/key": "config-key",
    'secrets "key" is forbidden: no relationship found': "config-access",
    "failed to sync secret cache: timed out waiting for the condition": "config-unreachable",
    "container has runAsNonRoot and image will run as root": "run-as-root",
    "container has runAsNonRoot and image has non-numeric user (app)": "run-as-root",
    "container's runAsUser breaks non-root policy": "run-as-root",
    "failed to prepare subPath for volumeMount": None,
}
_SET_UP = 'MountVolume.SetUp failed for volume "data" : '
MOUNT_MESSAGES = {
    f'{_SET_UP}configmap "settings" not found': "config-missing",
    f"{_SET_UP}configmap references non-existent config key: b": "config-key",
    f"{_SET_UP}references non-existent secret key: b": "config-key",
    f'{_SET_UP}failed to fetch token: serviceaccounts "web" not found': "service-account",
    'Multi-Attach error for volume "data" Volume is already used by pod(s) b': "volume-in-use",
    "rpc error: volume attachment is being deleted, still attached to node": "volume-in-use",
    f"{_SET_UP}driver name csi.example.com not found in the list of registered": None,
    f"{_SET_UP}hostPath type check failed: /etc/passwd is not a directory": None,
}
READINESS_MESSAGES = {
    "Readiness probe failed: HTTP probe failed with statuscode: 503": "readiness-status",
    'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")': "readiness-status",
    "Readiness probe failed: dial tcp 10.1.0.12:80: connect: connection refused": (
        "readiness-refused"
    ),
    'Readiness probe failed: Get "http://10.1.0.12/": context deadline exceeded': (
        "readiness-timeout"
    ),
    'Readiness probe failed: command timed out: "sleep 9" timed out after 1s': "readiness-timeout",
    "Readiness probe failed: dial tcp 10.1.0.12:80: i/o timeout": "readiness-timeout",
    "Readiness probe failed: not yet": None,
}


@pytest.mark.parametrize(
    ("patterns", "message", "code"),
    [
        pytest.param(patterns, message, code, id=message[-60:])
        for patterns, messages in (
            (PULLS, PULL_MESSAGES),
            (STARTS, START_MESSAGES),
            (CONFIGURATION, CONFIGURATION_MESSAGES),
            (MOUNTS, MOUNT_MESSAGES),
            (READINESS, READINESS_MESSAGES),
        )
        for message, code in messages.items()
    ],
)
def test_a_message_has_a_code(patterns: Sequence[Pattern], message: str, code: str | None) -> None:
    pattern = matched(patterns, message)
    assert (pattern and str(pattern.code)) == code


@pytest.mark.parametrize(
    "message",
    [
        'configmap "settings" not found',
        'SetUp failed for volume "v" : configmap "settings" not found',
    ],
)
def test_one_object_that_is_absent_is_named_alike(message: str) -> None:
    pattern = matched(MOUNTS, message)
    assert pattern is not None
    assert words(pattern, message) == 'configmap "settings" not found'


@pytest.mark.parametrize(
    ("number", "code"), [(0, "exit-0"), (139, "exit-139"), (3, "exit"), (None, "exit")]
)
def test_an_exit_code_that_everybody_knows_has_a_code(number: int | None, code: str) -> None:
    assert exit_code(number) == code


@pytest.mark.parametrize("patterns", [PULLS, STARTS, CONFIGURATION, MOUNTS, READINESS])
@pytest.mark.parametrize("text", ["a.", 'exec: "', "exec ", "1.1/", "couldn't find key x "])
def test_a_message_of_any_length_is_looked_at_in_no_time(
    patterns: Sequence[Pattern], text: str
) -> None:
    """Each took minutes: what looks for the next word began again at each character."""
    matched(patterns, text * (1_000_000 // len(text)))
