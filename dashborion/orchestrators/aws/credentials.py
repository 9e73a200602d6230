"""What botocore's credential providers lack: bounds, a terminal, caches that may be broken.

The AWS CLI lives with the same files and programs; botocore alone waits for a program
without end, and raises whatever Python raises when a cache file is not as it left it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from botocore import credentials as core
from botocore.compat import compat_shell_split
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.utils import JSONFileCache, get_login_token_cache_directory, parse_timestamp
from msgspec import Struct, field

from dashborion.concurrency import Deadline
from dashborion.errors import CredentialsError, DashborionError
from dashborion.models.base import ready
from dashborion.orchestrators import processes
from dashborion.orchestrators.aws.errors import preparing
from dashborion.orchestrators.aws.login import Login
from dashborion.storage.files import cache_folder, is_private, make_own_folder

PROGRAM_SECONDS = 60.0
ROLE_SECONDS = 12 * 3600.0  # the longest that a role may be assumed for


class _Printed(Struct):
    """What a ``credential_process`` prints: docs.aws.amazon.com/sdkref, "Process credentials"."""

    Version: int
    AccessKeyId: str
    SecretAccessKey: str
    SessionToken: str | None = None
    Expiration: str | None = None
    AccountId: str | None = None


class Loading(Struct, eq=False):
    """What is lent to the credentials of one identity while they are loaded or refreshed.

    ``deadline`` is that of the command which asks; it is set anew by each that does.
    ``one_prompt`` is shared by all identities: people are asked one question at a time.
    Where it may not ask, no question is asked: credentials that need an answer are not had.
    """

    login: Login
    environ: Mapping[str, str]
    one_prompt: threading.Lock
    deadline: Deadline = field(default_factory=lambda: Deadline(PROGRAM_SECONDS))
    may_ask: bool = True

    def run(self, command: str) -> bytes:
        """What a ``credential_process`` prints.

        A tenth of the time is left for ending one that hangs and for saying so. Its
        stdin is ours only where that is a terminal, its stderr where people read it;
        neither what it prints nor its arguments are ever shown.

        Raises:
            CredentialsError: it cannot be run, fails, hangs, or prints too much.
        """
        seconds = min(PROGRAM_SECONDS, self.deadline.remaining()) * 0.9
        if seconds <= 0:
            raise self.deadline.expired()
        try:
            words = compat_shell_split(command)
        except ValueError as error:
            raise self.failed("its command has an open quote") from error
        if not words:
            raise self.failed("its command is empty")
        try:
            finished = processes.run(
                words,
                self.environ,
                seconds,
                interactive=self.may_ask and os.isatty(0),
                show_stderr=os.isatty(2),
            )
        except FileNotFoundError as error:
            raise self.failed("there is no such program") from error
        except TimeoutError as error:
            problem = f"it did not answer within {seconds:.3g} seconds and was ended"
            raise self.failed(problem) from error
        except processes.TooLarge as error:
            raise self.failed("it printed too much to be credentials") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "an argument is not usable"
            raise self.failed(f"it cannot be started: {reason}") from error
        if finished.code:
            how = f"exit code {finished.code}" if finished.code > 0 else f"signal {-finished.code}"
            raise self.failed(f"it failed with {how}")
        return finished.output

    def ask(self, question: str) -> str:
        """An MFA code, from the terminal; whatever is piped into us is none.

        Raises:
            CredentialsError: there is no terminal, or no code was typed.
        """
        needed = CredentialsError(
            f"profile '{self.login.profile or 'default'}' needs an MFA code, and none was typed",
            hint=f"run it in a terminal, or first `aws sts get-caller-identity{self.login.option}`",
        )
        if not self.may_ask:
            raise needed
        try:
            with self.one_prompt, warnings.catch_warnings():
                # With this warning it falls back to stdin.
                warnings.simplefilter("error", getpass.GetPassWarning)
                code = getpass.getpass(question).strip()
        except (EOFError, OSError, getpass.GetPassWarning) as error:
            raise needed from error
        if not code:
            raise needed
        return code

    def failed(self, problem: str) -> CredentialsError:
        return CredentialsError(f"{self.login}: {problem}", hint=self.login.hint)


class _Program(core.ProcessProvider):  # type: ignore[misc]
    """``credential_process``, with a bound; ended with its children."""

    def __init__(self, profile_name: str, load_config: Callable[[], Any], loading: Loading) -> None:
        super().__init__(profile_name, load_config)
        self._loading = loading

    def _retrieve_credentials_using(self, credential_process: str) -> dict[str, str | None]:
        failed, output = self._loading.failed, self._loading.run(credential_process)
        try:
            printed = msgspec.json.decode(output, type=ready(_Printed))
        except msgspec.ValidationError as error:  # which names types and keys, but no values
            raise failed(f"what it printed are no credentials: {error}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise failed(
                "what it printed is no JSON" if output else "it printed nothing"
            ) from error
        if printed.Version != 1:
            raise failed("it printed credentials of another Version than 1")
        if not (printed.AccessKeyId and printed.SecretAccessKey):
            raise failed("it printed an empty AccessKeyId or SecretAccessKey")
        return {
            "access_key": printed.AccessKeyId,
            "secret_key": printed.SecretAccessKey,
            "token": printed.SessionToken or None,
            "expiry_time": self._expiration(printed.Expiration),
            "account_id": printed.AccountId or self.profile_config.get("aws_account_id"),
        }

    def _expiration(self, text: str | None) -> str | None:
        """The time as botocore wants it, None for credentials that do not expire."""
        if text is None:
            return None
        try:
            moment: datetime = parse_timestamp(text)
        except (ValueError, OverflowError) as error:
            raise self._loading.failed("it printed an Expiration that is no time") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment <= datetime.now(UTC):
            raise self._loading.failed("it printed credentials that have expired")
        return moment.isoformat()


class _Providers(core.ProfileProviderBuilder):  # type: ignore[misc]
    """botocore's providers for a profile, and for those that it takes credentials from."""

    def __init__(self, session: Any, loading: Loading) -> None:
        folder = Path("~/.aws/sso/cache").expanduser()
        super().__init__(
            session,
            cache={},
            sso_token_cache=LenientCache(folder, dumps_func=_sso_json),
            login_token_cache=LenientCache(Path(get_login_token_cache_directory())),
        )
        self._loading = loading

    def _create_process_provider(self, profile_name: str) -> _Program:
        return _Program(profile_name, lambda: self._session.full_config, self._loading)


