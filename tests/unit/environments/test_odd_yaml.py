"""YAML that is broken, hostile or not plain data; what kubectl reads is read as it reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.waiting import PATIENCE_SECONDS

SECRET = "hunter-s3cr3t"

# Each with the line that the error names.
REFUSED: dict[str, tuple[str | bytes, int]] = {
    "an unrendered template": ("a: 1\nb: {server: {{ .Server }}}", 2),
    "an unrendered template as a value": ("a: {{ token }}", 1),
    "an unrendered block": ("a: 1\n{{- if .x }}\nb: 2\n", 2),
    "a list as a key": ("? [a, b]\n: c", 1),
    "a number as a key": ("a: 1\n2: b", 2),
    "a boolean as a key": ("a: 1\non: b", 2),
    "null as a key": ("a: 1\n~: b", 2),
    "a key that is there twice": ("a: 1\nb: {c: 1,\n c: 2}", 3),
    "a day that there is not": ("a: 1\nb: 2026-02-30", 2),
    "a moment that there is not": ("a: 2026-13-01T10:00:00Z", 1),
    "a number of 5,000 digits": ("a: 1\nb: " + "9" * 5000, 2),
    "a fraction of 5,000 digits": (f"a: 1.{'9' * 5000}", 1),
    "a tab": ("a:\n\tb: 1", 2),
    "a null character": ("a: 1\nb: \x00", 2),
    "another control character": ("a: é\nb: \x01", 2),
    "not UTF-8": (b"a: 1\nb: \xff\xfe\xff", 2),
    "half of UTF-16": (b"\xff\xfea", 1),
    "a tag of Python": (f"a: !!python/object/apply:os.system ['{SECRET}']", 1),
    "a tag of somebody": ("a: 1\nb: !vault x", 2),
    "bytes": ("a: !!binary aGk=", 1),
    "an alias of nothing": ("a: 1\nb: *c", 2),
    "an alias of what it is in": ("a: &a [*a]", 1),
    "a merge of what is no mapping": ("a: 1\n<<: 3", 2),
    "an open quote": (f"a: 1\nb: '{SECRET}\nc: 2\nd: 3", 2),
    "an open quote before another document": (f"a: '{SECRET}\n---\nc: 2", 1),
    "an open list": (f"a: [{SECRET}", 2),
    "an escape that there is not": (f'a: "{SECRET}\\q"', 1),
    "a thousand lists in each other": ("a: " + "[" * 1000 + "]" * 1000, 1),
    "four million lists": ("[" * ((4 << 20) - 10), 1),
    "a hundred mappings in each other": ("\n".join(" " * n + "a:" for n in range(110)), 101),
    "a billion laughs": (
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)),
        7,
    ),
    "a billion merges": (
        "a0: &a0 {k: v}\n"
        + "".join(
            f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: v}}\n"
            for n in range(1, 20)
        ),
        7,
    ),
    "a large text a thousand times": (f"a: &a {'x' * 100_000}\nb: [{'*a,' * 1000}]", 2),
}
refused = pytest.mark.parametrize(("content", "line"), REFUSED.values(), ids=REFUSED)


def _as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


@refused
@pytest.mark.parametrize("where", ["config", "kubeconfig"])
def test_what_is_no_plain_data_is_an_error_with_file_and_line(
    dashborion: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    content: str | bytes,
    line: int,
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(_as_bytes(content))
    monkeypatch.setenv("DASHBORION_CONFIG" if where == "config" else "KUBECONFIG", str(path))

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert seen.error["message"].startswith(f"{path}:{line}:")
    assert len(seen.err) < 1000
    assert dashborion.took < PATIENCE_SECONDS / 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n- b", "expected a mapping"),
        ("just text", "expected a mapping"),
        ("0", "expected a mapping"),
        ("environments: [a]", "environments: expected"),
        ("environments: {a: [b]}", "environments.a: expected a mapping"),
        ("environments: {a: {orchestrator: [ecs]}}", "environments.a.orchestrator: "),
        ("environments: {a: {orchestrator: {ecs: 1}}}", "environments.a.orchestrator: "),
        ("environments: {a: {orchestrator: ecs, cluster: 2026}}", "environments.a.cluster: "),
        ("projects: {a: {environments: 3}}", "projects.a.environments: expected"),
        ("projects: {a: [1]}", "projects.a: expected a mapping"),
        ("default: [a]", "default: expected"),
        ("a: 1\n---\nb: 2", ":2:1: a second document"),
    ],
)
def test_a_config_of_another_shape_is_an_error_with_the_key(
    dashborion: Cli, folder_file: Callable[[str], Path], content: str, said: str
) -> None:
    path = folder_file(content)

    seen = dashborion("workloads list")

    assert seen.exit_code == 2
    assert str(path) in seen.err
    assert said in seen.err


def test_a_config_that_is_empty_has_no_environments(
    dashborion: Cli, folder_file: Callable[[str], Path]
) -> None:
    path = folder_file("# nothing yet\n")

    seen = dashborion("workloads list")

    assert seen.exit_code == 2
    assert f"{path} has no environments" in seen.err


PLAIN = "current-context: here\ncontexts: [{name: here, context: {namespace: é}}]\n"


@pytest.mark.parametrize(
    ("content", "contexts"),
    [
        pytest.param("\ufeff" + PLAIN, ["k8s:here"], id="a byte order mark"),
        pytest.param(("\ufeff" + PLAIN).encode("utf-16-le"), ["k8s:here"], id="UTF-16"),
        pytest.param(("\ufeff" + PLAIN).encode("utf-16-be"), ["k8s:here"], id="the other UTF-16"),
        pytest.param(PLAIN.replace("\n", "\r\n"), ["k8s:here"], id="Windows' line ends"),
        pytest.param(f"---\n{PLAIN}---\n{{{{ x }}}}", ["k8s:here"], id="a second document"),
        pytest.param(f"{PLAIN}...\nfoo: [", ["k8s:here"], id="what follows the end"),
        pytest.param(PLAIN.replace("here", "2026-01-01"), ["k8s:2026-01-01"], id="a date"),
        pytest.param(PLAIN.replace("here", "10:30"), ["k8s:10:30"], id="PyYAML's base 60"),
        pytest.param(
            "base: &b {namespace: x}\ncurrent-context: a\n"
            "contexts: [{name: a, context: {<<: *b, user: u}}, {name: b, context: *b}]",
            ["k8s:a", "k8s:b"],
            id="aliases",
        ),
    ],
)
def test_a_kubeconfig_is_read_as_kubectl_reads_it(
    dashborion: Cli, home: Path, content: str | bytes, contexts: list[str]
) -> None:
    path = home / ".kube" / "config"
    path.parent.mkdir()
    path.write_bytes(_as_bytes(content))

    seen = dashborion("env list -o name")

    assert (seen.exit_code, seen.lines) == (0, contexts)


@pytest.mark.parametrize("others", [1, 2])
def test_a_current_context_that_does_not_exist_is_an_error_as_for_kubectl(
    dashborion: Cli, kubeconfig: Callable[..., Path], others: int
) -> None:
    kubeconfig(*["prod", "staging"][:others], current="stagin")

    seen = dashborion("workloads list")

    assert seen.exit_code == 2
    assert "current-context 'stagin' does not exist" in seen.err
    assert dashborion("env list").exit_code == 0


def test_an_environment_of_env_use_that_is_gone_is_not_replaced_by_another(
    dashborion: Cli, folder_file: Callable[..., Path]
) -> None:
    path = folder_file()
    assert dashborion("env use rubix/staging").exit_code == 0
    path.write_text(path.read_text().replace("rubix:", "ruby:"))

    seen = dashborion("env show")

    assert seen.exit_code == 2
    assert "`env use` chose 'rubix/staging', which is not in" in seen.err
    assert dashborion("env use --forget").exit_code == 0
    assert dashborion("env show").exit_code == 0


@pytest.mark.parametrize(
    "command",
    ["workloads list", "env show", "workloads list -e k8s:nothing", "workloads list -e x"],
)
def test_a_name_of_three_megabytes_is_not_repeated_whole(
    dashborion: Cli, kubeconfig: Callable[..., Path], command: str
) -> None:
    kubeconfig("x" * 3_000_000, "other", current="y" * 100_000)

    seen = dashborion(command)

    assert seen.exit_code == 2
    assert len(seen.err) < 2000
