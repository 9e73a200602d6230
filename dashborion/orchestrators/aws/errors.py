"""botocore's errors as this program's: what happened, to which identity, how to go on.

AWS' own words are kept; botocore's are passed on only where they can hold nothing of
the user's: neither an URL's password or query, nor a header, nor what a program printed.
"""

from __future__ import annotations

import os
import re
import ssl
import string
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as core
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.parsers import ResponseParserError

from dashborion.errors import (
    BadAnswer,
    ConfigError,
    CredentialsError,
    DashborionError,
    Forbidden,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
    short,
)
from dashborion.orchestrators.addresses import without_secrets
from dashborion.orchestrators.aws.login import Login, missing_files, named_file

# AWS' codes without the suffix "Exception", which some services have and others have not.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenId", "RequestExpired", "TokenRefreshRequired"})
_NOT_ACCEPTED = frozenset({
    "UnrecognizedClient", "InvalidClientTokenId", "InvalidClient", "AuthFailure",
    "InvalidAccessKeyId", "InvalidToken", "InvalidSecurityToken", "NotSignedUp",
    "InvalidSecurity", "AccountProblem", "InactiveAccount",
})  # fmt: skip
_SIGNATURE = frozenset({
    "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature",
    "MissingAuthenticationToken", "InvalidAuthorizationHeader",
})  # fmt: skip
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_NOT_IN_REGION = frozenset({"OptInRequired", "SubscriptionRequired", "RegionDisabled"})
_FORBIDDEN = frozenset({
    "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "Unauthorized", "Forbidden",
    "401", "403", "407",  # of a proxy
})  # fmt: skip
_THROTTLED = frozenset({
    "Throttling", "Throttled", "RequestThrottled", "RequestLimitExceeded", "TooManyRequests",
    "ProvisionedThroughputExceeded", "SlowDown", "PriorRequestNotComplete", "429",
    "LimitExceeded", "BandwidthLimitExceeded", "EC2Throttled", "TransactionInProgress",
})  # fmt: skip

# What is sent while credentials are prepared; whatever else is refused there is a login problem.
_OF_CREDENTIALS = frozenset({
    "AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken",
    "CreateOAuth2Token",
})  # fmt: skip

# The fields of botocore's messages that hold names alone, and those that hold URLs.
_NAMES = frozenset({
    "profile", "path", "region_name", "service_name", "operation_name", "cred_var", "provider",
    "source_profile", "visited_profiles", "data_path", "api_version", "param", "type_name",
})  # fmt: skip
_URLS = frozenset({"endpoint_url", "proxy_url", "endpoint"})

_NOT_THERE = (core.NoCredentialsError, core.PartialCredentialsError, core.InfiniteLoopConfigError)
_RELOGIN = (core.SSOError, core.TokenRetrievalError, core.LoginError, core.NoAuthTokenError,
            core.CredentialRetrievalError, core.MetadataRetrievalError)  # fmt: skip


def was_never_sent(error: BaseException | None) -> bool:
    """Whether botocore failed before a request was on its way.

    A TLS error may also come while the answer is read; one about the certificate does not.
    """
    if isinstance(error, core.SSLError):
        inner = error.kwargs.get("error")
        return any(
            isinstance(part, ssl.SSLCertVerificationError) for part in (inner, *_args(inner))
        )
    return isinstance(
        error, core.EndpointConnectionError | core.ConnectTimeoutError | core.ProxyConnectionError
    )


def _args(error: object) -> tuple[object, ...]:
    return error.args if isinstance(error, BaseException) else ()


class Refused(DashborionError):
    """A request that the API understood and declined; ``reason`` is its error code."""

    code = "refused"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def translated(login: Login, operation: str = "AWS") -> Iterator[None]:
    """Raise this program's errors in place of botocore's, which may not say what was asked.

    Raises:
        CredentialsError: no credentials, expired or not accepted ones; with a command to log in.
        Forbidden: with the action's name.
        Throttled, Unreachable, TimedOut, BadAnswer: no usable answer.
    """
    try:
        yield
    except DashborionError:
        raise
    except core.ClientError as error:
        raise _refused(error, login) from error
    except core.BotoCoreError as error:
        raise _of_botocore(error, login) or Unreachable(
            f"{operation}: AWS' SDK cannot send it: {type(error).__name__}"
        ) from error
    except (ResponseParserError, ValueError, LookupError, TypeError, AttributeError,
            RecursionError) as error:  # fmt: skip
        # What botocore's parsers raise for answers that are damaged; their text quotes the answer.
        raise BadAnswer(f"{operation}: an answer that cannot be read") from error


