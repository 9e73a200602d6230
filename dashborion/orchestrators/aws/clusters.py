"""Which clusters an AWS profile sees in a region: their names, without describing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashborion.errors import BadAnswer
from dashborion.orchestrators.aws.sessions import Aws, Sessions
from dashborion.orchestrators.protocol import Runtime


@dataclass(frozen=True)
class SearchLocation:
    """A profile and a region to search; None for AWS' own default.

    ``implied`` locations were not asked for: without credentials or a region they
    are skipped.
    """

    profile: str | None
    region: str | None = None
    implied: bool = False
    role_arn: None = None
    endpoint_url: None = None

    def __str__(self) -> str:
        who = f"profile {self.profile}" if self.profile else "AWS"
        return f"{who}, {self.region}" if self.region else who


@dataclass(frozen=True)
class Cluster:
    """A cluster that was seen; ``arn`` is None where the account is not known."""

    name: str
    arn: str | None


@dataclass(frozen=True)
class Search:
    """Questions to AWS, in sessions that they share."""

    sessions: Sessions

    def located(self, location: SearchLocation, runtime: Runtime) -> SearchLocation:
        """The location with its session's profile and region; may prompt for an MFA code.

        Raises:
            UsageError: no region is configured anywhere.
            CredentialsError: unknown profile, or no credentials.
        """
        aws = self.sessions.connect(location, runtime)
        self.sessions.keys(location)
        named = location.profile
        if named is None and not runtime.environ.get("AWS_ACCESS_KEY_ID"):
            named = runtime.environ.get("AWS_PROFILE") or None  # which need not be set next time
        return SearchLocation(named, aws.region, location.implied)

    def ecs(self, location: SearchLocation, runtime: Runtime) -> list[Cluster]:
        """The ECS clusters; raises as ``Aws.call``."""
        aws = self.sessions.connect(location, runtime)
        pages = aws.pages("ecs", "list_clusters", "clusterArns", maxResults=100)
        return [Cluster(arn.rpartition("/")[2], arn) for page in pages for arn in page]

    def eks(self, location: SearchLocation, runtime: Runtime) -> list[Cluster]:
        """The EKS clusters; raises as ``Aws.call``."""
        aws = self.sessions.connect(location, runtime)
        names = eks_clusters(aws)
        if not names:
            return []
        # arn:aws:sts::123456789012:assumed-role/…: the list itself does not say whose they are.
        _, partition, _, _, account, *_ = [*aws.identity().split(":"), *[""] * 5]
        prefix = f"arn:{partition}:eks:{aws.region}:{account}:cluster/"
        return [Cluster(name, f"{prefix}{name}" if account else None) for name in names]


def eks_clusters(aws: Aws) -> list[str]:
    """The names of all clusters of a region."""
    asked: dict[str, Any] = {"maxResults": 100}
    found: list[str] = []
    while True:
        answer = aws.call("eks", "list_clusters", **asked)
        names = answer.get("clusters")
        if not isinstance(names, list):
            raise BadAnswer("eks:ListClusters: an answer that was cut short")
        found += [str(one) for one in names]
        if not answer.get("nextToken"):
            return found
        asked["nextToken"] = answer["nextToken"]
