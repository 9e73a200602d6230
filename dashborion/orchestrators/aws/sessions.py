"""AWS sessions, for ECS and EKS: who we are, and botocore's clients.

There is one session for each profile and role. Sessions are made before
environments are asked side by side, so that an MFA prompt comes once. They share one
loader of API models (the first client costs 140 ms, the next ones 8) and the AWS
CLI's cache of assumed roles.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import boto3
import botocore.session
from botocore import credentials as core_credentials
from botocore import exceptions as core
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.utils import parse_timestamp

from dashborion import __version__
from dashborion.errors import ConfigError, CredentialsError, DashborionError, UsageError
from dashborion.orchestrators.aws.client import AwsClient
from dashborion.orchestrators.aws.errors import login_hint, translated
from dashborion.orchestrators.protocol import Runtime

# botocore logs credentials that it cannot refresh with a traceback, which Python prints when nobody
# has configured logging; the error itself reaches us.
logging.getLogger("botocore").addHandler(logging.NullHandler())
logging.getLogger("botocore").propagate = False

CALLS_AT_ONCE = 16  # for one identity and region
_READS = Config(
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=CALLS_AT_ONCE,
    # Standard mode rides out throttling in about 15 s; the command's own deadline bounds it all.
    retries={"mode": "standard", "total_max_attempts": 7},
    user_agent_extra=f"dashborion/{__version__}",
)
_WRITES = _READS.merge(Config(retries={"total_max_attempts": 1}))
_TOKEN_SECONDS = 60  # as in all tools that make these tokens; clusters refuse far more


class AwsTarget(Protocol):
    """The part of an ECS or EKS target that names the identity, the region and the endpoint."""

    @property
    def region(self) -> str | None: ...
    @property
    def profile(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def endpoint_url(self) -> str | None: ...


class ClusterTarget(AwsTarget, Protocol):
    """An EKS cluster, with the identity and region by which it is reached."""

    @property
    def cluster(self) -> str: ...


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

        A failure is raised again by ``connect``: it is that environment's, not the command's.
        """
        try:
            session = self._session(target)
            with translated(session.profile_name):
                if (credentials := session.get_credentials()) is not None:
                    credentials.get_frozen_credentials()
        except DashborionError as error:
            # The next attempt would only say that botocore asks for a code once.
            self._failed[target.profile, target.role_arn] = error

    def connect(self, target: AwsTarget, runtime: Runtime) -> AwsClient:
        """The client for a target's identity and region.

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
        return self._in_region(target, runtime, region)

    def _in_region(self, target: AwsTarget, runtime: Runtime, region: str) -> AwsClient:
        with self._lock:
            key = (target.profile, target.role_arn, region)
            limit = self._limits.setdefault(key, threading.Semaphore(CALLS_AT_ONCE))
            profile = self._session(target).profile_name
        return AwsClient(
            reader=partial(self._client, target, region, _READS),
            writer=partial(self._client, target, region, _WRITES),
            region=region,
            profile=profile,
            runtime=runtime,
            limit=limit,
            other_region=partial(self._in_region, target, runtime),
        )

    def signing_keys(self, target: AwsTarget) -> Any:
        """The keys that a target's requests are signed with now, refreshed if need be.

        Raises:
            CredentialsError: there are none.
        """
        session = self._session(target)
        with translated(session.profile_name):
            credentials = session.get_credentials()
            if credentials is None:
                raise CredentialsError("no AWS credentials", hint=login_hint(session.profile_name))
            return credentials.get_frozen_credentials()

    def eks_token(self, target: ClusterTarget, region: str) -> str:
        """A fresh bearer token for EKS: a presigned GetCallerIdentity that names the cluster.

        Nothing is sent, unless AWS credentials have to be refreshed; raises as ``signing_keys``.
        """
        request = AWSRequest(
            method="GET",
            # Always AWS' own regional endpoint: a cluster sends the request nowhere else.
            url=f"https://{self._sts_host(target, region)}/"
            "?Action=GetCallerIdentity&Version=2011-06-15",
            headers={"x-k8s-aws-id": target.cluster},
        )
        keys = self.signing_keys(target)
        SigV4QueryAuth(keys, "sts", region, expires=_TOKEN_SECONDS).add_auth(request)
        encoded = base64.urlsafe_b64encode(request.url.encode()).decode()
        return "k8s-aws-v1." + encoded.rstrip("=")

    def _sts_host(self, target: AwsTarget, region: str) -> str:
        """The name of AWS' own STS in a region, whatever endpoint is configured."""
        core_session = self._session(target)._session  # noqa: SLF001 - boto3 hides it
        # What knows the partitions' domains has no public name since the newer endpoint rules.
        resolver = core_session._get_internal_component("endpoint_resolver")  # noqa: SLF001
        endpoint = resolver.construct_endpoint("sts", region) or {}
        return str(endpoint.get("hostname") or f"sts.{region}.amazonaws.com")

    def _session(self, target: AwsTarget) -> Any:
        key = (target.profile, target.role_arn)
        with self._lock, translated(target.profile):
            if key in self._failed:
                raise copy(self._failed[key])  # each environment adds its name to it
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
    return _is_set(("mfa_serial", "credential_process"), profile, environ)


def may_ask_for_code(profile: str | None, environ: Mapping[str, str]) -> bool:
    """Whether credentials may ask for an MFA code."""
    return _is_set(("mfa_serial",), profile, environ)


def _is_set(keys: Sequence[str], profile: str | None, environ: Mapping[str, str]) -> bool:
    """Whether a profile has one of these keys, or one of those that it takes its keys from."""
    if profile is None and environ.get("AWS_ACCESS_KEY_ID"):
        return False
    session = botocore.session.Session(profile=profile)
    with translated(profile):
        profiles = session.full_config["profiles"]
    name, seen = session.profile or "default", set()
    while name in profiles and name not in seen:
        seen.add(name)
        settings = profiles[name]
        if any(settings.get(key) for key in keys):
            return True
        name = settings.get("source_profile", "")
    return False


def _in_utc(value: Any) -> datetime:
    """A timestamp of any of AWS' forms; botocore's own parser answers in the machine's zone."""
    moment: datetime = parse_timestamp(value)
    return moment.astimezone(UTC)


def _new_client(session: Any, service: str, target: AwsTarget, region: str, config: Config) -> Any:
    try:
        return session.client(
            service, region_name=region, endpoint_url=target.endpoint_url, config=config
        )
    except ValueError as error:  # how botocore refuses an endpoint that is not a URL
        if isinstance(error, core.BotoCoreError):
            raise
        raise ConfigError(f"AWS endpoint: {error}") from error


def _assume(session: Any, target: AwsTarget, cache: Any) -> None:
    """Make a session act under a role, through the AWS CLI's cache.

    Raises:
        CredentialsError: there are no credentials to assume it with.
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
