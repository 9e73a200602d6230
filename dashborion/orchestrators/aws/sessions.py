"""Everything AWS that ECS and EKS share: sessions, clients, calls, and errors in our words.

One session for each profile and role, made before the fan-out, so that an MFA
prompt comes once. Sessions share one loader of API models (the first client
costs 140 ms, the next ones 8) and the AWS CLI's cache of assumed roles.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import boto3
import botocore.session
from botocore import credentials as core_credentials
from botocore import exceptions as core
from botocore.config import Config
from botocore.utils import parse_timestamp

from dashborion import __version__
from dashborion.errors import (
    BadAnswer,
    ConfigError,
    CredentialsError,
    DashborionError,
    MaybeApplied,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
)
from dashborion.orchestrators.aws.errors import NEVER_SENT, error_code, login_hint, translated
from dashborion.orchestrators.aws.shapes import UNKNOWN, note_unknown
from dashborion.orchestrators.protocol import Call, Runtime

T = TypeVar("T")

# botocore logs credentials that it cannot refresh with a traceback, which Python prints when nobody
# has configured logging; the error itself reaches us.
logging.getLogger("botocore").addHandler(logging.NullHandler())
logging.getLogger("botocore").propagate = False

AT_ONCE = 16  # calls under way for one account and region
WRITE_ATTEMPTS = 5
_READS = Config(
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=AT_ONCE,
    # Standard mode rides out throttling in about 15 s; the command's own deadline bounds it all.
    retries={"mode": "standard", "total_max_attempts": 7},
    user_agent_extra=f"dashborion/{__version__}",
)
_WRITES = _READS.merge(Config(retries={"total_max_attempts": 1}))


class AwsTarget(Protocol):
    """The part of an ECS or EKS target that says as whom and where."""

    @property
    def region(self) -> str | None: ...
    @property
    def profile(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def endpoint_url(self) -> str | None: ...


@dataclass
class Sessions:
    """Sessions by profile and role, clients by session, service, region and endpoint.

    Making clients is not safe from several threads, using them is.
    """

    environ: Mapping[str, str]
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _sessions: dict[tuple[str | None, str | None], Any] = field(default_factory=dict)
    _clients: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _limits: dict[tuple[Any, ...], threading.Semaphore] = field(default_factory=dict)
    _regions: dict[tuple[str | None, str | None], str | None] = field(default_factory=dict)
    _failed: dict[tuple[str | None, str | None], DashborionError] = field(default_factory=dict)
    _loader: Any = None

    def prepare(self, target: AwsTarget) -> None:
        """Resolve a target's credentials now, one after the other, so that a prompt comes once.

        A failure is kept for ``connect``: it is that environment's, not the command's.
        """
        try:
            session = self._session(target)
            with translated(session.profile_name):
                if (found := session.get_credentials()) is not None:
                    found.get_frozen_credentials()
        except DashborionError as error:
            # The next attempt would only say that botocore asks for a code once.
            self._failed[target.profile, target.role_arn] = error

    def connect(self, target: AwsTarget, runtime: Runtime) -> Aws:
        """Calls as that target's identity, to its region.

        Raises:
            UsageError: no region is configured anywhere.
            CredentialsError: unknown profile, or no credentials.
        """
        self._session(target)
        region = target.region or self._regions[target.profile, target.role_arn]
        if not region:
            raise UsageError(
                "no AWS region for this environment",
                hint="set `region:` in the config, $AWS_REGION, or the profile's region",
            )
        return self._in(target, runtime, region)

    def _in(self, target: AwsTarget, runtime: Runtime, region: str) -> Aws:
        with self._lock:
            key = (target.profile, target.role_arn, region)
            limit = self._limits.setdefault(key, threading.Semaphore(AT_ONCE))
            profile = self._session(target).profile_name
        return Aws(
            client=partial(self._client, target, region, _READS),
            writer=partial(self._client, target, region, _WRITES),
            region=region,
            profile=profile,
            runtime=runtime,
            limit=limit,
            elsewhere=partial(self._in, target, runtime),
        )

    def keys(self, target: AwsTarget) -> Any:
        """The keys that a target's requests are signed with now, refreshed if need be.

        Raises:
            CredentialsError: there are none.
        """
        session = self._session(target)
        with translated(session.profile_name):
            found = session.get_credentials()
            if found is None:
                raise CredentialsError("no AWS credentials", hint=login_hint(session.profile_name))
            return found.get_frozen_credentials()

    def sts_host(self, target: AwsTarget, region: str) -> str:
        """The name of AWS' own STS in a region, whatever endpoint is configured."""
        core_session = self._session(target)._session  # noqa: SLF001 - boto3 hides it
        # What knows the partitions' domains has no public name since the newer endpoint rules.
        resolver = core_session._get_internal_component("endpoint_resolver")  # noqa: SLF001
        known = resolver.construct_endpoint("sts", region) or {}
        return str(known.get("hostname") or f"sts.{region}.amazonaws.com")

    def _session(self, target: AwsTarget) -> Any:
        key = (target.profile, target.role_arn)
        with self._lock, translated(target.profile):
            if key in self._failed:
                raise copy(self._failed[key])  # each environment puts its name to it
            if key not in self._sessions:
                self._sessions[key] = self._new_session(target)
            return self._sessions[key]

    def _new_session(self, target: AwsTarget) -> Any:
        session = botocore.session.Session(profile=target.profile)
        # The AWS CLI and the other SDKs know $AWS_REGION, botocore only $AWS_DEFAULT_REGION.
        if region := self.environ.get("AWS_REGION"):
            session.set_config_variable("region", region)
        self._regions[target.profile, target.role_arn] = session.get_config_variable("region")
        if target.region and not session.get_config_variable("region"):
            session.set_config_variable("region", target.region)  # where a role is assumed
        if self._loader is None:
            self._loader = session.get_component("data_loader")
        session.register_component("data_loader", self._loader)
        cache = core_credentials.JSONFileCache(str(Path("~/.aws/cli/cache").expanduser()))
        parsers = session.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_in_utc)
        chain = session.get_component("credential_provider")
        chain.get_provider("assume-role").cache = cache
        if target.role_arn:
            _assume(session, target, cache)
        return boto3.Session(botocore_session=session)

    def _client(self, target: AwsTarget, region: str, config: Config, service: str) -> Any:
        key = (target.profile, target.role_arn, region, target.endpoint_url, id(config), service)
        with self._lock:
            if key not in self._clients:
                session = self._session(target)
                with translated(target.profile):
                    self._clients[key] = _new_client(session, service, target, region, config)
            return self._clients[key]