@contextmanager
def preparing(login: Login) -> Iterator[None]:
    """As ``translated``, while credentials are prepared: what goes wrong there is theirs.

    Raises:
        CredentialsError: they cannot be had from where they should come from.
        ConfigError: AWS' own files or variables cannot be read.
        Unavailable: whoever gives them does not answer.
    """
    try:
        yield
    except DashborionError:
        raise
    except core.ClientError as error:
        raise _refused(error, login) from error
    except core.ParamValidationError as error:  # of a token in a file, a code that was typed
        message = f"{login}: the credentials are not as AWS documents them"
        raise CredentialsError(message, hint=login.hint) from error
    except core.BotoCoreError as error:
        raise _of_botocore(error, login) or CredentialsError(
            f"{login} cannot be used: {type(error).__name__}", hint=login.hint
        ) from error
    except ResponseParserError as error:
        raise BadAnswer(f"{login}: an answer that cannot be read") from error
    except OSError as error:
        file = named_file(error.filename, os.environ) if error.filename else str(login)
        reason = error.strerror or type(error).__name__
        raise CredentialsError(f"cannot read {file}: {reason}", hint=login.hint) from error
    except Exception as error:
        # Such as a ValueError of a date, a KeyError of a cache file, a RuntimeError when what was
        # refreshed has expired: botocore has no errors of its own for them.
        how = "have expired" if isinstance(error, RuntimeError) else "are not as AWS documents them"
        raise CredentialsError(f"{login}: the credentials {how}", hint=login.hint) from error


def error_code(error: core.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "unknown")


def bare(url: object) -> str:
    """A URL's scheme, host and port; what is no URL may be anything, and is not shown."""
    text = str(url)
    return without_secrets(text) if "://" in text else "a malformed URL"


# --- What AWS answered ---------------------------------------------------------------------------


def _refused(error: core.ClientError, login: Login) -> DashborionError:
    code, operation = error_code(error), error.operation_name
    reason = code.removesuffix("Exception")
    message = _words(str(error.response.get("Error", {}).get("Message") or code), reason)
    if code.isdigit():  # a page, perhaps of a proxy: not AWS' words
        message = f"answered with {code}, without an error of AWS' own"
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode") or 0)
    said = message if operation in message else f"{operation}: {message}"
    if 300 <= status < 400:
        where = bare(metadata.get("HTTPHeaders", {}).get("location", ""))
        return BadAnswer(f"{operation} was answered with a redirect ({status}) to {where}")
    if reason in _THROTTLED or status == 429:
        return Throttled(said, hint="AWS answers this account again in a minute or so")
    if status >= 500:
        return Unreachable(f"{operation} was answered with {status}: {message}")
    if (refusal := _of_credentials(reason, operation, said, login)) is not None:
        return refusal
    if code.isdigit():
        return BadAnswer(said)
    return Refused(said, reason=code)


def _of_credentials(
    reason: str, operation: str, words: str, login: Login
) -> DashborionError | None:
    """A refusal of who we are; None for one of what we ask."""
    if reason in _EXPIRED:
        return CredentialsError(f"the AWS credentials have expired ({words})", hint=login.hint)
    if reason in _CLOCK or (reason in _SIGNATURE and _CLOCK_WORDS.search(words)):
        return CredentialsError(
            f"AWS does not accept the time of the request ({words})",
            hint="set this machine's clock: it differs from AWS' by minutes",
        )
    if reason in _NOT_ACCEPTED or reason in _SIGNATURE:
        return CredentialsError(f"AWS does not accept the credentials ({words})", hint=login.hint)
    if reason in _NOT_IN_REGION:
        return CredentialsError(
            f"the account does not have the service in this region ({words})",
            hint="enable the region or the service for the account, or choose another region",
        )
    if operation == "GetRoleCredentials" and reason == "Unauthorized":
        return CredentialsError(f"the SSO login is not accepted ({words})", hint=login.hint)
    hint = "check `role_arn` and whom the role trusts" if operation == "AssumeRole" else None
    if reason in _FORBIDDEN and operation not in ("GetRoleCredentials", "CreateToken"):
        return Forbidden(words, hint=hint)
    if operation in _OF_CREDENTIALS:
        words = f"{login}: AWS gives no credentials ({words})"
        return CredentialsError(words, hint=hint or login.hint)
    return None


