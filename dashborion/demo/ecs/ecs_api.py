"""ECS as moto has it, with AWS's pages, limits, filters and failures.

Limits are those of botocore's model documentation. Where the wording of an error is not known
from a live account it is our own; codes are AWS's.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.core.serialize import never_return
from moto.core.utils import get_service_model
from moto.ecs.exceptions import (
    ClusterNotFoundException,
    InvalidParameterException,
    ServiceNotFoundException,
    TaskDefinitionNotFoundException,
)
from moto.ecs.models import Cluster, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse

from dashborion.demo.ecs import express
from dashborion.demo.ecs.aws_protocol import Thing, page_of
from dashborion.demo.ecs.deployments import (
    described_revision,
    revisions,
    service_deployments,
    summary,
)
from dashborion.demo.ecs.moto_objects import Json, request_time
from dashborion.demo.ecs.tasks import begin_stop, finish_stop

_NO_EXEC = (
    "The execute command failed because execute command was not enabled when the task was run or "
    "the execute command agent isn't running. Wait and try again or run a new task with execute "
    "command enabled and try again."
)
_OF_THE_PAGE = ("maxResults", "nextToken")


class EcsApi(EC2ContainerServiceResponse):
    """One request to ECS."""

    plays_out = False  # whether a scheduler carries on what a request begins

    def __init__(self) -> None:
        super().__init__()
        # moto hides tags by changing this for the whole class, which races between threads.
        self.RESPONSE_KEY_PATH_TO_TRANSFORMER = dict(type(self).RESPONSE_KEY_PATH_TO_TRANSFORMER)

    # Clusters

    def list_clusters(self) -> ActionResult:
        arns = [c.arn for c in self.ecs_backend.clusters.values() if c.status == "ACTIVE"]
        return self._page("clusterArns", arns, default=100)

    def describe_clusters(self) -> ActionResult:
        self._asked("clusters", 100, at_least=0)
        for cluster in self.ecs_backend.clusters.values():
            tasks = self.ecs_backend.tasks.get(cluster.name, {}).values()
            status = [task.last_status for task in tasks]
            cluster.running_tasks_count = status.count("RUNNING")
            cluster.pending_tasks_count = sum(s in ("PROVISIONING", "PENDING") for s in status)
            cluster.active_services_count = len(self._active_services(cluster))
            machines = self.ecs_backend.container_instances.get(cluster.name, {})
            cluster.registered_container_instances_count = len(machines)
        include = self._get_param("include", [])
        for part, member in (("SETTINGS", "settings"), ("CONFIGURATIONS", "configuration")):
            if part not in include:
                path = f"DescribeClustersResponse.clusters.Cluster.{member}"
                self.RESPONSE_KEY_PATH_TO_TRANSFORMER[path] = never_return
        return super().describe_clusters()

    # Services

    def list_services(self) -> ActionResult:
        cluster = self._cluster()
        launch_type = self._get_param("launchType")
        strategy = self._get_param("schedulingStrategy")
        arns = [
            service.arn
            for service in self._active_services(cluster)
            if launch_type in (None, service.launch_type)
            and strategy in (None, service.scheduling_strategy)
        ]
        return self._page("serviceArns", arns, default=10)

    def describe_services(self) -> ActionResult:
        cluster, asked = self._cluster(), self._asked("services", 10)
        names = [_id_in(cluster, "service", identifier) for identifier in asked]
        services = {
            self._arn("service", cluster, name): self.ecs_backend.services.get(
                f"{cluster.name}:{name}"
            )
            for name in names
        }
        for service in filter(None, services.values()):  # what is not in moto's objects
            arns = [made["serviceDeploymentArn"] for made in service_deployments(service)]
            summaries = [summary(service, made) for made in service.deployments]
            vars(service).update(
                current_service_deployment=next(iter(arns), None),
                current_service_revisions=summaries,
            )
        return self._answer("services", {arn: _told(one) for arn, one in services.items()})

    def describe_express_gateway_service(self) -> ActionResult:
        arn = self._get_param("serviceArn")
        known = [one for one in self.ecs_backend.services.values() if one.arn == arn]
        if not known or not express.is_express(known[0]):
            raise ServiceNotFoundException
        definition = self.ecs_backend.describe_task_definition(known[0].task_definition or "")
        return ActionResult({"service": express.described(known[0], definition, self.region)})

    def _active_services(self, cluster: Cluster) -> list[Service]:
        """The services in lists: one being deleted (DRAINING, then INACTIVE) is not listed."""
        return [
            service
            for service in self.ecs_backend.services.values()
            if service.cluster_arn == cluster.arn and service.status == "ACTIVE"
        ]

    def _service(self, cluster: Cluster) -> Service:
        name = _id_in(cluster, "service", self._get_param("service"))
        if service := self.ecs_backend.services.get(f"{cluster.name}:{name}"):
            return service
        raise ServiceNotFoundException

    # Service deployments and revisions

    def list_service_deployments(self) -> ActionResult:
        created, status = self._get_param("createdAt", {}), self._get_param("status")
        deployments = [
            deployment
            for deployment in service_deployments(self._service(self._cluster()))
            if (not status or deployment["status"] in status)
            and created.get("after", deployment["createdAt"]) <= deployment["createdAt"]
            and created.get("before", deployment["createdAt"]) >= deployment["createdAt"]
        ]
        return self._page(
            "serviceDeployments",
            deployments,
            default=20,
            key=lambda deployment: str(deployment["serviceDeploymentArn"]),
            is_sorted=True,
        )

    def describe_service_deployments(self) -> ActionResult:
        services = self.ecs_backend.services.values()
        known = [made for service in services for made in service_deployments(service)]
        return self._by_arn("serviceDeployment", known)

    def describe_service_revisions(self) -> ActionResult:
        known = [
            described_revision(service, deployment)
            for service in self.ecs_backend.services.values()
            for deployment in revisions(service)
        ]
        return self._by_arn("serviceRevision", known)

    def _by_arn(self, kind: str, known: Iterable[Json]) -> ActionResult:
        by_arn = {item[f"{kind}Arn"]: item for item in known}
        asked = self._asked(f"{kind}Arns", 20)
        return self._answer(f"{kind}s", {arn: by_arn.get(arn) for arn in asked})

    # Tasks

    def list_tasks(self) -> ActionResult:
        cluster = self._cluster()
        wanted: dict[str, Callable[[Task], object]] = {
            "family": lambda task: task.task_definition_arn.split("/")[-1].rsplit(":", 1)[0],
            "startedBy": lambda task: task.started_by,
            "launchType": lambda task: task.launch_type,
            "containerInstance": lambda task: (task.container_instance_arn or "").split("/")[-1],
            "serviceName": lambda task: task.group,
        }
        filters = {key: self._get_param(key) for key in wanted if self._get_param(key)}
        if "startedBy" in filters and len(filters) > 1:
            raise InvalidParameterException("startedBy must be the only filter")
        if "serviceName" in filters:
            name = _id_in(cluster, "service", filters["serviceName"])
            if f"{cluster.name}:{name}" not in self.ecs_backend.services:
                raise ServiceNotFoundException
            filters["serviceName"] = f"service:{name}"
        if "containerInstance" in filters:
            filters["containerInstance"] = filters["containerInstance"].split("/")[-1]
        status = self._get_param("desiredStatus", "RUNNING")
        arns = [
            arn
            for arn, task in self.ecs_backend.tasks.get(cluster.name, {}).items()
            if task.desired_status == status
            and all(wanted[name](task) == value for name, value in filters.items())
        ]
        return self._page("taskArns", arns, default=100)

    def describe_tasks(self) -> ActionResult:
        """Look the tasks up by ARN; moto walks over all tasks and changes their status."""
        cluster, asked = self._cluster(), self._asked("tasks", 100)
        ids = [_task_id(cluster, identifier) for identifier in asked]
        tasks = {self._arn("task", cluster, name): self._task(cluster, name) for name in ids}
        return self._answer("tasks", tasks)

    def stop_task(self) -> ActionResult:
        cluster = self._cluster()
        task = self._task(cluster, _task_id(cluster, self._get_param("task")))
        if task is None:
            raise InvalidParameterException("The referenced task was not found.")
        reason = self._get_param("reason", "Task stopped by user")
        begin_stop(task, request_time(), "UserInitiated", reason)
        if not self.plays_out:
            finish_stop(task, request_time())  # nobody else would
        return ActionResult({"task": task})

    def execute_command(self) -> ActionResult:
        cluster = self._cluster()
        task: Any = self._task(cluster, _task_id(cluster, self._get_param("task")))
        if task is None or not getattr(task, "enable_execute_command", False):
            raise InvalidParameterException(_NO_EXEC)
        session = {"sessionId": "ecs-execute-command-1", "streamUrl": "wss://ssm.invalid/1"}
        answer = {"session": {**session, "tokenValue": "made-up"}, "interactive": True}
        names = {"containerName": self._get_param("container"), "taskArn": task.task_arn}
        return ActionResult({**answer, **names, "clusterArn": cluster.arn})

    def get_task_protection(self) -> ActionResult:
        """No task here is protected."""
        cluster, asked = self._cluster(), self._asked("tasks", 100)
        arns = [self._arn("task", cluster, _task_id(cluster, task)) for task in asked]
        told = [{"taskArn": arn, "protectionEnabled": False} for arn in arns]
        return ActionResult({"protectedTasks": told, "failures": []})

    def _task(self, cluster: Cluster, task_id: str) -> Task | None:
        tasks = self.ecs_backend.tasks.get(cluster.name, {})
        new_format = self._arn("task", cluster, task_id)
        old_format = new_format.replace(f"task/{cluster.name}/", "task/")
        return tasks.get(new_format) or tasks.get(old_format)

    # Container instances

    def list_container_instances(self) -> ActionResult:
        known = self.ecs_backend.container_instances.get(self._cluster().name, {}).values()
        status = self._get_param("status")
        arns = [e.container_instance_arn for e in known if status in (None, e.status)]
        return self._page("containerInstanceArns", arns, default=100)

    def describe_container_instances(self) -> ActionResult:
        cluster, asked = self._cluster(), self._asked("containerInstances", 100)
        ids = [_id_in(cluster, "container-instance", identifier) for identifier in asked]
        known = self.ecs_backend.container_instances.get(cluster.name, {})
        for instance in known.values():
            self._fill(cluster, instance)
        arns = {self._arn("container-instance", cluster, name): known.get(name) for name in ids}
        return self._answer("containerInstances", arns)

    def _fill(self, cluster: Cluster, instance: Any) -> None:
        """Count an instance's tasks and its remaining resources."""
        arn = instance.container_instance_arn
        tasks = self.ecs_backend.tasks.get(cluster.name, {}).values()
        placed = [task for task in tasks if task.container_instance_arn == arn]
        placed = [task for task in placed if task.last_status != "STOPPED"]
        running = [task for task in placed if task.last_status == "RUNNING"]
        instance.running_tasks_count = len(running)
        instance.pending_tasks_count = len(placed) - len(running)
        known = self.ecs_backend.describe_task_definition
        definitions = [known(task.task_definition_arn) for task in placed]
        containers: list[Any] = [it for made in definitions for it in made.container_definitions]
        instance.remaining_resources = []
        for resource in instance.registered_resources:
            used = sum(int(it.get(resource["name"].lower()) or 0) for it in containers)
            room = {"integerValue": resource["integerValue"] - used}
            instance.remaining_resources.append({**resource, **room})

    # Task definitions

    def register_task_definition(self) -> ActionResult:
        answer: Any = super().register_task_definition()
        definition = answer.result["taskDefinition"]
        _keep_all(definition, self._get_params())
        definition.registered_at = request_time()
        definition.registered_by = f"arn:aws:iam::{self.current_account}:user/deployer"
        return ActionResult({**answer.result, "tags": definition.tags})

    def describe_task_definition(self) -> ActionResult:
        try:
            return super().describe_task_definition()
        except (ValueError, TypeError) as error:  # moto reads the revision as a number
            raise TaskDefinitionNotFoundException from error

    def list_task_definitions(self) -> ActionResult:
        status, family = self._get_param("status", "ACTIVE"), self._get_param("familyPrefix")
        is_newest_first = self._get_param("sort", "ASC") == "DESC"
        known = self.ecs_backend.task_definitions
        arns = [
            known[name][revision].arn
            for name in sorted(known, reverse=is_newest_first)
            for revision in sorted(known[name], reverse=is_newest_first)
            if family in (None, name) and known[name][revision].status == status
        ]
        return self._page("taskDefinitionArns", arns, default=100, is_sorted=True)

    def list_task_definition_families(self) -> ActionResult:
        status, prefix = self._get_param("status", "ALL"), self._get_param("familyPrefix", "")
        families = [
            family
            for family, definitions in sorted(self.ecs_backend.task_definitions.items())
            if family.startswith(prefix)
            and (
                status == "ALL"
                or any(d.status == "ACTIVE" for d in definitions.values()) == (status == "ACTIVE")
            )
        ]
        return self._page("families", families, default=100, is_sorted=True)

    # What they share

    def _cluster(self) -> Cluster:
        name = self._get_param("cluster", "default").split("/")[-1]
        cluster = self.ecs_backend.clusters.get(name)
        if cluster is None or cluster.status != "ACTIVE":
            raise ClusterNotFoundException
        return cluster

    def _arn(self, kind: str, cluster: Cluster, name: str) -> str:
        return cluster.arn.replace(f":cluster/{cluster.name}", f":{kind}/{cluster.name}/{name}")

    def _asked(self, name: str, at_most: int, at_least: int = 1) -> list[str]:
        """The ARNs or names in a request; refused unless there are at most ``at_most``."""
        asked: list[str] = self._get_param(name, [])
        if len(asked) < at_least:
            raise InvalidParameterException(f"{name.capitalize()} cannot be empty.")
        if len(asked) > at_most:
            raise InvalidParameterException(f"{name} can have at most {at_most} items.")
        return asked

    def _answer(self, result: str, items: Mapping[str, Any]) -> ActionResult:
        """Items by their ARN, None for those that do not exist; with tags if they are asked for."""
        if "TAGS" not in self._get_param("include", []):
            path = f"{self._get_action()}Response.{result}.{result[:-1].capitalize()}.tags"
            self.RESPONSE_KEY_PATH_TO_TRANSFORMER[path] = never_return
        missing = [arn for arn, item in items.items() if item is None]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in missing]
        known = [item for item in items.values() if item is not None]
        return ActionResult({result: known, "failures": failures})

    def _page(
        self,
        result: str,
        items: Sequence[Thing],
        *,
        default: int,
        key: Callable[[Thing], str] = str,
        is_sorted: bool = False,
    ) -> ActionResult:
        size = self._get_int_param("maxResults", default)
        if not 1 <= size <= 100:
            raise InvalidParameterException("maxResults must be between 1 and 100.")
        asked = {k: v for k, v in self._get_params().items() if k not in _OF_THE_PAGE}
        question, token = [self._get_action(), asked], self._get_param("nextToken")
        invalid = InvalidParameterException("Invalid token.")
        page, token = page_of(
            items, size, token, question, invalid=invalid, key=key, is_sorted=is_sorted
        )
        return ActionResult({result: page, "nextToken": token})


