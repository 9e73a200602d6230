"""botocore's errors as this program's: what happened, to which identity, how to go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as core
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
)

_EXPIRED = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
})  # fmt: skip
_NOT_ACCEPTED = frozenset({
    "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
    "SignatureDoesNotMatch", "AuthFailure", "MissingAuthenticationToken", "InvalidAccessKeyId",
    "IncompleteSignature",
})  # fmt: skip
_FORBIDDEN = frozenset({
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized",
})  # fmt: skip
_THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
    "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottledException",
    "ProvisionedThroughputExceededException", "SlowDown", "PriorRequestNotComplete",
})  # fmt: skip


@contextmanager
def translated(profile: str | None) -> Iterator[None]:
    """Raise this program's errors in place of botocore's.

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
        raise _refused(error, profile) from error
    except core.BotoCoreError as error:
        raise _unsent(error, profile) from error
    except ResponseParserError as error:
        raise BadAnswer(f"an answer that cannot be read: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # botocore's parsers raise these for answers that are damaged.
        raise BadAnswer(f"an answer that cannot be read: {type(error).__name__}") from error


def error_code(error: core.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "unknown")


def _refused(error: core.ClientError, profile: str | None) -> DashborionError:
    code = error_code(error)
    message = str(error.response.get("Error", {}).get("Message") or code)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    operation = error.operation_name
    if code in _FORBIDDEN:
        return Forbidden(message if operation in message else f"{operation}: {message}")
    if code in _EXPIRED:
        return CredentialsError(
            f"the AWS credentials have expired ({operation})", hint=login_hint(profile)
        )
    if code in _NOT_ACCEPTED:
        return CredentialsError(
            f"AWS does not accept the credentials ({operation}: {message})",
            hint=login_hint(profile),
        )
    if code in _THROTTLED:
        return Throttled(f"{operation}: {message}")
    if status >= 500:
        return Unreachable(f"{operation} was answered with {status}: {message}")
    return Refused(f"{operation}: {message}", reason=code)


class Refused(DashborionError):
    """A request that the API understood and declined; ``reason`` is its error code."""

    code = "refused"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def _unsent(error: core.BotoCoreError, profile: str | None) -> DashborionError:
    text = str(error)
    if isinstance(error, core.NoRegionError):
        return UsageError(text, hint="set `region:` in the config or $AWS_REGION")
    if isinstance(error, core.ProfileNotFound):
        name = error.kwargs.get("profile") or profile
        hint = f"`aws configure --profile {name}` makes it; see `aws configure list-profiles`"
        return CredentialsError(text, hint=hint)
    if isinstance(error, _LOGIN_ERRORS):
        return CredentialsError(f"no AWS credentials: {text}", hint=login_hint(profile))
    if isinstance(error, core.ConfigNotFound | core.ConfigParseError | core.InvalidConfigError):
        return ConfigError(text)
    if isinstance(error, core.ConnectTimeoutError | core.ReadTimeoutError):
        return TimedOut(text)
    if isinstance(error, core.IncompleteReadError):
        return BadAnswer(f"an answer that cannot be read: {text}")
    if isinstance(error, core.HTTPClientError | core.ConnectionError):
        return Unreachable(text)
    if isinstance(error, core.ParamValidationError):
        return UsageError(_VALUE.sub("", text))
    if isinstance(error, core.InvalidRegionError | core.ValidationError):
        return UsageError(text)
    return Unreachable(text)


# "Invalid type for parameter x[0].value, value: 1, type: …": it may be a secret's.
_VALUE = re.compile(r"(?<=, )value: .*?, (?=type: |valid )", re.DOTALL)

_LOGIN_ERRORS = (
    core.NoCredentialsError,
    core.PartialCredentialsError,
    core.CredentialRetrievalError,
    core.SSOError,
    core.TokenRetrievalError,
    core.InfiniteLoopConfigError,
)
NEVER_SENT = (core.EndpointConnectionError, core.ConnectTimeoutError, core.SSLError)


def login_hint(profile: str | None) -> str:
    option = f" --profile {profile}" if profile else ""
    return f"log in with `aws sso login{option}`, or check `aws sts get-caller-identity{option}`"
