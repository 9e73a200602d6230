"""The whole demo in one process: both APIs, both fleets, and the ticks that move them."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import secrets
import threading
from datetime import UTC, datetime
from typing import Any, Self

from dashborion.demo.ecs.aws_server import AwsServer
from dashborion.demo.fleets import media as fleet_media
from dashborion.demo.fleets import shop as fleet_shop
from dashborion.demo.http_server import new_identity
from dashborion.demo.kubernetes.api import USER
from dashborion.demo.kubernetes.cluster import KubernetesCluster

_TICK_SECONDS = 0.25
_PAUSE_SECONDS = 15.0  # between two rounds of the rollout that repeats
_RESTS_AFTER, _REST_SECONDS = 10.0, 2.0  # without a request, and then from one tick to the next
_log = logging.getLogger(__name__)


class Demo:
    """A context manager. With ``is_ticking=False`` nothing moves until ``tick`` is called."""

    def __init__(self, *, speed: float = 1.0, is_ticking: bool = True) -> None:
        self.speed, self._is_ticking = speed, is_ticking
        # Credentials and certificate are kept over a reset.
        self.access_key = f"AKIA{secrets.token_hex(12).upper()}"
        self.secret_key, self.token = secrets.token_urlsafe(30), secrets.token_urlsafe(30)
        self.identity = new_identity()
        self._asked = datetime.now(UTC)
        self._awake, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._shops: list[fleet_shop.Shop] = []
        self._media: list[fleet_media.Media] = []
        self.aws = AwsServer(access_key=self.access_key, secret_key=self.secret_key)
        self.kubernetes = KubernetesCluster(self.token, speed=speed)

    @property
    def idle_seconds(self) -> float:
        return (datetime.now(UTC) - self._asked).total_seconds()

    def start(self) -> Self:
        now = datetime.now(UTC)
        self.aws.on_request = self._note_activity
        self.aws.start()
        try:
            self.kubernetes.api.start(tls=self.identity.context)
        except OSError:
            self.aws.stop()
            raise
        self.kubernetes.api.on_request = lambda _: self._note_activity()
        self.kubernetes.api.on_write = self._awake.set
        self.kubernetes.api.on_control = self.control
        self._populate(now)
        if self._is_ticking:
            self._thread = threading.Thread(target=self._run, name="demo ticks", daemon=True)
            self._thread.start()
        return self

    def _populate(self, now: datetime) -> None:
        self._media = fleet_media.populate(self.kubernetes, now)
        self._shops = fleet_shop.populate(self.aws, now, self.speed)

    def reset(self) -> None:
        """Put the fleets back; addresses and credentials stay."""
        with self.aws.lock, self.kubernetes.store.lock:
            self.aws.reset()
            self.kubernetes.reset()
            self._populate(datetime.now(UTC))

    def control(self, what: str, given: dict[str, str]) -> list[str]:
        """What is asked of the demo itself; raises LookupError for what there is not."""
        if what == "reset":
            self.reset()
            return []
        if what == "break":
            return self.disturb(**given)
        raise LookupError(f"the demo knows no {what!r}")

    def disturb(self, workload: str, cause: str, environment: str = "") -> list[str]:
        """Let a workload suffer from a cause, or from ``none``; returns its environments.

        The first one that has it, if none is given.
        """
        fleets: dict[str, fleet_media.Media | fleet_shop.Shop] = {
            **{f"shop/{shop.environment}": shop for shop in self._shops},
            **{f"media/{media.environment}": media for media in self._media},
        }
        given = {
            name: fleet
            for name, fleet in fleets.items()
            if environment in ("", name, *name.split("/"))
        }
        having = {name: fleet for name, fleet in given.items() if workload in fleet.breakable}
        able = [name for name, fleet in having.items() if cause in ("none", *fleet.causes)]
        workloads = {one for fleet in given.values() for one in fleet.breakable}
        causes = {one for fleet in having.values() for one in fleet.causes}
        for found, problem, known in (
            (given, f"there is no environment {environment!r}", set(fleets)),
            (having, f"there is no {workload!r} to break", workloads),
            (able, f"{workload} cannot suffer from {cause!r}", causes),
        ):
            if not found:
                raise LookupError(f"{problem}; known: {', '.join(sorted(known))}")
        chosen = able if cause == "none" else able[:1]
        with self.aws.lock, self.kubernetes.store.lock:
            for name in chosen:
                fleets[name].disturb(workload, cause)
        self._awake.set()
        return chosen

    def stop(self) -> None:
        self._over.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        self.kubernetes.api.stop()
        self.aws.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def tick(self, now: datetime | None = None) -> None:
        """Move both fleets on to that moment, or to the present."""
        moment = now or datetime.now(UTC)
        with self.kubernetes.store.lock:
            self.kubernetes.tick(now)
            for media in self._media[-1:]:
                media.repeat(moment, _PAUSE_SECONDS)
        with self.aws.lock:
            for shop in self._shops:
                shop.scheduler.tick(now)
            for shop in self._shops[-1:]:
                shop.repeat(moment, _PAUSE_SECONDS)

    def kubeconfig(self) -> str:
        """One context for each environment of ``media``; JSON, which is YAML."""
        authority = base64.b64encode(self.identity.authority.encode()).decode()
        cluster = {"server": self.kubernetes.api.url, "certificate-authority-data": authority}
        names = [media.namespace for media in self._media]
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": USER, "cluster": cluster}],
            "users": [{"name": USER, "user": {"token": self.token}}],
            "contexts": [
                {"name": name, "context": {"cluster": USER, "user": USER, "namespace": name}}
                for name in names
            ],
            "current-context": names[0],
        }
        return json.dumps(config, indent=2)

    def _note_activity(self) -> None:
        if self.idle_seconds > _RESTS_AFTER:
            self._awake.set()  # what has become of it meanwhile is seen at once
        self._asked = datetime.now(UTC)

    def _run(self) -> None:
        pause = _TICK_SECONDS / max(1.0, self.speed) ** 0.5
        while not self._over.is_set():
            self._awake.wait(_REST_SECONDS if self.idle_seconds > _RESTS_AFTER else pause)
            self._awake.clear()
            try:
                self.tick()
            except Exception:  # noqa: BLE001 - one bad object must not stop the world
                _log.exception("a tick failed")
            with contextlib.suppress(RuntimeError):
                self._over.wait(0.02)  # writes in a row are seen together