_CLOCK_WORDS = re.compile(r"Signature (expired|not yet current)", re.IGNORECASE)
# "Value 'eyJ…' at 'webIdentityToken' failed to satisfy constraint", "'a=b' not a valid key=value
# pair in Authorization header: 'AWS4-…'": what we sent comes back.
_VALUE_AT = re.compile(r"\bValue '.*?'(?= at ')", re.DOTALL)
# What stays is the name of a parameter, a region, or a day.
_QUOTED = re.compile(
    r"(?<!\w)'(?!(?:[A-Z][A-Za-z]{2,15}|[a-z]{2}(?:-[a-z]+)+-\d|\d{8})')[^']+(?:'|$)|(?<==)\S+"
)


def _words(message: str, reason: str) -> str:
    """AWS' message without what may be ours in it.

    Messages about signatures go on with the canonical request, headers included: of those
    the first sentence is kept.
    """
    message = _VALUE_AT.sub("Value '…'", message)
    if reason not in _SIGNATURE:
        return message
    first = re.split(r"\n|(?<=[.)]) |Authorization=", message, maxsplit=1)[0]
    return _QUOTED.sub("'…'", first).strip()


# --- What botocore raised ------------------------------------------------------------------------


def _of_botocore(error: core.BotoCoreError, login: Login) -> DashborionError | None:
    """The error for one of botocore's classes; None for a class that nobody foresaw."""
    text = _safe_text(error)
    if (local := _of_settings(error, text, login)) is not None:
        return local
    if isinstance(error, core.ConnectTimeoutError | core.ReadTimeoutError):
        return TimedOut(text)
    if isinstance(error, core.IncompleteReadError | core.ResponseStreamingError):
        return BadAnswer("an answer of AWS that was cut short")
    if isinstance(error, core.SSLError):
        reason = re.search(r"certificate verify failed(: [\w -]+)?", str(error))
        return Unreachable(f"{text}: {reason[0] if reason else 'the TLS handshake failed'}")
    if isinstance(error, core.HTTPClientError | core.ConnectionError):
        return Unreachable(text)
    return None


def _of_settings(error: core.BotoCoreError, text: str, login: Login) -> DashborionError | None:
    """Errors of what this machine has: settings, files, and no credentials."""
    if isinstance(error, core.NoRegionError):
        return UsageError(text, hint="set `region:` in the config or $AWS_REGION")
    if isinstance(error, core.ConfigNotFound | core.ConfigParseError):
        return ConfigError(text + _line(error.kwargs.get("error")))
    if isinstance(error, core.ParamValidationError):
        return UsageError(_VALUE.sub("", str(error)))
    if isinstance(error, core.InvalidRegionError):
        region = short(error.kwargs.get("region_name", "?"))
        hint = "correct `region:` in the config, $AWS_REGION or AWS' own files"
        return UsageError(f"'{region}' is not a region of AWS", hint=hint)
    if isinstance(error, core.ValidationError):
        return UsageError(text)
    return _of_login(error, text, login) or _of_other_settings(error, login)


def _of_other_settings(error: core.BotoCoreError, login: Login) -> DashborionError | None:
    """Settings that have nothing to do with credentials, for which botocore has many classes."""
    if not type(error).__name__.startswith("Invalid"):
        return None
    said = str(error.kwargs.get("error_msg", ""))
    names = (name for name in BOTOCORE_DEFAUT_SESSION_VARIABLES if "_" in name and name in said)
    is_text = isinstance(error, core.InvalidConfigError)
    other = "one is not as AWS documents it" if is_text else _without_values(error)
    told = next((f"`{name}` is not valid" for name in names), other)
    return ConfigError(f"a setting for AWS: {told}", hint=_correct(login))


