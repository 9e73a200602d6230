"""ECS whose changes play out: what a request changes here, the scheduler's ticks carry out."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import Service

from dashborion.demo.ecs import staged
from dashborion.demo.ecs.deployments import begin_deployment
from dashborion.demo.ecs.ecs_api import EcsApi
from dashborion.demo.ecs.moto_objects import NETWORK, EcsTask, digits_of, request_time

_KEPT = (  # members of UpdateService that are kept as they come
    *("enableExecuteCommand", "healthCheckGracePeriodSeconds", "platformVersion"),
    *("networkConfiguration", "loadBalancers", "propagateTags"),
)
MOST_TASKS = 200  # AWS has a quota here, too: the memory is the user's


class EcsChangesApi(EcsApi):
    """One request to ECS."""

    plays_out = True

    def create_service(self) -> ActionResult:
        cluster, name = self._cluster(), self._get_param("serviceName")
        key = f"{cluster.name}:{name}"
        known = self.ecs_backend.services.get(key)
        if known is not None and known.status != "INACTIVE":
            raise InvalidParameterException("Creation of service was not idempotent.")
        definition = self.ecs_backend.describe_task_definition(self._get_param("taskDefinition"))
        desired = self._get_param("desiredCount")
        strategy = self._get_param("schedulingStrategy", "REPLICA")
        service: Any = Service(  # type: ignore[abstract]
            cluster,
            name,
            int(desired or 0),
            self.ecs_backend,
            load_balancers=self._get_param("loadBalancers"),
            scheduling_strategy=strategy,
            tags=self._get_param("tags"),
            launch_type=self._get_param("launchType", "EC2"),
            propagate_tags=self._get_param("propagateTags", "NONE"),
        )
        self._refuse(service, desired, None, is_forced=False)
        is_daemon, is_fargate = strategy == "DAEMON", service.launch_type == "FARGATE"
        vars(service).update(
            deployments=[],
            earlier_deployments=[],
            pending_count=0,
            created_at=request_time(),
            created_by=f"arn:aws:iam::{self.current_account}:user/deployer",
            capacity_provider_strategy=None,
            deployment_configuration={
                "deploymentCircuitBreaker": {"enable": False, "rollback": False},
                "minimumHealthyPercent": 0 if is_daemon else 100,
                "maximumPercent": 100 if is_daemon else 200,
                **self._get_param("deploymentConfiguration", {}),
            },
            network_configuration=NETWORK if is_fargate else None,
            platform_version="LATEST" if is_fargate else None,
            enable_execute_command=bool(self._get_param("enableExecuteCommand", False)),
            enable_ecs_managed_tags=True,
        )
        begin_deployment(service, definition.arn, request_time())
        self.ecs_backend.services[key] = service
        return ActionResult({"service": service})

    def update_service(self) -> ActionResult:
        cluster = self._cluster()
        service: Any = self._service(cluster)
        if service.status != "ACTIVE":
            raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
        desired, asked = self._get_param("desiredCount"), self._get_param("taskDefinition")
        is_forced = bool(self._get_param("forceNewDeployment", False))
        self._refuse(service, desired, asked, is_forced=is_forced)
        definition = service.task_definition
        if asked:
            definition = self.ecs_backend.describe_task_definition(asked).arn
        for name in _KEPT:
            if self._get_param(name) is not None:
                setattr(service, xform_name(name), self._get_param(name))
        if configuration := self._get_param("deploymentConfiguration"):
            service.deployment_configuration = {
                **(service.deployment_configuration or {}),
                **configuration,
            }
        if desired is not None:
            service.desired_count = int(desired)
            service.deployments[0]["desiredCount"] = int(desired)
        if is_forced or definition != service.task_definition:
            begin_deployment(service, definition, request_time())
        return ActionResult({"service": service})

    def continue_service_deployment(self) -> ActionResult:
        arn, hook_id = self._get_param("serviceDeploymentArn"), self._get_param("hookId")
        service, deployment, _ = staged.deployment_of_arn(self.ecs_backend.services.values(), arn)
        staged.act_on_hook(deployment, hook_id)
        if self._get_param("action", "CONTINUE") == "ROLLBACK":
            why = f"Lifecycle hook {hook_id} was rolled back."
            staged.roll_back(service, deployment, request_time(), why)
        return ActionResult({"serviceDeploymentArn": arn})

    def stop_service_deployment(self) -> ActionResult:
        arn, services = self._get_param("serviceDeploymentArn"), self.ecs_backend.services.values()
        service, deployment, made = staged.deployment_of_arn(services, arn)
        staged.require_busy(made)
        why = "Service deployment rolled back because of a StopServiceDeployment call."
        staged.roll_back(service, deployment, request_time(), why)
        return ActionResult({"serviceDeploymentArn": arn})

    def run_task(self) -> ActionResult:
        """A task of no service; a token that was sent before gives the same one."""
        cluster, token = self._cluster(), self._get_param("clientToken")
        backend = self.ecs_backend
        definition = backend.describe_task_definition(self._get_param("taskDefinition"))
        if definition.status != "ACTIVE":
            raise InvalidParameterException("TaskDefinition is inactive")
        overrides = self._get_param("overrides", {})
        known = {str(one["name"]) for one in definition.container_definitions}
        for one in overrides.get("containerOverrides") or ():
            if one["name"] not in known:
                message = (
                    "Override for container named {} is not a container in the TaskDefinition."
                )
                raise InvalidParameterException(message.format(one["name"]))
        tasks: dict[str, Any] = backend.tasks.setdefault(cluster.name, {})
        id_ = digits_of(f"{cluster.arn} run {token or len(tasks)}")
        task: Any = EcsTask(
            backend,
            cluster,
            definition,
            id_,
            address=f"10.0.200.{1 + len(tasks) % 250}",
            group=f"family:{definition.family}",
            started_by=self._get_param("startedBy"),
            created_at=request_time(),
            launch_type=self._get_param("launchType", "FARGATE"),
            availability_zone=f"{backend.region_name}a",
            overrides={"containerOverrides": [], **overrides},
            tags=self._get_param("tags", []),
            enable_execute_command=bool(self._get_param("enableExecuteCommand", False)),
        )
        return ActionResult({"tasks": [tasks.setdefault(task.task_arn, task)], "failures": []})

    def _refuse(self, service: Any, desired: Any, asked: Any, *, is_forced: bool) -> None:
        if desired is not None and int(desired) < 0:
            raise InvalidParameterException("desiredCount must be greater than or equal to 0.")
        if desired is not None and int(desired) > MOST_TASKS:
            raise InvalidParameterException(
                f"The demo runs no more than {MOST_TASKS} tasks of a service."
            )
        if desired is not None and service.scheduling_strategy == "DAEMON":
            raise InvalidParameterException(
                "The daemon scheduling strategy does not support a desired count for services. "
                "Remove the desired count value and try again."
            )
        controller = (service.deployment_controller or {}).get("type", "ECS")
        if controller != "ECS" and (asked or is_forced):
            action = "force a new deployment" if is_forced else "update task definition"
            raise InvalidParameterException(
                f"Unable to {action} on services with a {controller} deployment controller. "
                "Use AWS CodeDeploy to trigger a new deployment."
            )

    def delete_service(self) -> ActionResult:
        service: Any = self._service(self._cluster())
        if service.desired_count > 0 and not self._get_param("force", False):
            message = "The service cannot be stopped while it is scaled above 0."
            raise InvalidParameterException(message)
        service.status, service.desired_count = "DRAINING", 0
        return ActionResult({"service": service})
