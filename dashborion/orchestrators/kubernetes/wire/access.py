"""The version of a server, and its answers about who is asking and what they may do."""

from __future__ import annotations

from dashborion.orchestrators.kubernetes.wire.meta import Wire


class Version(Wire, frozen=True):
    git_version: str


class UserInfo(Wire, frozen=True):
    username: str | None = None


class SelfSubject(Wire, frozen=True):
    user_info: UserInfo = UserInfo()


class SelfSubjectReview(Wire, frozen=True):
    status: SelfSubject = SelfSubject()


class Access(Wire, frozen=True):
    allowed: bool = False


class AccessReview(Wire, frozen=True):
    status: Access = Access()