def _without_values(error: core.BotoCoreError) -> str:
    """botocore's message without what it fills in, but for the values that would be valid."""
    template: str = error.fmt
    fields = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    safe = {name for name in fields if name.startswith("valid_") or name == "config_key"}
    return template.format(**{name: error.kwargs[name] if name in safe else "…" for name in fields})


def _correct(login: Login) -> str:
    profile = f"profile '{login.profile}'" if login.profile else "the default profile"
    return f"correct {profile} in AWS' config file, or the variable that sets it"


def _of_login(error: core.BotoCoreError, text: str, login: Login) -> DashborionError | None:
    if isinstance(error, core.ProfileNotFound):
        option = Login(profile=error.kwargs.get("profile") or login.profile).option
        hint = f"`aws configure{option}` makes it; see `aws configure list-profiles`"
        return CredentialsError(text + missing_files(os.environ), hint=hint)
    if isinstance(error, _NOT_THERE):
        is_setting = not isinstance(error, core.NoCredentialsError) and login.way not in (
            "keys",
            "variables",
        )
        return CredentialsError(
            f"no AWS credentials: {text}{missing_files(os.environ)}",
            hint=_correct(login) if is_setting else login.hint,
        )
    if isinstance(error, core.MissingDependencyException):
        return CredentialsError(
            f"no AWS credentials from {login}: it needs the AWS Common Runtime, which is not there",
            hint="install it with `pip install 'botocore[crt]'`, or 'dashborion[aws-login]'",
        )
    if isinstance(error, core.RefreshWithMFAUnsupportedError):
        return CredentialsError(f"{login}: expired, and needs an MFA code", hint=login.hint)
    if isinstance(error, _RELOGIN):
        return CredentialsError(f"no AWS credentials from {login}: {_why(error)}", hint=login.hint)
    if isinstance(error, core.InvalidConfigError) and (told := _invalid(error, login)):
        return CredentialsError(f"no AWS credentials: {told}", hint=_correct(login))
    return None


# "Invalid type for parameter x[0].value, value: 1, type: …": it may be a secret's.
_VALUE = re.compile(r"(?<=, )value: .*?, (?=type: |valid )", re.DOTALL)


def _safe_text(error: core.BotoCoreError) -> str:
    """botocore's message, if all that it fills in are names, or URLs that can be bared."""
    fields = {name for _, name, _, _ in string.Formatter().parse(error.fmt) if name}
    if fields <= {"endpoint_url", "error"} and isinstance(error, core.SSLError):
        return f"TLS to {bare(error.kwargs.get('endpoint_url'))}"
    if not fields <= _NAMES | _URLS:
        return f"the request to AWS failed ({type(error).__name__})"
    values = {name: error.kwargs.get(name, "?") for name in fields}
    template: str = error.fmt
    return template.format(
        **{name: bare(value) if name in _URLS else value for name, value in values.items()}
    )


def _why(error: core.BotoCoreError) -> str:
    if isinstance(error, core.SSOTokenLoadError | core.LoginTokenLoadError):
        return "there is no login, or it cannot be read"
    if isinstance(error, core.CredentialRetrievalError | core.MetadataRetrievalError):
        return "it gives none"
    return "it has expired or is not accepted"


def _invalid(error: core.BotoCoreError, login: Login) -> str | None:
    """What about a profile's credentials botocore does not take; None if it is something else.

    Its text is passed on where all that it quotes are names of profiles and settings.
    """
    text = str(error.kwargs.get("error_msg", ""))
    if "inconsistent between" in text:  # and then both values
        return f"{login}: profile and sso-session contradict each other"
    if text.startswith("The credential source "):  # and then its value
        return f"{login}: `credential_source` is not one that AWS' SDK knows"
    return text if _ABOUT_NAMES.search(text) else None


# Which profile and which setting; what else botocore raises the class for has values in it.
_ABOUT_NAMES = re.compile(
    r"contains both source_profile|credential_source|source_profile|sso_session|sso-session"
    r"|missing required configuration|role ARN configured|source profile \""
)


def _line(error: object) -> str:
    """Where a file cannot be parsed; the parser's own words quote the line."""
    number = getattr(error, "lineno", None)
    if number is None and (errors := getattr(error, "errors", None)):
        number = errors[0][0]
    return f", line {number}" if number else ""
