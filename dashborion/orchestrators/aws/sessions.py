"""AWS sessions, for ECS and EKS: who we are, and botocore's clients.

There is one session for each profile and role. Sessions are made before
environments are asked side by side, so that an MFA prompt comes once. They share one
loader of API models (the first client costs 140 ms, the next ones 8) and, for the
roles of profiles, the AWS CLI's cache.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import botocore.session
from botocore import credentials as core_credentials
from botocore import exceptions as core
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.utils import parse_timestamp
from msgspec import Struct, field

from dashborion import __version__
from dashborion.concurrency import Deadline
from dashborion.errors import (
    BadAnswer,
    ConfigError,
    CredentialsError,
    DashborionError,
    UsageError,
)
from dashborion.orchestrators.aws.client import AwsClient
from dashborion.orchestrators.aws.credentials import (
    Loading,
    adapt,
    again,
    role_cache,
    turn,
    watched,
)
from dashborion.orchestrators.aws.errors import preparing, translated
from dashborion.orchestrators.aws.login import Login, account_of, missing_files
from dashborion.orchestrators.aws.models import Models
from dashborion.orchestrators.aws.pace import Watchers
from dashborion.orchestrators.aws.transport import watch
from dashborion.orchestrators.runtime import Runtime

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
_ROLE = re.compile(r"arn:[\w-]+:iam::\d+:role/\S+")
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
    def cluster_name(self) -> str: ...


class _Identity(Struct, eq=False):
    """A profile under a role: botocore's session, and its credentials once they are loaded."""

    session: Any
    loading: Loading
    region: str | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    credentials: Any = None
    failure: DashborionError | None = None

    @property
    def login(self) -> Login:
        return self.loading.login

    def load(self, target: AwsTarget) -> Any:
        """The credentials, loaded once; a failure is raised again for each environment.

        Raises:
            CredentialsError: there are none, or they cannot be had.
        """
        with turn(self.lock, self.loading.deadline):
            if self.failure is not None:
                # The next attempt would only say that botocore asks for a code once.
                raise again(self.failure) from self.failure.__cause__
            if self.credentials is None:
                try:
                    self.credentials = self._loaded(target)
                except DashborionError as error:
                    self.failure = error
                    raise again(error) from error.__cause__
            return self.credentials

    def _loaded(self, target: AwsTarget) -> Any:
        with preparing(self.login):
            credentials = self.session.get_credentials()
            if credentials is None:
                to_assume = f" to assume {target.role_arn} with" if target.role_arn else ""
                raise CredentialsError(
                    f"no AWS credentials{to_assume}{missing_files(self.loading.environ)}",
                    hint=self.login.hint,
                )
            if target.role_arn:
                credentials = _assumed(self.session, credentials, target)
        self.session._credentials = watched(credentials, self.loading)  # noqa: SLF001 - as users of boto3 do it; there is no public way
        return credentials


