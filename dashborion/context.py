"""What commands depend on, created when it is first used; replaced in tests.

It lives on Typer's ``ctx.obj``. Nothing heavy is imported before it is needed.
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

from dashborion.errors import ConfigError, DashborionError, Declined, Unexpected, UsageError
from dashborion.streams import Color, Streams

if TYPE_CHECKING:
    from dashborion.concurrency import Deadline
    from dashborion.config.demo import Embedded
    from dashborion.config.edit import ConfigFile
    from dashborion.config.environments import Choice, ChoiceInputs
    from dashborion.config.kubeconfig import Kubeconfig
    from dashborion.config.prefixed_names import Chosen
    from dashborion.config.remembered import RememberedEnvironments
    from dashborion.config.targets import Config, Environment
    from dashborion.discovery.search import DiscoveryResult
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.guards import Flagged, Guards
    from dashborion.orchestrators import Connector
    from dashborion.orchestrators.runtime import Call, Runtime
    from dashborion.terminal import Terminal


READ_SECONDS = 60.0  # for everything that one command reads, retries included


def _cwd() -> Path:
    """The current folder; where it was, if it has been deleted: it holds no config any more."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.environ.get("PWD") or os.sep)


def _terminal(stdin: bool) -> Terminal:
    from dashborion.terminal import Terminal

    return Terminal.system(stdin=stdin)


DEMO = "DASHBORION_DEMO"


def wants_demo() -> bool:
    """Whether the variable says what ``--demo`` does."""
    return os.environ.get(DEMO, "").lower() not in ("", "0", "false", "no")


@dataclass(eq=False, repr=False)
class Globals:
    """The global options, which may stand before or after the command's name."""

    config: str | None = None
    demo: bool = field(default_factory=wants_demo)
    quiet: bool = False
    color: Color = "auto"
    verbose: bool = False
    debug: bool = False

    @property
    def repeated(self) -> tuple[str, ...]:
        """Those without which another command would not find the same environments."""
        config = ("--config", self.config) if self.config else ()
        return ("--demo",) if self.demo else config


