"""ECS as moto has it, with AWS's pages, limits, filters and failures.

Limits are those of botocore's model documentation. Where the wording of an error is not known
from a live account it is our own; codes are AWS's.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.core.serialize import never_return
from moto.core.utils import get_service_model, utcnow
from moto.ecs.exceptions import (
    ClusterNotFoundException,
    InvalidParameterException,
    ServiceNotFoundException,
    TaskDefinitionNotFoundException,
)
from moto.ecs.models import Cluster, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse

from dashborion.demo.ecs import clock
from dashborion.demo.ecs.as_json import as_json
from dashborion.demo.ecs.paging import BadTokenError, page_of
from dashborion.demo.ecs.service_deployments import (
    brief,
    described,
    described_revision,
    revision_arn,
    revisions,
    service_deployments,
)

Thing = TypeVar("Thing")
_NO_EXEC = (
    "The execute command failed because execute command was not enabled when the task was run or "
    "the execute command agent isn't running. Wait and try again or run a new task with execute "
    "command enabled and try again."
)
_OF_THE_PAGE = ("maxResults", "nextToken")


class EcsApi(EC2ContainerServiceResponse):
    """One request to ECS."""

    def __init__(self) -> None:
        super().__init__()
        # moto hides tags by changing this for the whole class, which races between threads.
        self.RESPONSE_KEY_PATH_TO_TRANSFORMER = dict(type(self).RESPONSE_KEY_PATH_TO_TRANSFORMER)

    # Clusters

    def list_clusters(self) -> ActionResult:
        found = [c.arn for c in self.ecs_backend.clusters.values() if c.status == "ACTIVE"]
        return self._page("clusterArns", found, default=100)

    def describe_clusters(self) -> ActionResult:
        _limit("clusters", self._get_param("clusters", []), 100, at_least=0)
        for cluster in self.ecs_backend.clusters.values():
            tasks = self.ecs_backend.tasks.get(cluster.name, {}).values()
            status = [each.last_status for each in tasks]
            cluster.running_tasks_count = status.count("RUNNING")
            cluster.pending_tasks_count = sum(s in ("PROVISIONING", "PENDING") for s in status)
            cluster.active_services_count = len(self._active_services(cluster))
            machines = self.ecs_backend.container_instances.get(cluster.name, {})
            cluster.registered_container_instances_count = len(machines)
        include = self._get_param("include", [])
        for what, member in (("SETTINGS", "settings"), ("CONFIGURATIONS", "configuration")):
            if what not in include:
                self._hide(f"DescribeClustersResponse.clusters.Cluster.{member}")
        return super().describe_clusters()

    # Services

    def list_services(self) -> ActionResult:
        cluster = self._cluster()
        launch_type = self._get_param("launchType")
        strategy = self._get_param("schedulingStrategy")
        found = [
            each.arn
            for each in self._active_services(cluster)
            if launch_type in (None, each.launch_type)
            and strategy in (None, each.scheduling_strategy)
        ]
        return self._page("serviceArns", found, default=10)

    def describe_services(self) -> str:  # type: ignore[override]
        cluster = self._cluster()
        asked = self._get_param("services", [])
        _limit("services", asked, 10)
        services, failures = [], []
        for name in dict.fromkeys(_id_in(cluster, "service", each) for each in asked):
            service = self.ecs_backend.services.get(f"{cluster.name}:{name}")
            if service is None:
                failures.append({"arn": self._arn("service", cluster, name), "reason": "MISSING"})
            else:
                _point_at_deployment(service)
                services.append(service)
        return self._quickly("services", services, failures)

    def _active_services(self, cluster: Cluster) -> list[Service]:
        """Those that lists show: a service being deleted is DRAINING, then INACTIVE."""
        return [
            each
            for each in self.ecs_backend.services.values()
            if each.cluster_arn == cluster.arn and each.status == "ACTIVE"
        ]

    def _service(self, cluster: Cluster) -> Service:
        name = _id_in(cluster, "service", self._get_param("service"))
        if found := self.ecs_backend.services.get(f"{cluster.name}:{name}"):
            return found
        raise ServiceNotFoundException

    # Service deployments and revisions

    def list_service_deployments(self) -> ActionResult:
        found = service_deployments(self._service(self._cluster()))
        if wanted := self._get_param("status"):
            found = [each for each in found if each["status"] in wanted]
        created = self._get_param("createdAt", {})
        found = [
            each
            for each in found
            if created.get("after", each["createdAt"]) <= each["createdAt"]
            and created.get("before", each["createdAt"]) >= each["createdAt"]
        ]
        found.sort(key=lambda each: each["createdAt"], reverse=True)
        return self._page(
            "serviceDeployments",
            [brief(each) for each in found],
            default=20,
            key=lambda each: str(each["serviceDeploymentArn"]),
            is_sorted=True,
        )

    def describe_service_deployments(self) -> ActionResult:
        asked = self._get_param("serviceDeploymentArns", [])
        _limit("serviceDeploymentArns", asked, 20)
        known = {
            each["serviceDeploymentArn"]: described(each)
            for service in self.ecs_backend.services.values()
            for each in service_deployments(service)
        }
        return _found("serviceDeployments", asked, known)

    def describe_service_revisions(self) -> ActionResult:
        asked = self._get_param("serviceRevisionArns", [])
        _limit("serviceRevisionArns", asked, 20)
        known = {
            revision_arn(service, each["taskDefinition"]): described_revision(service, each)
            for service in self.ecs_backend.services.values()
            for each in revisions(service)
        }
        return _found("serviceRevisions", asked, known)

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
        filters = {each: self._get_param(each) for each in wanted if self._get_param(each)}
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
        found = [
            arn
            for arn, task in self.ecs_backend.tasks.get(cluster.name, {}).items()
            if task.desired_status == status
            and all(wanted[name](task) == value for name, value in filters.items())
        ]
        return self._page("taskArns", found, default=100)

    def describe_tasks(self) -> str:  # type: ignore[override]
        """Looks up what was asked for: moto walks over all tasks, and moves them on."""
        cluster = self._cluster()
        asked = self._get_param("tasks", [])
        _limit("tasks", asked, 100)
        tasks, failures = [], []
        for task_id in dict.fromkeys(_task_id(cluster, each) for each in asked):
            if task := self._task(cluster, task_id):
                tasks.append(task)
            else:
                failures.append({"arn": self._arn("task", cluster, task_id), "reason": "MISSING"})
        return self._quickly("tasks", tasks, failures)

    def stop_task(self) -> ActionResult:
        cluster = self._cluster()
        task = self._task(cluster, _task_id(cluster, self._get_param("task")))
        if task is None:
            raise InvalidParameterException("The referenced task was not found.")
        for each in task.containers:
            vars(each).update(lastStatus="STOPPED", exitCode=143)
        vars(task).update(
            _status="STOPPED",
            desired_status="STOPPED",
            stop_code="UserInitiated",
            stopped_reason=self._get_param("reason", "Task stopped by user"),
            stopping_at=utcnow(),
            stopped_at=utcnow(),
        )
        return ActionResult({"task": task})

    def execute_command(self) -> ActionResult:
        cluster = self._cluster()
        task: Any = self._task(cluster, _task_id(cluster, self._get_param("task")))
        if task is None or not getattr(task, "enable_execute_command", False):
            raise InvalidParameterException(_NO_EXEC)
        session = {"sessionId": "ecs-execute-command-1", "streamUrl": "wss://ssm.invalid/1"}
        found = {"session": {**session, "tokenValue": "made-up"}, "interactive": True}
        names = {"containerName": self._get_param("container"), "taskArn": task.task_arn}
        return ActionResult({**found, **names, "clusterArn": cluster.arn})

    def _task(self, cluster: Cluster, task_id: str) -> Task | None:
        tasks = self.ecs_backend.tasks.get(cluster.name, {})
        new_format = self._arn("task", cluster, task_id)
        old_format = new_format.replace(f"task/{cluster.name}/", "task/")
        return tasks.get(new_format) or tasks.get(old_format)

    # Container instances

    def list_container_instances(self) -> ActionResult:
        known = self.ecs_backend.container_instances.get(self._cluster().name, {}).values()
        status = self._get_param("status")
        found = [e.container_instance_arn for e in known if status in (None, e.status)]
        return self._page("containerInstanceArns", found, default=100)

    def describe_container_instances(self) -> ActionResult:
        cluster = self._cluster()
        asked = self._get_param("containerInstances", [])
        _limit("containerInstances", asked, 100)
        known = self.ecs_backend.container_instances.get(cluster.name, {})
        wanted = [_id_in(cluster, "container-instance", each) for each in asked]
        arns = [self._arn("container-instance", cluster, each) for each in wanted]
        for each in known.values():
            self._fill(cluster, each)
        return _found(
            "containerInstances",
            arns,
            {each.container_instance_arn: each for each in known.values()},
        )

    def _fill(self, cluster: Cluster, instance: Any) -> None:
        """What runs on a machine, and the room that it leaves."""
        arn = instance.container_instance_arn
        tasks = self.ecs_backend.tasks.get(cluster.name, {}).values()
        mine = [each for each in tasks if each.container_instance_arn == arn]
        mine = [each for each in mine if each.last_status != "STOPPED"]
        running = [each for each in mine if each.last_status == "RUNNING"]
        instance.running_tasks_count = len(running)
        instance.pending_tasks_count = len(mine) - len(running)
        known = self.ecs_backend.describe_task_definition
        used: list[Any] = [
            one for t in mine for one in known(t.task_definition_arn).container_definitions
        ]
        instance.remaining_resources = [
            {**each, "integerValue": each["integerValue"]
             - sum(int(one.get(each["name"].lower()) or 0) for one in used)}
            for each in instance.registered_resources
        ]  # fmt: skip

    # Task definitions

    def register_task_definition(self) -> ActionResult:
        answer: Any = super().register_task_definition()
        definition = answer.result["taskDefinition"]
        _keep_all(definition, self._get_params())
        definition.registered_at = clock.now()
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
        found = [
            self.ecs_backend.task_definitions[name][revision].arn
            for name in sorted(self.ecs_backend.task_definitions, reverse=is_newest_first)
            for revision in sorted(self.ecs_backend.task_definitions[name], reverse=is_newest_first)
            if family in (None, name)
            and self.ecs_backend.task_definitions[name][revision].status == status
        ]
        return self._page("taskDefinitionArns", found, default=100, is_sorted=True)

    def list_task_definition_families(self) -> ActionResult:
        status, prefix = self._get_param("status", "ALL"), self._get_param("familyPrefix", "")
        found = [
            family
            for family, each in sorted(self.ecs_backend.task_definitions.items())
            if family.startswith(prefix)
            and (
                status == "ALL"
                or any(d.status == "ACTIVE" for d in each.values()) == (status == "ACTIVE")
            )
        ]
        return self._page("families", found, default=100, is_sorted=True)

    # What they share

    def _cluster(self) -> Cluster:
        name = self._get_param("cluster", "default").split("/")[-1]
        cluster = self.ecs_backend.clusters.get(name)
        if cluster is None or cluster.status != "ACTIVE":
            raise ClusterNotFoundException
        return cluster

    def _arn(self, kind: str, cluster: Cluster, name: str) -> str:
        return cluster.arn.replace(f":cluster/{cluster.name}", f":{kind}/{cluster.name}/{name}")

    def _hide(self, path: str) -> None:
        self.RESPONSE_KEY_PATH_TO_TRANSFORMER[path] = never_return

    def _quickly(self, result: str, found: Sequence[Any], failures: Sequence[Any]) -> str:
        """The answer, already written; moto would take eight times as long."""
        with_tags = "TAGS" in self._get_param("include", [])
        hidden = frozenset() if with_tags else frozenset({"tags"})
        shape = get_service_model("ecs").operation_model(self._get_action()).output_shape
        self.response_headers["Content-Type"] = "application/x-amz-json-1.1"
        answer = {result: as_json(shape.members[result], found, hidden), "failures": failures}
        return json.dumps(answer)

    def _page(
        self,
        result: str,
        found: Sequence[Thing],
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
        try:
            page, token = page_of(found, size, token, question, key=key, is_sorted=is_sorted)
        except BadTokenError as error:
            raise InvalidParameterException("Invalid token.") from error
        return ActionResult({result: page, "nextToken": token})


def _keep_all(definition: Any, given: Mapping[str, Any]) -> None:
    """ECS keeps what it was given; moto forgets some of it, and sets networkMode itself."""
    asked = get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape.members
    for name in asked:
        attribute = xform_name(name)
        missing = getattr(definition, attribute, None) is None or name == "networkMode"
        if name in given and missing:
            setattr(definition, attribute, given[name])


def _limit(name: str, given: Iterable[object], at_most: int, at_least: int = 1) -> None:
    count = len(list(given))
    if count < at_least:
        raise InvalidParameterException(f"{name.capitalize()} cannot be empty.")
    if count > at_most:
        raise InvalidParameterException(f"{name} can have at most {at_most} items.")


def _id_in(cluster: Cluster, kind: str, identifier: str) -> str:
    """The name or id in an ARN, which must be of this cluster."""
    if not identifier.startswith("arn:"):
        return identifier
    found, *path = identifier.split(":", 5)[5].split("/")
    if found != kind or not 1 <= len(path) <= 2:
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


def _found(result: str, asked: Iterable[str], known: dict[str, Any]) -> ActionResult:
    return ActionResult(
        {
            result: [known[each] for each in asked if each in known],
            "failures": [{"arn": a, "reason": "MISSING"} for a in asked if a not in known],
        }
    )


def _point_at_deployment(service: Any) -> None:
    """What DescribeServices says about the deployments API's objects."""
    found = service_deployments(service)
    service.current_service_deployment = found[0]["serviceDeploymentArn"] if found else None
    service.current_service_revisions = [
        {
            "arn": revision_arn(service, each["taskDefinition"]),
            "requestedTaskCount": each["desiredCount"],
            "runningTaskCount": each["runningCount"],
            "pendingTaskCount": each["pendingCount"],
        }
        for each in service.deployments
    ]