def _told(service: Any) -> Any:
    """A service as lists have it: one of Express mode without a task definition."""
    if service is None or not express.is_express(service):
        return service
    told = copy.copy(service)
    told.task_definition = None
    return told


def _keep_all(definition: Any, given: Mapping[str, Any]) -> None:
    """Keep every member of the request: moto drops some, and sets networkMode itself."""
    asked = get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape.members
    for name in asked:
        attribute = xform_name(name)
        missing = getattr(definition, attribute, None) is None or name == "networkMode"
        if name in given and missing:
            setattr(definition, attribute, given[name])


def _id_in(cluster: Cluster, kind: str, identifier: str) -> str:
    """The name or id in an ARN, which must be of this cluster."""
    if not identifier.startswith("arn:"):
        return identifier
    given, *path = identifier.split(":", 5)[5].split("/")
    if given != kind or not 1 <= len(path) <= 2:
        raise InvalidParameterException(f"Invalid identifier: {identifier}")
    if len(path) == 2 and path[0] != cluster.name:
        raise InvalidParameterException(
            f"Identifier is for {path[0]}. Your cluster is {cluster.name}"
        )
    return path[-1]


def _task_id(cluster: Cluster, identifier: str) -> str:
    task_id = _id_in(cluster, "task", identifier).split("/")[-1]
    if len(task_id) not in (32, 36):  # so a prefix of an id finds nothing, and says why
        raise InvalidParameterException("taskId length should be one of [32,36]")
    return task_id