@dataclass(eq=False, repr=False)
class Context:
    """Streams, process environment and clock; config and adapters are loaded on demand.

    ``terminal`` makes the terminal that ``exec`` connects to a remote command; it is
    told whether stdin is sent.
    """

    streams: Streams
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cwd: Path = field(default_factory=_cwd)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    read_seconds: float = READ_SECONDS
    terminal: Callable[[bool], Terminal] = _terminal
    globals: Globals = field(default_factory=Globals)
    missing: DashborionError | None = None  # why rows or log lines may be missing: the first
    on_error: Callable[[DashborionError], None] = lambda _: None  # told of each that is printed
    _deadline: Deadline | None = None
    _connector: Connector | None = None
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
    def remembered(self) -> RememberedEnvironments:
        """What ``env use`` remembers; with ``--demo`` in the demo's folder."""
        import platformdirs

        from dashborion.config.remembered import RememberedEnvironments

        if self.globals.demo:
            return RememberedEnvironments(self.demo.folder / "in-use.json")
        return RememberedEnvironments(platformdirs.user_state_path("dashborion") / "state.json")

    @cached_property
    def kubeconfig(self) -> Kubeconfig:
        """The kubeconfig of ``$KUBECONFIG``, or the default one.

        Raises:
            ConfigError: it cannot be read.
        """
        from dashborion.config.kubeconfig import kubeconfig_paths, read_kubeconfig

        return read_kubeconfig(kubeconfig_paths(self.environ))

    @cached_property
    def config(self) -> Config:
        """The environments of the demo, of the config file, or without one of the kubeconfig.

        Raises:
            ConfigError: the file cannot be read.
        """
        if self.globals.demo:
            return self._demo_config()
        from dashborion.config.environments import without_config
        from dashborion.config.file import find, load
        from dashborion.config.kubeconfig import in_cluster

        file = find(
            self.globals.config,
            environ=self.environ,
            cwd=self.cwd,
            user_file=self.user_file,
            warn=lambda message: self.streams.warn(ConfigError(message)),
        )
        if file is not None:
            return load(*file)
        return without_config(self.kubeconfig, pod=in_cluster(self.environ))

    def _demo_config(self) -> Config:
        if self.globals.config:
            hint = f"unset {DEMO}" if wants_demo() else None
            raise UsageError("--demo and --config cannot be used together", hint=hint)
        running = self.demo.start()
        self.demo.isolate(running)
        return self.demo.config(running)

    def environments(self, choice: Choice) -> tuple[Environment, ...]:
        """The chosen environments.

        Raises:
            UsageError: no environment matches, or several do where one name was given.
        """
        return self._chosen(choice).environments

    def _chosen(self, choice: Choice) -> Chosen:
        """The chosen environments, and the names without those that they bring with them."""
        from dashborion.config.prefixed_names import Chosen, choose_with_names

        chosen = choose_with_names(choice, self.choice_inputs())
        environments = tuple(map(self._marked, chosen.environments))
        for environment in environments:
            if environment.redefines:
                self.warn_once(environment, ConfigError(environment.redefines))
        return Chosen(environments, chosen.names)

    def choice_inputs(self) -> ChoiceInputs:
        """What the choice of environments depends on besides the command line."""
        from dashborion.config.environments import ChoiceInputs

        return ChoiceInputs(
            config=self.config,
            kubeconfig=lambda: self.kubeconfig,
            environ=self.environ,
            remembered=lambda: self._remembered_label,
            note=self.streams.note,
            watched=self.streams.err_tty,
        )

    @cached_property
    def _remembered_label(self) -> str | None:
        try:
            return self.remembered.get(self.config)
        except ConfigError as error:
            self.streams.warn(error)
            return None

    def _marked(self, environment: Environment) -> Environment:
        """The environment, marked if the user's own file means something else by its name."""
        from dashborion.config.environments import marked_if_redefined
        from dashborion.config.targets import Origin

        if self.config.origin is Origin.FOLDER:
            return marked_if_redefined(self.user_config, self.config, environment)
        return environment

    def with_flags(self, environment: Environment) -> Environment:
        """The environment as lists show it: with the flags that hold by what is written."""
        from dashborion.config.environments import with_flags_of

        return with_flags_of((self.config, self.user_config), environment, self.environ)

    @cached_property
    def user_config(self) -> Config:
        """The user's own config file, empty if it does not exist."""
        from dashborion.config.file import load
        from dashborion.config.targets import Config, Origin
        from dashborion.storage.files import is_there

        if self.globals.demo:
            return self.config
        return load(self.user_file, Origin.USER) if is_there(self.user_file) else Config()

    def fleet(
        self,
        choice: Choice,
        *,
        only: str | None = None,
        prints_rows: bool = True,
        also: Sequence[Environment] = (),
    ) -> Fleet:
        """The chosen environments, with one deadline for everything that a command reads.

        Args:
            choice: what was typed.
            only: the orchestrator that the command is for; no credentials are loaded
                for environments of others.
            prints_rows: whether the command prints what it reads; otherwise what may be
                missing from that does not make it incomplete.
            also: other environments that will be asked.
        """
        return self._fleet(self._chosen(choice), only=only, prints_rows=prints_rows, also=also)

    def fleet_of(self, names: Sequence[str], project: str | None = None) -> Fleet:
        """The environments of these names, in their order, each a single one; else as ``fleet``.

        Raises:
            UsageError: a name is that of none, of several, or of one that was named before.
        """
        from dashborion.config.prefixed_names import Chosen

        environments = [self.environment(name, project) for name in names]
        labels = [one.label for one in environments]
        if len(set(labels)) < len(labels):
            raise UsageError(f"name different environments, not {labels[0]} twice")
        return self._fleet(Chosen(tuple(environments), {}))

    def environment(self, name: str, project: str | None = None) -> Environment:
        """The one environment of that name, in that project unless the name says another.

        Raises:
            UsageError: there is none, or there are several.
        """
        from dashborion.config.environments import Choice

        found = self.environments(Choice(None if "/" in name else project, (name,)))
        if len(found) > 1:
            labels = ", ".join(one.label for one in found)
            raise UsageError(f"'{name}' is {len(found)} environments: {labels}")
        return found[0]

    def split_name(self, typed: str, project: str | None = None) -> tuple[Environment | None, str]:
        """The environment that a NAME brings with it, if any, and the NAME itself.

        Raises:
            UsageError: it is an environment of several projects.
        """
        from dashborion.config.environments import Choice
        from dashborion.config.prefixed_names import split_name

        environment, name = split_name(typed, Choice(project), self.choice_inputs())
        return self.environment(environment.label) if environment else None, name

    def environment_and_name(
        self, typed: str, project: str | None = None
    ) -> tuple[Environment, str | None]:
        """What ``ENV`` or ``ENV:NAME`` means; raises as ``environment``."""
        if all(known.label != typed for known in self.config.environments):
            environment, name = self.split_name(typed, project)
            if environment is not None:
                return environment, name
        return self.environment(typed, project), None

    def _fleet(
        self,
        chosen: Chosen,
        *,
        only: str | None = None,
        prints_rows: bool = True,
        also: Sequence[Environment] = (),
    ) -> Fleet:
        from dashborion.concurrency import Deadline
        from dashborion.engines.fleet import Fleet
        from dashborion.engines.name_recorder import recorder
        from dashborion.orchestrators import Connector

        deadline = self._deadline = Deadline(self.read_seconds)
        connector = self._connector = Connector(self.environ)
        asked = (*chosen.environments, *also)
        to_connect = [env for env in asked if only in (None, env.orchestrator)]
        connector.prepare(to_connect, deadline)
        return Fleet(
            chosen.environments,
            connector.connect,
            lambda environment: self._runtime(
                deadline,
                partial(self.warn_once, environment),
                partial(self._incomplete if prints_rows else self.warn_once, environment),
            ),
            self.fail,
            self.streams.progress,
            partial(recorder, environ=self.environ),
            self.globals.repeated,
            chosen.names,
        )

    def guards(self) -> Guards:
        """The flags of every config file there is, for what the last ``fleet`` changes."""
        from dashborion.engines.guards import Guards
        from dashborion.orchestrators import Connector

        locator = (self._connector or Connector(self.environ)).locator()
        return Guards(
            self._flagged,
            lambda place, target, deadline: locator.is_at(
                place, target, self._runtime(deadline, lambda _: None)
            ),
        )

    def _flagged(self) -> list[Flagged]:
        """The environments with flags in every config file; raises as ``every_config``."""
        from dashborion.config.file import every_config
        from dashborion.engines.guards import flagged_in

        if self.globals.demo:
            return flagged_in([self.config])
        named = [self.globals.config, self.environ.get("DASHBORION_CONFIG")]
        return flagged_in(every_config(self.config, named, self.cwd, self.user_file))

    @cached_property
    def config_file(self) -> ConfigFile:
        """The file to which discovered environments are added: the named or the user's own one."""
        from dashborion.config.edit import ConfigFile
        from dashborion.config.targets import Origin
        from dashborion.storage.files import expanded

        if self.globals.demo:
            return ConfigFile(self.demo.folder / "demo.yaml", self.config)
        if named := self.globals.config or self.environ.get("DASHBORION_CONFIG"):
            return ConfigFile.open(expanded(named), Origin.NAMED)
        return ConfigFile.open(self.user_file, Origin.USER)

    def discover(self, profiles: Sequence[str], regions: Sequence[str]) -> DiscoveryResult:
        """Search for clusters in the kubeconfig and with these AWS profiles and regions.

        Without any, AWS is searched with those of the config and of AWS' own files.
        """
        from dashborion.concurrency import Deadline
        from dashborion.discovery.search import Discovery, search_locations
        from dashborion.orchestrators import Connector

        known = self.config_file.config.environments
        if not self.globals.config and not self.environ.get("DASHBORION_CONFIG"):
            known += self.config.environments
        runtime = self._runtime(Deadline(self.read_seconds), self.streams.warn)
        streams, search = self.streams, Connector(self.environ).search()
        discovery = Discovery(search, runtime, streams.note, self.warn, streams.progress)
        locations = search_locations(profiles, regions, known)
        return discovery.find(lambda: self.kubeconfig, locations)

    def _runtime(
        self,
        deadline: Deadline,
        warn: Callable[[DashborionError], None],
        incomplete: Callable[[DashborionError], None] | None = None,
    ) -> Runtime:
        from dashborion.orchestrators.runtime import Runtime

        return Runtime(
            deadline=deadline,
            warn=warn,
            incomplete=incomplete or warn,
            trace=self._trace if self.globals.verbose else lambda _: None,
            environ=self.environ,
            sleep=self.sleep,
            now=self.now,
        )

    def warn_once(self, environment: Environment, error: DashborionError) -> None:
        """Print a warning about an environment, unless it was printed before."""
        error.environment = error.environment or environment.label
        key = (error.environment, error.message)
        if key not in self._warned:  # a wait polls many times
            self._warned.add(key)
            self.warn(error)

    def _incomplete(self, environment: Environment, error: DashborionError) -> None:
        self.missing = self.missing or error
        self.warn_once(environment, error)

    def fail(self, error: DashborionError) -> None:
        """Print an error, with --debug below where it came from."""
        self._print_frames(error)
        self.streams.fail(error)
        self.on_error(error)

    def warn(self, error: DashborionError) -> None:
        """Print a warning; of what nobody foresaw, with --debug, as ``fail``."""
        if isinstance(error, Unexpected):
            self._print_frames(error)
        self.streams.warn(error)

    def _print_frames(self, error: BaseException) -> None:
        """Print the frames of an error and its causes, the first cause first.

        No local variables, and no messages of other libraries: they may hold a token.
        """
        if not self.globals.debug:
            return
        import traceback

        chain = [error]
        while (cause := chain[0].__cause__) is not None and cause not in chain:
            chain.insert(0, cause)
        for link in chain:
            for frame in traceback.extract_tb(link.__traceback__):
                self.streams.say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
            message = f": {link}" if isinstance(link, DashborionError) else ""
            self.streams.say(f"{type(link).__qualname__}{message}")

    def confirm(self, question: str) -> None:
        """Ask for confirmation.

        Raises:
            UsageError: stdin or stderr is not a terminal.
            Declined: the answer was not yes.
        """
        if not (self.stdin.isatty() and self.streams.err_tty):
            raise UsageError(
                f"{question}: cannot ask for confirmation without a terminal",
                hint="use --yes to confirm",
            )
        self.streams.ask(f"{question}? [y/N] ")
        answer = self._answer()
        if answer.strip().lower() not in ("y", "yes"):
            raise Declined("nothing was changed")
        if self._deadline is not None:
            self._deadline.restart()  # thinking takes time

    def _answer(self) -> str:
        """The line that was typed; without an answer, the question's line is ended here."""
        try:
            answer = self.stdin.readline()
        except KeyboardInterrupt:
            self.streams.say("")
            self.streams.announce("interrupted: nothing was changed")
            raise
        if not answer.endswith("\n"):
            self.streams.say("")
        return answer

    def _trace(self, call: Call) -> None:
        self.streams.say(f"{call.operation} {call.outcome} {call.seconds * 1000:.0f}ms")