def may_prompt(profile: str | None, environ: Mapping[str, str]) -> bool:
    """Whether credentials may ask the user something: an MFA code, or a program of the user's."""
    if profile is None and environ.get("AWS_ACCESS_KEY_ID"):
        return False
    session = botocore.session.Session(profile=profile)
    with translated(profile):
        profiles = session.full_config["profiles"]
    name, seen = session.profile or "default", set()
    while name in profiles and name not in seen:
        seen.add(name)
        settings = profiles[name]
        if settings.get("mfa_serial") or settings.get("credential_process"):
            return True
        name = settings.get("source_profile", "")
    return False


def _in_utc(value: Any) -> datetime:
    """A timestamp of any of AWS' forms; botocore's own parser answers in the machine's zone."""
    found: datetime = parse_timestamp(value)
    return found.astimezone(UTC)


def _new_client(session: Any, service: str, target: AwsTarget, region: str, config: Config) -> Any:
    try:
        return session.client(
            service, region_name=region, endpoint_url=target.endpoint_url, config=config
        )
    except ValueError as error:  # what botocore has for an endpoint that is no URL
        if isinstance(error, core.BotoCoreError):
            raise
        raise ConfigError(f"AWS endpoint: {error}") from error


def _assume(session: Any, target: AwsTarget, cache: Any) -> None:
    """Make a session act under a role, through the AWS CLI's cache.

    Raises:
        CredentialsError: there is nobody to assume it.
    """
    source = session.get_credentials()
    if source is None:
        raise CredentialsError(
            f"no AWS credentials to assume {target.role_arn} with", hint=login_hint(target.profile)
        )
    fetcher = core_credentials.AssumeRoleCredentialFetcher(
        client_creator=partial(
            session.create_client,
            region_name=target.region or session.get_config_variable("region"),
            endpoint_url=target.endpoint_url,
            config=_READS,
        ),
        source_credentials=source,
        role_arn=target.role_arn,
        extra_args={"RoleSessionName": "dashborion"},
        cache=cache,
    )
    session._credentials = core_credentials.DeferredRefreshableCredentials(  # noqa: SLF001 - as boto3 users do it; there is no public way
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )


