"""Jobs and CronJobs, which only ``dashborion k8s`` shows."""

from __future__ import annotations

from datetime import datetime

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Reference, Wire
from dashborion.orchestrators.kubernetes.wire.workloads import Template


class JobSpec(Wire, frozen=True):
    completions: int | None = None
    parallelism: int | None = None
    suspend: bool | None = None
    template: Template = Template()


class JobStatus(Wire, frozen=True):
    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: list[Condition] | None = None


class Job(Object, frozen=True):
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class CronJobTemplate(Wire, frozen=True):
    spec: JobSpec = JobSpec()


class CronJobSpec(Wire, frozen=True):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: CronJobTemplate = CronJobTemplate()


class CronJobStatus(Wire, frozen=True):
    active: list[Reference] | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(Object, frozen=True):
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()