class Sessions(Struct, eq=False):
    """Sessions by profile and role, clients by session, service, region and endpoint.

    Making clients is not safe from several threads, using them is. Loading credentials
    may take as long as there is time: each identity waits for its own alone.
    """

    environ: Mapping[str, str]
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _one_prompt: threading.Lock = field(default_factory=threading.Lock)
    _identities: dict[tuple[str | None, ...], _Identity] = {}
    _clients: dict[tuple[Any, ...], Any] = {}
    _limits: dict[tuple[Any, ...], threading.Semaphore] = {}
    _watchers: dict[tuple[Any, ...], Watchers] = {}
    _loader: Any = None

    def prepare(self, target: AwsTarget, deadline: Deadline) -> None:
        """Load a target's credentials, which may ask for an MFA code.

        A failure is raised again by whoever needs them: it is that environment's, not the
        command's.
        """
        with suppress(DashborionError):
            identity = self._identity(target)
            identity.loading.deadline = deadline
            identity.load(target)

    def ask_nobody(self, target: AwsTarget) -> None:
        """From now on, load a target's credentials only if no person is needed for that."""
        identity = self._identity(target)
        if identity.credentials is None:
            identity.loading.may_ask = False

    def written_account(self, target: AwsTarget) -> str | None:
        """The account of a target's identity, if its role or AWS' own files say it."""
        config = self._identity(target).session.full_config
        return account_of(target.role_arn, target.profile, config)

    def account(self, target: AwsTarget, runtime: Runtime) -> str:
        """The account of a target's identity, asked; raises as ``connect`` and ``call``."""
        answer = self.connect(target, runtime).call("sts", "get_caller_identity")
        if not answer.get("Account"):
            raise BadAnswer("sts:GetCallerIdentity: an answer that was cut short")
        return str(answer["Account"])

    def connect(self, target: AwsTarget, runtime: Runtime) -> AwsClient:
        """The client for a target's identity and region.

        Raises:
            UsageError: no region is configured anywhere, or another than the cluster's.
            CredentialsError: unknown profile, or no credentials.
        """
        identity = self._identity(target)
        if identity.credentials is None:  # else it is refreshed for those who loaded it
            identity.loading.deadline = runtime.deadline
        region = target.region or identity.region
        if not region:
            raise UsageError(
                f"no AWS region for this environment{missing_files(self.environ)}",
                hint="set `region:` in the config, $AWS_REGION, or the profile's region",
            )
        return self._in_region(target, runtime, region)

    def _in_region(self, target: AwsTarget, runtime: Runtime, region: str) -> AwsClient:
        with self._lock:
            key = (target.profile, target.role_arn, target.endpoint_url, region)
            limit = self._limits.setdefault(key, threading.Semaphore(CALLS_AT_ONCE))
            whose = (self.written_account(target) or key[:3], region)
            watchers = self._watchers.setdefault(whose, Watchers())
        return AwsClient(
            reader=partial(self._client, target, region, _READS),
            writer=partial(self._client, target, region, _WRITES),
            region=region,
            login=self._identity(target).login,
            runtime=runtime,
            limit=limit,
            other_region=partial(self._in_region, target, runtime),
            watchers=watchers,
        )

    def signing_keys(self, target: AwsTarget) -> Any:
        """The keys that a target's requests are signed with now, refreshed if need be.

        Raises:
            CredentialsError: there are none.
        """
        identity = self._identity(target)
        credentials = identity.load(target)
        with preparing(identity.login):
            return credentials.get_frozen_credentials()

    def eks_token(self, target: ClusterTarget, region: str) -> str:
        """A fresh bearer token for EKS: a presigned GetCallerIdentity that names the cluster.

        Nothing is sent, unless AWS credentials have to be refreshed; raises as ``signing_keys``.
        """
        keys = self.signing_keys(target)
        request = AWSRequest(
            method="GET",
            # Always AWS' own regional endpoint: a cluster sends the request nowhere else.
            url=f"https://{self._sts_host(target, region)}/"
            "?Action=GetCallerIdentity&Version=2011-06-15",
            headers={"x-k8s-aws-id": target.cluster_name},
        )
        with preparing(self._identity(target).login):
            SigV4QueryAuth(keys, "sts", region, expires=_TOKEN_SECONDS).add_auth(request)
        encoded = base64.urlsafe_b64encode(request.url.encode()).decode()
        return "k8s-aws-v1." + encoded.rstrip("=")

    def _sts_host(self, target: AwsTarget, region: str) -> str:
        """The name of AWS' own STS in a region, whatever endpoint is configured."""
        session = self._identity(target).session
        # What knows the partitions' domains has no public name since the newer endpoint rules.
        resolver = session._get_internal_component("endpoint_resolver")  # noqa: SLF001
        endpoint = resolver.construct_endpoint("sts", region) or {}
        return str(endpoint.get("hostname") or f"sts.{region}.amazonaws.com")

    def _identity(self, target: AwsTarget) -> _Identity:
        # An endpoint of the config is where a role is assumed, so it gives other credentials.
        endpoint = target.endpoint_url if target.role_arn else None
        key = (target.profile, target.role_arn, endpoint)
        with self._lock, preparing(Login(target.profile)):
            if key not in self._identities:
                self._identities[key] = self._new_identity(target)
            return self._identities[key]

    def _new_identity(self, target: AwsTarget) -> _Identity:
        session = botocore.session.Session(profile=target.profile)
        # The AWS CLI and the other SDKs know $AWS_REGION, botocore only $AWS_DEFAULT_REGION.
        if region := self.environ.get("AWS_REGION"):
            session.set_config_variable("region", region)
        configured = session.get_config_variable("region")
        if target.region and not configured:
            session.set_config_variable("region", target.region)  # where a role is assumed
        if self._loader is None:
            self._loader = Models(session.get_config_variable("data_path"))
        session.register_component("data_loader", self._loader)
        parsers = session.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_in_utc)
        session.set_default_client_config(_READS)  # of the clients that botocore makes itself, too
        login = Login.of(target.profile, session.full_config, self.environ)
        loading = Loading(login, self.environ, self._one_prompt)
        adapt(session, loading)
        watch(session)
        return _Identity(session, loading, configured)

    def _client(self, target: AwsTarget, region: str, config: Config, service: str) -> Any:
        identity = self._identity(target)
        identity.load(target)  # not under the lock: it may take its time
        key = (target.profile, target.role_arn, region, target.endpoint_url, id(config), service)
        with self._lock, translated(identity.login):
            if key not in self._clients:
                self._clients[key] = _new_client(identity.session, service, target, region, config)
            return self._clients[key]


