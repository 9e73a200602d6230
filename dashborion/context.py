"""What a command works with, wired up when it is first used; replaced in tests.

Lives on Typer's ``ctx.obj``. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dashborion.errors import ConfigError, Declined, UsageError
from dashborion.streams import Color, Streams

if TYPE_CHECKING:
    from dashborion.concurrency import Deadline
    from dashborion.config.demo import Embedded
    from dashborion.config.edit import ConfigFile
    from dashborion.config.environments import Choice, InUse, Surroundings
    from dashborion.config.kubeconfig import Kubeconfig
    from dashborion.config.targets import Config, Environment
    from dashborion.discovery.search import Sight
    from dashborion.engines.fleet import Fleet
    from dashborion.errors import DashborionError
    from dashborion.orchestrators.protocol import Call
    from dashborion.terminal import Terminal


READ_SECONDS = 60.0  # for all that one command reads, retries included


def _terminal(*, stdin: bool) -> Terminal:
    from dashborion.terminal import Terminal

    return Terminal.system(stdin=stdin)


@dataclass(eq=False, repr=False)
class Globals:
    """The options that every command takes, before or after its name."""

    config: str | None = None
    demo: bool = False
    color: Color = "auto"
    verbose: bool = False
    debug: bool = False


@dataclass(eq=False, repr=False)
class Context:
    """Streams, surroundings and the clock; config, environments and adapters when asked."""

    streams: Streams
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cwd: Path = field(default_factory=Path.cwd)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    read_seconds: float = READ_SECONDS
    terminal: Callable[[bool], Terminal] = lambda stdin: _terminal(stdin=stdin)
    globals: Globals = field(default_factory=Globals)
    _deadline: Deadline | None = None
    _warned: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def system(cls) -> Context:
        return cls(Streams.system())

    @cached_property
    def user_file(self) -> Path:
        """The user's own config file, whether it exists or not."""
        import platformdirs

        return platformdirs.user_config_path("dashborion") / "config.yaml"

    @cached_property
    def demo(self) -> Embedded:
        """The embedded ECS and Kubernetes of this user."""
        from dashborion.config.demo import Embedded

        return Embedded.of_this_user()

    @cached_property
    def in_use(self) -> InUse:
        """What ``env use`` remembers; the demo's choice lies with the demo."""
        import platformdirs

        from dashborion.config.environments import InUse

        if self.globals.demo:
            return InUse(self.demo.folder / "in-use.json")
        return InUse(platformdirs.user_state_path("dashborion") / "state.json")

    @cached_property
    def kubeconfig(self) -> Kubeconfig:
        """The names in the kubeconfig that the environment variables point at."""
        from dashborion.config.kubeconfig import kubeconfig_paths, read_kubeconfig

        return read_kubeconfig(kubeconfig_paths(self.environ))

    @cached_property
    def config(self) -> Config:
        """The demo's, the config file's, or without one what the kubeconfig has."""
        if self.globals.demo:
            return self._demo_config()
        from dashborion.config.environments import without_config
        from dashborion.config.file import find, load
        from dashborion.config.kubeconfig import in_cluster

        found = find(
            self.globals.config,
            environ=self.environ,
            cwd=self.cwd,
            user_file=self.user_file,
            warn=lambda message: self.streams.warn(ConfigError(message)),
        )
        if found is not None:
            return load(*found)
        return without_config(self.kubeconfig, pod=in_cluster(self.environ))

    def _demo_config(self) -> Config:
        if self.globals.config:
            raise UsageError("--demo and --config exclude each other")
        running = self.demo.start()
        self.demo.isolate(running)
        return self.demo.config(running)

    def environments(self, choice: Choice) -> tuple[Environment, ...]:
        """The environments that were chosen, with the flags of the user's own file."""
        from dashborion.config.environments import choose

        return tuple(self.flagged(one) for one in choose(choice, self.surroundings()))

    def surroundings(self) -> Surroundings:
        from dashborion.config.environments import Surroundings

        return Surroundings(
            config=self.config,
            kubeconfig=lambda: self.kubeconfig,
            environ=self.environ,
            in_use=self.in_use.get(self.config),
            note=self.streams.note,
        )

    def flagged(self, environment: Environment) -> Environment:
        """With the flags of the user's own file, where it names the same target."""
        from dashborion.config.environments import with_flags_of
        from dashborion.config.targets import Origin

        if self.config.origin is Origin.USER and environment.project is not None:
            return environment
        return with_flags_of(self.own_config, environment)

    @cached_property
    def own_config(self) -> Config:
        """The user's own file, which protects its targets under any name."""
        from dashborion.config.file import load
        from dashborion.config.targets import Config, Origin

        if self.globals.demo:
            return self.config
        return load(self.user_file, Origin.USER) if self.user_file.is_file() else Config()

    def fleet(self, choice: Choice, *, only: str | None = None) -> Fleet:
        """The chosen environments, each with one deadline for all that a command reads.

        ``only`` one orchestrator will be asked: the others' credentials are left alone.
        """
        from dashborion.concurrency import Deadline
        from dashborion.engines.fleet import Fleet
        from dashborion.engines.recorder import recorder
        from dashborion.orchestrators import Connector
        from dashborion.orchestrators.protocol import Runtime

        deadline = self._deadline = Deadline(self.read_seconds)

        def runtime(environment: Environment) -> Runtime:
            return Runtime(
                deadline=deadline,
                warn=partial(self._warn, environment),
                trace=self._trace if self.globals.verbose else lambda _: None,
                environ=self.environ,
                sleep=self.sleep,
            )

        connector, environments = Connector(self.environ), self.environments(choice)
        asked = [one for one in environments if only in (None, one.orchestrator)]
        connector.prepare(asked, deadline)
        return Fleet(
            environments,
            connector.connect,
            runtime,
            self.streams.fail,
            self.streams.progress,
            partial(recorder, environ=self.environ),
        )

    @cached_property
    def config_file(self) -> ConfigFile:
        """What discovered environments are added to: a named file, or the user's own."""
        from dashborion.config.edit import ConfigFile
        from dashborion.config.targets import Origin

        if self.globals.demo:
            return ConfigFile(self.demo.folder / "demo.yaml", self.config)
        if named := self.globals.config or self.environ.get("DASHBORION_CONFIG"):
            return ConfigFile.open(Path(named).expanduser(), Origin.NAMED)
        return ConfigFile.open(self.user_file, Origin.USER)

    def discover(self, profiles: Sequence[str], regions: Sequence[str]) -> Sight:
        """Look for clusters where it is said, or where the config and AWS' own files point."""
        from dashborion.concurrency import Deadline
        from dashborion.discovery.search import Discovery, places
        from dashborion.orchestrators import Connector
        from dashborion.orchestrators.protocol import Runtime

        known = self.config_file.config.environments
        if not self.globals.config and not self.environ.get("DASHBORION_CONFIG"):
            known += self.config.environments
        runtime = Runtime(
            deadline=Deadline(self.read_seconds),
            trace=self._trace if self.globals.verbose else lambda _: None,
            environ=self.environ,
            sleep=self.sleep,
        )
        streams, search = self.streams, Connector(self.environ).search()
        discovery = Discovery(search, runtime, streams.note, streams.warn, streams.progress)
        return discovery.look(lambda: self.kubeconfig, places(profiles, regions, known))

    def _warn(self, environment: Environment, error: DashborionError) -> None:
        error.environment = error.environment or environment.label
        key = (error.environment, error.message)
        if key not in self._warned:  # a wait looks many times
            self._warned.add(key)
            self.streams.warn(error)

    def confirm(self, question: str) -> None:
        """Ask a person; there has to be one.

        Raises:
            UsageError: nobody is there to answer.
            Declined: the answer was not yes.
        """
        if not (self.stdin.isatty() and self.streams.err_tty):
            raise UsageError(f"{question}: nobody is there to answer", hint="--yes means yes")
        self.streams.ask(f"{question}? [y/N] ")
        answer = self._answer()
        if answer.strip().lower() not in ("y", "yes"):
            raise Declined("nothing was changed")
        if self._deadline is not None:
            self._deadline.restart()  # people think, too

    def _answer(self) -> str:
        """What was typed; a question that is not answered still ends its line."""
        try:
            answer = self.stdin.readline()
        except KeyboardInterrupt:
            self.streams.say("")
            self.streams.note("interrupted: nothing was changed")
            raise
        if not answer.endswith("\n"):
            self.streams.say("")
        return answer

    def _trace(self, call: Call) -> None:
        self.streams.say(f"{call.operation} {call.outcome} {call.seconds * 1000:.0f}ms")
