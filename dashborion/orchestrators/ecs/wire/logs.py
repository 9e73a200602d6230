"""CloudWatch Logs."""

from __future__ import annotations

from dashborion.orchestrators.ecs.wire.base import Wire


class LogEvent(Wire, frozen=True):
    """Times in milliseconds; id and stream only where several streams were asked for."""

    timestamp: int = 0
    message: str = ""
    ingestion_time: int = 0
    event_id: str = ""
    log_stream_name: str = ""
