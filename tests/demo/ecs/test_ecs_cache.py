"""Task definitions on disk: private, bounded, and never worth an error."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import msgspec
import pytest

from dashborion.storage import cache
from dashborion.storage.cache import FileCache
from tests.support.aws import SECRET
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import Fleet, populate

LIST = "workloads list -o json"


@pytest.fixture
def place(home: Path) -> Path:
    return home / ".cache" / "dashborion"


def only_file(place: Path) -> Path:
    (found,) = place.glob("task-definitions-*")
    return found


def describe_calls(fleet: Fleet) -> int:
    count = fleet.aws.spy.counts["ecs:DescribeTaskDefinition"]
    fleet.aws.spy.reset()
    return count


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_cache_is_readable_by_its_user_only(dashborion: Cli, fleet: Fleet, place: Path) -> None:
    dashborion(LIST)
    assert (mode(place), mode(only_file(place))) == (0o700, 0o600)


def test_the_cache_holds_no_values_of_variables(dashborion: Cli, fleet: Fleet, place: Path) -> None:
    dashborion(LIST)
    content = only_file(place).read_bytes()
    for word in (b"fast", b"MODE", b"TOKEN", b"ssm", SECRET.encode()):
        assert word not in content


def test_the_cache_holds_task_definitions_and_names_only(
    dashborion: Cli, fleet: Fleet, place: Path
) -> None:
    dashborion(LIST)
    dashborion("workloads describe web")
    kept = {one.name.partition("-")[0] for one in place.iterdir()}
    assert kept == {"task", "names"}  # task definitions, and what tab offers
    assert {mode(one) for one in place.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xc1 not msgpack", id="garbage"),
        pytest.param(msgspec.msgpack.encode({"a": 1}), id="of another type"),
        pytest.param(msgspec.msgpack.encode(["a"]), id="a list"),
        pytest.param(b"\x91" * 100_000, id="very deep"),
        pytest.param(b"\x00" * (cache.MOST_BYTES + 1), id="too large"),
    ],
)
def test_a_broken_file_is_an_empty_one(
    dashborion: Cli, fleet: Fleet, place: Path, content: bytes
) -> None:
    first = dashborion(LIST)
    definitions = describe_calls(fleet)
    only_file(place).write_bytes(content)
    assert dashborion(LIST) == first
    assert describe_calls(fleet) == definitions
    assert dashborion(LIST) == first
    assert describe_calls(fleet) == 0


def test_half_a_file_is_an_empty_one(dashborion: Cli, fleet: Fleet, place: Path) -> None:
    first = dashborion(LIST)
    whole = only_file(place).read_bytes()
    only_file(place).write_bytes(whole[: len(whole) // 2])
    assert dashborion(LIST) == first
    assert only_file(place).read_bytes() == whole


def test_a_folder_in_its_place_is_no_trouble(dashborion: Cli, fleet: Fleet, place: Path) -> None:
    first = dashborion(LIST)
    path = only_file(place)
    path.unlink()
    path.mkdir()
    assert dashborion(LIST) == first


def test_a_file_in_place_of_its_folder_is_no_trouble(
    dashborion: Cli, fleet: Fleet, place: Path
) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("")
    assert dashborion(LIST).exit_code == 0


def test_a_home_that_cannot_be_written_is_no_trouble(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    seen = dashborion(LIST)
    assert (seen.exit_code, seen.err) == (0, "")


def test_the_cache_is_kept_by_region(dashborion: Cli, own_fleet: Fleet) -> None:
    dashborion(LIST)
    before = describe_calls(own_fleet)
    other = populate(own_fleet.aws, region="us-east-1")
    dashborion(f"{LIST} -e ecs:us-east-1/{other.cluster.name}")
    assert describe_calls(own_fleet) == before > 0


def test_a_definition_that_was_deleted_is_no_trouble(dashborion: Cli, own_fleet: Fleet) -> None:
    own_fleet.aws.faults.refuse(
        "ecs:DescribeTaskDefinition", "ClientException", "Unable to describe task definition."
    )
    found = dashborion(LIST).json
    assert {one["image"] for one in found} == {None}
    own_fleet.aws.faults.clear()
    assert None not in {one["image"] for one in dashborion(LIST).json}


@pytest.fixture
def file_cache(home: Path) -> FileCache[int]:
    return FileCache("numbers", ("a", "b"), int)


def test_the_oldest_entries_are_dropped_first(
    file_cache: FileCache[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    for number in range(5):
        file_cache.add({str(number): number})
    assert file_cache.read() == {"2": 2, "3": 3, "4": 4}


def test_more_at_once_than_it_holds(
    file_cache: FileCache[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    file_cache.add({str(number): number for number in range(5)})
    assert list(file_cache.read()) == ["2", "3", "4"]


def test_keys_are_not_concatenated(home: Path) -> None:
    paths = {
        FileCache("n", keys, int).path for keys in (("ab", "c"), ("a", "bc"), ("abc",), ("a",))
    }
    assert len(paths) == 4


def test_two_writers_never_leave_a_broken_file(file_cache: FileCache[int]) -> None:
    over = threading.Event()

    def write(start: int) -> None:
        for number in range(start, start + 60):
            file_cache.add({str(number): number})

    writers = [threading.Thread(target=write, args=(at,)) for at in (0, 1000)]
    for one in writers:
        one.start()
    file_cache.add({"first": 1})
    while any(one.is_alive() for one in writers):
        assert file_cache.read(), "a reader saw a broken file"
    over.set()
    assert {"59", "1059"} & set(file_cache.read())
    assert [one.name for one in file_cache.path.parent.iterdir()] == [file_cache.path.name]