def may_prompt(profile: str | None, environ: Mapping[str, str]) -> bool:
    """Whether credentials may ask the user something: an MFA code, or a program of the user's."""
    login = _login(profile, environ)
    return login.asks_for_code or login.way == "process"


def may_ask_for_code(profile: str | None, environ: Mapping[str, str]) -> bool:
    """Whether credentials may ask for an MFA code."""
    return _login(profile, environ).asks_for_code


def _login(profile: str | None, environ: Mapping[str, str]) -> Login:
    with preparing(Login(profile)):
        # It only reads the files: no handlers, which cost 10 ms.
        session = botocore.session.Session(profile=profile, include_builtin_handlers=False)
        return Login.of(profile, session.full_config, environ)


def _in_utc(value: Any) -> datetime:
    """A timestamp of any of AWS' forms; botocore's own parser answers in the machine's zone."""
    moment: datetime = parse_timestamp(value)
    return moment.astimezone(UTC)


def _new_client(session: Any, service: str, target: AwsTarget, region: str, config: Config) -> Any:
    try:
        return session.create_client(
            service, region_name=region, endpoint_url=target.endpoint_url, config=config
        )
    except ValueError as error:  # how botocore refuses an endpoint that is not a URL; it quotes it
        if isinstance(error, core.BotoCoreError):
            raise
        where = "endpoint_url" if target.endpoint_url else "$AWS_ENDPOINT_URL or AWS' own files"
        raise ConfigError(
            f"the AWS endpoint of {where} is not a URL", hint="write it as https://HOST[:PORT]"
        ) from error


def _assumed(session: Any, source: Any, target: AwsTarget) -> Any:
    """Credentials of the config's role, assumed with those of the profile when first needed.

    Kept on disk, unless they come from an endpoint that somebody has configured.

    Raises:
        ConfigError: it is not the ARN of a role.
    """
    if not _ROLE.fullmatch(str(target.role_arn)):
        raise ConfigError(
            f"role_arn: '{target.role_arn}' is not the ARN of a role",
            hint="write it as arn:aws:iam::ACCOUNT:role/NAME",
        )
    region = target.region or session.get_config_variable("region")
    is_own = target.endpoint_url is None
    fetcher = core_credentials.AssumeRoleCredentialFetcher(
        client_creator=partial(
            session.create_client,
            region_name=region,
            endpoint_url=target.endpoint_url,
            config=_READS,
        ),
        source_credentials=source,
        role_arn=target.role_arn,
        extra_args={"RoleSessionName": "dashborion"},
        cache=role_cache(session, source, target.profile, region) if is_own else None,
    )
    return core_credentials.DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
