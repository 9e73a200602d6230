"""Which clusters an AWS profile sees in a region: their names, without describing them."""

from __future__ import annotations

from dataclasses import dataclass

from dashborion.orchestrators.aws.client import AwsClient
from dashborion.orchestrators.aws.sessions import Sessions
from dashborion.orchestrators.runtime import Runtime


@dataclass(frozen=True)
class SearchLocation:
    """A profile and a region to search in; None is AWS' own default.

    ``implied`` locations were not asked for: they are left out if they have no
    credentials or no region.
    """

    profile: str | None
    region: str | None = None
    implied: bool = False
    role_arn: None = None
    endpoint_url: None = None

    def __str__(self) -> str:
        account = f"profile {self.profile}" if self.profile else "AWS"
        return f"{account}, {self.region}" if self.region else account


@dataclass(frozen=True)
class Cluster:
    """A cluster that was found; ``arn`` is None if the account is not known."""

    name: str
    arn: str | None


@dataclass(frozen=True)
class Search:
    """Searches for clusters, in sessions that they share."""

    sessions: Sessions

    def located(self, location: SearchLocation, runtime: Runtime) -> SearchLocation:
        """The location with its session's profile and region; may prompt for an MFA code.

        Raises:
            UsageError: no region is configured anywhere.
            CredentialsError: unknown profile, or no credentials.
        """
        aws = self.sessions.connect(location, runtime)
        self.sessions.signing_keys(location)
        profile = location.profile
        if profile is None and not runtime.environ.get("AWS_ACCESS_KEY_ID"):
            profile = runtime.environ.get("AWS_PROFILE") or None  # which need not be set next time
        return SearchLocation(profile, aws.region, location.implied)

    def ecs(self, location: SearchLocation, runtime: Runtime) -> list[Cluster]:
        """The ECS clusters; raises as ``AwsClient.call``."""
        aws = self.sessions.connect(location, runtime)
        arns = aws.listed("ecs", "list_clusters", "clusterArns", maxResults=100)
        return [Cluster(arn.rpartition("/")[2], arn) for arn in arns]

    def eks(self, location: SearchLocation, runtime: Runtime) -> list[Cluster]:
        """The EKS clusters; raises as ``AwsClient.call``."""
        aws = self.sessions.connect(location, runtime)
        names = eks_clusters(aws)
        if not names:
            return []
        # The list does not name the account; arn:aws:sts::123456789012:assumed-role/… does.
        _, partition, _, _, account, *_ = [*aws.identity().split(":"), *[""] * 5]
        prefix = f"arn:{partition}:eks:{aws.region}:{account}:cluster/"
        return [Cluster(name, f"{prefix}{name}" if account else None) for name in names]


def eks_clusters(aws: AwsClient) -> list[str]:
    """The names of all EKS clusters of a region."""
    return aws.listed("eks", "list_clusters", "clusters", maxResults=100)
