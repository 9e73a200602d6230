"""Answers that never end or that were packed to fill the memory: not read to the end, and told."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.aws import credentials, write_config
from tests.support.cli import Cli
from tests.support.kubeconfigs import document, merged, write
from tests.support.misbehaviour import JSON, Exchange, Fault
from tests.support.stub_api import Api
from tests.support.stub_changes import SCALE, take_all_methods

MIB = 1 << 20
GROWN = 5 << 30  # bytes that a bomb unpacks to
MOST_MEMORY = 400 * MIB
HEAD = b'{"metadata": {}, "items": ['


def packed(unit: bytes, *, times: int = 1) -> bytes:
    """A list of 5 GB in 5 MB; packed again in 10 KB. It is cut short, which nobody reads up to."""
    pack = zlib.compressobj(9, wbits=31)
    head = pack.compress(HEAD) + pack.flush(zlib.Z_FULL_FLUSH)
    pack.compress(unit * (MIB // len(unit)))
    block = pack.flush(zlib.Z_FULL_FLUSH)
    body = head + block * (GROWN // MIB)
    for _ in range(times - 1):
        body = zlib.compress(body, wbits=31)
    return body


def bomb(unit: bytes = b" ", *, times: int = 1, status: int = 200) -> Fault:
    body = packed(unit, times=times)
    headers = {"Content-Encoding": ", ".join(["gzip"] * times)}
    return lambda exchange: _sent(exchange, lambda: exchange.respond(status, body, JSON, headers))


def endless(unit: bytes = b" ", *, status: int = 200) -> Fault:
    """Chunks without end."""
    block = unit * (MIB // len(unit))

    def send(exchange: Exchange) -> None:
        exchange.send_response(status)
        exchange.send_header("Transfer-Encoding", "chunked")
        exchange.end_headers()
        for piece in _blocks(block):
            exchange.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    return lambda exchange: _sent(exchange, lambda: send(exchange))


def _blocks(block: bytes) -> Iterator[bytes]:
    yield HEAD
    while True:
        yield block


def _sent(exchange: Exchange, send: Callable[[], object]) -> None:
    exchange.close_connection = True
    try:
        send()
    except OSError:
        exchange.wfile = io.BytesIO()  # the reader has left


OBJECT = b'{"metadata": {"name": "x"}},'
ANSWERS = {
    "packed blanks": bomb(),
    "packed objects": bomb(OBJECT),
    "packed twice": bomb(times=2),
    "endless blanks": endless(),
    "endless objects": endless(OBJECT),
    "an endless error": endless(status=500),
    "a packed error": bomb(status=403),
}
COMMANDS = {
    "a list": "workloads list --type deployment",
    "instances": "instances list",
    "one object": "instances describe web-1",
    "its native list": "k8s nodes list",
    "its log": "instances logs web-1",
    "the access": "env check",
}


@pytest.mark.parametrize("fault", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_nobody_could_hold_is_not_read_to_its_end(
    dashborion: Cli, cluster: Api, fault: Fault
) -> None:
    cluster.on("*", fault)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.out) in ((6, ""), (4, "")), seen.err
    assert seen.error["environment"] == "k8s:here"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_says_who_answered_so(dashborion: Cli, cluster: Api, command: str) -> None:
    cluster.on("*", bomb())

    seen = dashborion(f"{command} -o json", fails_with_rows=command == "env check")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer"), seen.err
    assert "was answered with more than" in seen.error["message"]
    assert cluster.url in seen.error["message"]


LINE = b"2026-01-01T00:00:00.000000000Z " + b"x" * 4000 + b"\n"


@pytest.mark.parametrize(
    ("unit", "code", "word"),
    [
        pytest.param(b" ", 6, "bad-answer", id="line"),
        pytest.param(LINE, 5, "partial", id="lines, of which the first has no time"),
    ],
)
def test_a_log_that_was_packed_to_grow_is_not_read_to_its_end(
    dashborion: Cli, cluster: Api, unit: bytes, code: int, word: str
) -> None:
    cluster.on("*/log", bomb(unit))

    seen = dashborion("instances logs web-1 -o json")

    assert (seen.exit_code, seen.error["code"]) == (code, word), seen.err
    assert "was packed, and does not end" in seen.err


def test_a_change_that_is_answered_so_may_have_been_applied(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_all_methods(monkeypatch)
    cluster.on("*/scale", bomb())

    seen = dashborion(f"{SCALE} -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "maybe-applied"), seen.err


def test_the_other_environment_is_printed(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Api() as hostile:
        hostile.on("*", endless())
        both = merged(document(api.url), document(hostile.url, context="there"))
        monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "kubeconfig", both)))

        seen = dashborion("workloads list -e k8s:here -e k8s:there -o json")

    assert seen.exit_code == 5
    assert {row["environment"] for row in seen.json} == {"k8s:here"}


def test_a_page_that_is_only_large_is_read(dashborion: Cli, cluster: Api) -> None:
    """Objects that are all alike, with long annotations, as a cluster's may be."""
    [first, *_] = cluster.objects["pods"]
    annotations = {f"example.test/{number}": f"value {number}" for number in range(1500)}
    cluster.objects["pods"] = [
        {**first, "metadata": {**first["metadata"], "name": f"web-{number}", "uid": f"u{number}",
                               "annotations": annotations}}
        for number in range(500)
    ]  # fmt: skip

    assert len(dashborion("instances list -o name").lines) == 500


MEASURED = """
import sys
from dashborion.__main__ import main
code = main(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
@pytest.mark.parametrize("command", ["workloads list", "workloads describe web"])
@pytest.mark.parametrize(
    "fault", [bomb(), endless(), bomb(OBJECT)], ids=["packed", "endless", "objects"]
)
def test_memory_stays_small(cluster: Api, fault: Fault, command: str) -> None:
    cluster.on("*", fault)

    used = subprocess.run(
        [sys.executable, "-c", MEASURED, *command.split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert used.returncode in (5, 6), used.stderr
    assert int(used.stderr.splitlines()[-1]) << 10 < MOST_MEMORY


AWS_ANSWERS = {name: ANSWERS[name] for name in ("packed blanks", "endless blanks")}
AWS_TARGETS = {
    "ecs": {"orchestrator": "ecs", "cluster": "shop", "region": "eu-west-3"},
    "eks": {"orchestrator": "eks", "cluster": "shop", "region": "eu-west-3"},
    "a role": {
        "orchestrator": "ecs", "cluster": "shop", "region": "eu-west-3",
        "role_arn": "arn:aws:iam::123456789012:role/reader",
    },
}  # fmt: skip


@pytest.mark.parametrize("target", AWS_TARGETS.values(), ids=AWS_TARGETS)
@pytest.mark.parametrize("fault", AWS_ANSWERS.values(), ids=AWS_ANSWERS)
def test_an_answer_of_aws_that_nobody_could_hold_is_not_read_to_its_end(
    dashborion: Cli,
    api: Api,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    target: dict[str, str],
) -> None:
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", api.url)
    write_config(home, {"one": target})
    api.on("*", fault)

    seen = dashborion("workloads list -e one -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer"), seen.err
    assert seen.error["environment"] == "one"
    operations = [one.headers.get("x-amz-target", one.path) for one in api.requests]
    assert len(operations) == len(set(operations)), operations