@dataclass(frozen=True)
class Aws:
    """Calls to one account and region: limited, traced, translated."""

    client: Callable[[str], Any]
    writer: Callable[[str], Any]
    region: str
    profile: str | None
    runtime: Runtime
    limit: threading.Semaphore
    elsewhere: Callable[[str], Aws]

    def there(self, region: str | None) -> Aws:
        """The same identity's calls to another region; None is this one."""
        return self if region in (None, "", self.region) else self.elsewhere(str(region))

    def call(self, service: str, operation: str, /, **arguments: Any) -> Mapping[str, Any]:
        """One operation, such as ``call("ecs", "list_services", …)``; raises as ``translated``."""
        return self._call(self.client, service, operation, arguments)

    def write(self, service: str, operation: str, /, **arguments: Any) -> Mapping[str, Any]:
        """One operation that changes something; sent again only when it was throttled.

        Raises:
            MaybeApplied: it was sent, and whether it was applied is unknown.
        """
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            try:
                return self._call(self.writer, service, operation, arguments)
            except Throttled:
                delay = float(0.5 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                if attempt == WRITE_ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise
                self.runtime.sleep(delay)
            except (Unreachable, TimedOut, BadAnswer) as error:
                if isinstance(error.__cause__, NEVER_SENT):
                    raise
                raise MaybeApplied(
                    f"{error.message}: it may have been applied", hint="look before trying again"
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def whole(
        self, service: str, operation: str, /, **arguments: Any
    ) -> tuple[Mapping[str, Any], list[str]]:
        """As ``call``, and the paths of members that the installed botocore does not know."""
        with self.limit, translated(self.profile):
            events = self.client(service).meta.events
            name = api_name(service, operation).partition(":")[2]
            # The id keeps it from being registered twice.
            events.register(f"before-parse.{service}.{name}", note_unknown, unique_id=UNKNOWN)
        answer = dict(self.call(service, operation, **arguments))
        return answer, answer.pop(UNKNOWN, [])

    def accepted(self, service: str, operation: str) -> frozenset[str]:
        """The names of the arguments that an operation takes."""
        model = self.client(service).meta.service_model
        shape = model.operation_model(api_name(service, operation).partition(":")[2]).input_shape
        return frozenset(shape.members)

    def _call(
        self,
        client: Callable[[str], Any],
        service: str,
        operation: str,
        arguments: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        with self.limit, translated(self.profile):
            if self.runtime.deadline.remaining() <= 0:
                raise self.runtime.deadline.expired()
            method = getattr(client(service), operation)
            started, outcome = time.monotonic(), "failed"
            try:
                answer: Mapping[str, Any] = method(**arguments)
                outcome = "ok"
            except core.ClientError as error:
                outcome = error_code(error)
                raise
            finally:
                elapsed = time.monotonic() - started
                self.runtime.trace(Call(api_name(service, operation), outcome, elapsed))
            return answer

    def items(self, service: str, operation: str, key: str, /, **arguments: Any) -> list[Any]:
        """The list under a key of the answer.

        Raises:
            BadAnswer: the key is not there: botocore reads an answer that was
                cut short as one without keys.
        """
        answer = self.call(service, operation, **arguments)
        return required(answer, key, api_name(service, operation))

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        *,
        token: tuple[str, str] = ("nextToken", "nextToken"),
        **arguments: Any,
    ) -> Iterator[list[Any]]:
        """Page after page; ``token`` names the argument and the answer's key that carry it on."""
        sent, received = token
        while True:
            answer = self.call(service, operation, **arguments)
            yield required(answer, key, api_name(service, operation))
            if not answer.get(received):
                return
            arguments[sent] = answer[received]

    @property
    def endpoint(self) -> str:
        """Where ECS is asked, whoever said so: the config, a variable or AWS' own files."""
        return str(self.client("ecs").meta.endpoint_url)

    def identity(self) -> str:
        """The ARN that the credentials stand for."""
        answer = self.call("sts", "get_caller_identity")
        return str(answer.get("Arn") or "unknown")


def api_name(service: str, operation: str) -> str:
    """``ecs:ListServices``, as AWS' own messages and policies have it."""
    return f"{service}:{operation.title().replace('_', '')}"


def required(answer: Mapping[str, Any], key: str, operation: str) -> list[Any]:
    """A list that the API promises: of ARNs or families' names, or of objects.

    Raises:
        BadAnswer: it is not there, or holds something else.
    """
    found = answer.get(key)
    if not isinstance(found, list):
        raise BadAnswer(f"{operation}: an answer without '{key}': it was cut short")
    kind = str if key.endswith(("Arns", "families")) else dict
    if not all(isinstance(one, kind) for one in found):
        raise BadAnswer(f"{operation}: an answer whose '{key}' are not what the API documents")
    return found


def batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in groups of at most that size."""
    return [items[start : start + size] for start in range(0, len(items), size)]
