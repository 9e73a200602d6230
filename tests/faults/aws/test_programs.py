"""Programs that give AWS credentials, or do not: named, bounded, and ended with their children."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.aws import write_aws, write_config
from tests.support.aws_logins import (
    credentials_json,
    environment,
    process_profile,
    program,
    require,
)
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


JUNK = {
    "not JSON": ("echo hello", "no JSON"),
    "nothing": ("true", "printed nothing"),
    "another version": (f"echo '{credentials_json(Version=2)}'", "another Version"),
    "a version of text": (f"echo '{credentials_json(Version='1')}'", "$.Version"),
    "no version": (f"echo '{credentials_json(Version=None)}'", "Version"),
    "no key": (f"echo '{credentials_json(AccessKeyId=None)}'", "AccessKeyId"),
    "no secret": (f"echo '{credentials_json(SecretAccessKey=None)}'", "SecretAccessKey"),
    "an empty key": (f"echo '{credentials_json(AccessKeyId='')}'", "empty AccessKeyId"),
    "a number as token": (f"echo '{credentials_json(SessionToken=7)}'", "SessionToken"),
    "a list": ("echo '[1, 2]'", "no credentials"),
    "null": ("echo null", "no credentials"),
    "bytes": (r"printf '\377\376\000s3cr3t'", "no JSON"),
    "too much": ("head -c 3000000 /dev/zero", "printed too much"),
    "deep": ("head -c 200000 /dev/zero | tr '\\0' '['", "no credentials"),
    "a bad date": (f"echo '{credentials_json(Expiration='soon')}'", "Expiration"),
    "a date of another type": (f"echo '{credentials_json(Expiration=[1])}'", "Expiration"),
    "expired": (f"echo '{credentials_json(Expiration='2020-01-01T00:00:00Z')}'", "have expired"),
    "a line break in the token": (
        f"printf %s '{credentials_json(SessionToken='s3cr3t-1' + chr(10) + 's3cr3t-2')}'",
        "session token",
    ),
    "an exit code": ("echo s3cr3t >&2; exit 3", "exit code 3"),
    "a signal": ("kill -9 $$", "signal 9"),
}


@pytest.mark.parametrize(("script", "said"), JUNK.values(), ids=JUNK)
def test_a_program_that_gives_no_credentials_is_named(
    dashborion: Cli, aws: AwsObjects, home: Path, tmp_path: Path, script: str, said: str
) -> None:
    helper = program(tmp_path, script)
    write_aws(home, config=process_profile(f"{helper} --pin s3cr3t-argument"))

    seen = dashborion(LIST)

    require(seen, f"program '{helper}'", "profile 'one'", said, hint=str(helper))
    assert aws.spy.calls == []


COMMANDS = {
    "not there": ("no-such-program-of-ours --x", "there is no such program"),
    "a folder": ("/", "cannot be started"),
    "not executable": ("{folder}/plain", "cannot be started"),
    "an open quote": ('"helper --pin', "open quote"),
    "an open quote at the end": ("helper 'a b", "open quote"),
}


@pytest.mark.parametrize(("command", "said"), COMMANDS.values(), ids=COMMANDS)
def test_a_program_that_cannot_be_started_is_named(
    dashborion: Cli, aws: AwsObjects, home: Path, tmp_path: Path, command: str, said: str
) -> None:
    (tmp_path / "plain").write_text("no program")
    write_aws(home, config=process_profile(command.format(folder=tmp_path)))

    require(dashborion(LIST), "profile 'one'", said)


def test_a_program_that_hangs_costs_its_own_environment_and_is_ended_with_its_children(
    dashborion: Cli, aws: AwsObjects, home: Path, tmp_path: Path
) -> None:
    helper = program(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; sleep 300")
    good = program(tmp_path, f"echo '{credentials_json()}'", "good")
    write_aws(home, config=process_profile(helper) + process_profile(good, "two"))
    write_config(home, {"one": environment(profile="one"), "two": environment(profile="two")})

    started = time.monotonic()
    seen = dashborion("workloads list --all-envs -o json", seconds=3)

    assert seen.exit_code == 5
    assert [row["name"] for row in seen.json] == ["web"]
    first = json.loads(seen.err.splitlines()[0])["error"]
    assert first["environment"] == "one"
    assert f"program '{helper}'" in first["message"]
    assert "did not answer within 2." in first["message"]
    assert time.monotonic() - started < 10
    child = int((tmp_path / "child").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(_alive(child), signal.SIGKILL)


def _alive(pid: int) -> int:
    """The process, unless it is gone or nobody has fetched its end yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError as error:
        raise ProcessLookupError from error
    if state == "Z":
        raise ProcessLookupError
    return pid


def test_a_program_runs_once_for_all_environments_of_a_profile(
    dashborion: Cli, aws: AwsObjects, home: Path, tmp_path: Path
) -> None:
    script = f"echo x >> {tmp_path}/runs; echo '{credentials_json()}'"
    write_aws(home, config=process_profile(program(tmp_path, script)))
    write_config(home, {name: environment(profile="one") for name in ("one", "two", "three")})

    assert dashborion("workloads list --all-envs -o name").exit_code == 0
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_failing_program_runs_once_and_every_environment_says_so(
    dashborion: Cli, aws: AwsObjects, home: Path, tmp_path: Path
) -> None:
    write_aws(home, config=process_profile(program(tmp_path, f"echo x >> {tmp_path}/runs; exit 1")))
    write_config(home, {name: environment(profile="one") for name in ("one", "two")})

    seen = dashborion("workloads list --all-envs -o json")

    assert seen.exit_code == 4
    said = [json.loads(line)["error"] for line in seen.err.splitlines()]
    assert {error["environment"] for error in said if error["environment"]} >= {"one", "two"}
    assert (tmp_path / "runs").read_text() == "x\n"
