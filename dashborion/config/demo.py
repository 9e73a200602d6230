"""``--demo``: the embedded default as environments, and nothing of the user's own beside it.

The servers are ``dashborion.demo``'s, in a process of their own. Here is what
this process needs to use them: a config, and surroundings in which neither the
AWS SDK nor a cache looks at the user's files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashborion.config.targets import (
    Config,
    EcsTarget,
    Environment,
    KubernetesTarget,
    Origin,
    Target,
)
from dashborion.demo import process
from dashborion.demo.process import Running
from dashborion.errors import ConfigError, Unreachable, UsageError

ENVIRONMENTS = ("staging", "production")
_EXTRA = "pip install 'dashborion[demo]'"
_ELSEWHERE = "set $XDG_STATE_HOME to a folder of your own"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except process.MissingExtra as error:
        raise UsageError("the demo is an extra that is not installed", hint=_EXTRA) from error
    except process.Refused as error:
        raise UsageError(str(error)) from error
    except process.UnsafeFolder as error:
        raise ConfigError(f"the demo's folder: {error}", hint=_ELSEWHERE) from error
    except process.NotStarted as error:
        raise Unreachable(
            f"the demo did not start: {error}",
            hint=f"its log is {error.log}" if error.log else _ELSEWHERE,
        ) from error


@dataclass(frozen=True)
class Embedded:
    """The demo of this user, in a folder of its own."""

    folder: Path

    @classmethod
    def of_this_user(cls) -> Embedded:
        """The one that ``--demo`` means."""
        return cls(process.default_folder())

    @_translated()
    def start(self, *, speed: float = 1.0) -> Running:
        """The running demo, started if need be.

        Raises:
            UsageError: the extra is not installed.
            Unreachable: it did not start; with its log.
        """
        return process.start(self.folder, speed=speed)

    @_translated()
    def stop(self) -> bool:
        """End it; False if it did not run."""
        return process.stop(self.folder)

    @_translated()
    def status(self) -> Running | None:
        """The running demo, if it runs."""
        return process.status(self.folder)

    @_translated()
    def reset(self) -> Running:
        """Put the fleet back as it was; raises as ``start``."""
        return process.reset(self.folder)

    @_translated()
    def disturb(self, workload: str, cause: str, environment: str) -> list[str]:
        """Let a workload suffer from a cause, or from ``none``; returns its environments.

        Raises:
            UsageError: no such workload, cause or environment; what there is, is named.
        """
        given = {"workload": workload, "cause": cause, "environment": environment}
        names: list[str] = process.ask(process.start(self.folder), "break", **given)
        return names

    def variables(self, running: Running) -> dict[str, str]:
        """What points kubectl and the AWS CLI at the demo."""
        return {
            "KUBECONFIG": str(running.kubeconfig),
            "AWS_ENDPOINT_URL": running.aws_url,
            "AWS_REGION": running.region,
            "AWS_DEFAULT_REGION": running.region,
            "AWS_ACCESS_KEY_ID": running.access_key,
            "AWS_SECRET_ACCESS_KEY": running.secret_key,
        }

    def config(self, running: Running) -> Config:
        """The demo's environments, as a file would give them."""

        def target(project: str, name: str) -> Target:
            cluster, protected = f"{project}-{name}", name == "production"
            if project == "media":
                kubeconfig = str(running.kubeconfig)
                return KubernetesTarget(
                    context=cluster,
                    namespace=cluster,  # both are of one cluster, and one is protected
                    kubeconfig=kubeconfig,
                    protected=protected,
                )
            return EcsTarget(
                cluster=cluster,
                region=running.region,
                endpoint_url=running.aws_url,
                protected=protected,
            )

        environments = [
            Environment(project=project, name=name, target=target(project, name))
            for project in ("shop", "media")
            for name in ENVIRONMENTS
        ]
        return Config(
            origin=Origin.USER,
            path=self.folder / "demo.yaml",  # names the choice of `env use`; there is no such file
            title="the demo",
            default="shop/staging",
            environments=tuple(environments),
        )

    def isolate(self, running: Running, environ: MutableMapping[str, str] = os.environ) -> None:
        """Take the user's settings, credentials, proxies and caches out of this process' sight.

        Ad-hoc names are looked for in the demo's own kubeconfig and ECS.
        """
        for name in list(environ):
            if name.startswith(("AWS_", "DASHBORION_")) or name.lower().endswith("_proxy"):
                del environ[name]
        environ.update(
            self.variables(running),
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
            DASHBORION_CACHE_DIR=str(self.folder / "cache"),
        )