class LenientCache(JSONFileCache):  # type: ignore[misc]
    """A cache folder of AWS' tools: what cannot be read is not there, nor need it be writable.

    As root in another user's home nothing is written, save over a token that is there already:
    the one before it may be worthless by now.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(str(folder), **options)

    def __contains__(self, key: str) -> bool:
        return self._usable(key) is not None

    def __getitem__(self, key: str) -> Any:
        content = self._usable(key)
        if content is None:
            raise KeyError(key)
        return content

    def __setitem__(self, key: str, value: Any) -> None:
        with suppress(OSError):
            if key not in self:
                make_own_folder(Path(self._working_dir))
            super().__setitem__(key, value)

    def _usable(self, key: str) -> Any:
        """The file's object, None unless botocore can take it: it looks for keys and dates."""
        try:
            content = super().__getitem__(key)
            if "Credentials" in content:  # of a role; else a token, which its readers look into
                kept = content["Credentials"]
                moment = parse_timestamp(kept["Expiration"])
                texts = [kept[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
                if moment.tzinfo is None or not all(isinstance(text, str) for text in texts):
                    return None
        except (KeyError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return content if isinstance(content, dict) else None


def role_cache(session: Any, source: Any, profile: str | None, region: str | None) -> Any:
    """Where credentials of a config's role are kept: apart for each source, at AWS' own STS only.

    None keeps them in memory: an endpoint that a variable or AWS' own files name may be anybody's,
    and so may be what lies in a folder that others have made, where users share one.
    The role, with its account, is in the file's name.
    """
    settings = session.full_config, session.get_scoped_config(), "sts"
    is_ignored = session.get_config_variable("ignore_configured_endpoint_urls")
    if not is_ignored and ConfiguredEndpointProvider(*settings).provide():
        return None
    keys = source.get_frozen_credentials()
    parts = [keys.access_key, keys.account_id, profile, region]
    named = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    everybody = cache_folder() / "aws-roles"
    with suppress(OSError):
        make_own_folder(everybody)
    if not is_private(everybody):
        return None
    _forget_old(everybody)
    return LenientCache(everybody / named[:32])


def _forget_old(folder: Path) -> None:
    """Remove what no role's credentials can be valid for: the keys of an SSO login never return."""
    with suppress(OSError):
        for kept in folder.glob("*/*.json"):
            if kept.stat().st_mtime < time.time() - ROLE_SECONDS:
                kept.unlink()
                kept.parent.rmdir()


def adapt(session: Any, loading: Loading) -> None:
    """Make botocore's chain of providers, for its session, use what this module has."""
    chain = session.get_component("credential_provider")
    builder = _Providers(session, loading)
    explicit = session.instance_variables().get("profile")
    name = session.get_config_variable("profile") or "default"
    ours = {
        provider.METHOD: provider
        for provider in builder.providers(name, disable_env_vars=explicit is not None)
    }
    chain.providers = [ours.get(provider.METHOD, provider) for provider in chain.providers]
    role = chain.get_provider("assume-role")
    role.cache = LenientCache(Path("~/.aws/cli/cache").expanduser())
    role._profile_provider_builder = builder  # noqa: SLF001 - it makes its own, without an argument
    role._prompter = loading.ask  # noqa: SLF001 - as above


def watched(credentials: Any, loading: Loading) -> Any:
    """The credentials, whose refreshes raise this program's errors; checked once now.

    Raises:
        CredentialsError: they cannot be had, or no request can carry them.
    """
    refresh = getattr(credentials, "_refresh_using", None)
    if refresh is not None:

        def prepared() -> Any:
            with preparing(loading.login):
                return refresh()

        credentials._refresh_using = prepared  # noqa: SLF001 - botocore has no hook for it
    with preparing(loading.login):
        _check(credentials.get_frozen_credentials(), loading)
    return credentials


_PARTS = {
    "access_key": "access key id",
    "secret_key": "secret access key",
    "token": "session token",
}


def _check(keys: Any, loading: Loading) -> None:
    """Refuse what no header can carry: a line break in it would be quoted by Python's error."""
    for part, words in _PARTS.items():
        text = getattr(keys, part)
        if text and not all("!" <= character <= "~" for character in text):
            raise CredentialsError(
                f"{loading.login}: the {words} has a space, a line break or another character "
                "that no key has",
                hint=f"copy it again, as one line; {loading.login.hint}",
            )


@contextmanager
def turn(lock: threading.Lock, deadline: Deadline) -> Iterator[None]:
    """Hold a lock; who waits for it longer than there is time gives up."""
    if not lock.acquire(timeout=deadline.remaining()):
        raise deadline.expired()
    try:
        yield
    finally:
        lock.release()


def again(error: DashborionError) -> DashborionError:
    """The same error for another environment, which adds its own name to it.

    Not ``copy``: that calls ``__init__``, and each class has its own arguments.
    """
    fresh = type(error).__new__(type(error), *error.args)
    fresh.__dict__.update(error.__dict__)
    return fresh


def _sso_json(token: Any) -> str:
    """As the AWS CLI writes SSO tokens."""
    return json.dumps(token, default=lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
