"""The rights that commands need on ECS: data of ``check`` and of the README.

A right is an IAM action. Behind it stands what is missing without it; without that the command
fails.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.models.environment import Verb

Rights = Mapping[str, str | None]

_FIND: Rights = {"ecs:DescribeServices": None, "ecs:ListServices": None}
_TASKS: Rights = {"ecs:ListTasks": None, "ecs:DescribeTasks": None}
_FOLLOW = dict.fromkeys(_TASKS, "how the rollout gets on")
_PASS: Rights = {"iam:PassRole": None}
_SCALER = {"application-autoscaling:DescribeScalableTargets": "who else sets the count"}
_DEFINITION: Rights = {"ecs:DescribeTaskDefinition": None}
_LINES = dict.fromkeys(("logs:GetLogEvents",), "what the command writes")
_DEPLOYMENTS: Rights = {
    "ecs:ListServiceDeployments": None,
    "ecs:DescribeServiceDeployments": None,
    "ecs:DescribeServiceRevisions": "what it goes to, or back to",
}
_PARKED: Rights = {
    **_FIND,
    "ecs:UpdateService": None,
    "ecs:TagResource": None,
    "application-autoscaling:DescribeScalableTargets": None,
    "application-autoscaling:RegisterScalableTarget": "services with an autoscaler",
    "events:ListRuleNamesByTarget": "--with-jobs: which schedules there are",
    "scheduler:ListSchedules": "--with-jobs: which schedules there are",
}
_ROUTES = ("DescribeTargetGroups", "DescribeTargetHealth", "DescribeLoadBalancers",
           "DescribeListeners", "DescribeRules")  # fmt: skip

RIGHTS: Mapping[Verb, Rights] = {
    Verb.WHY: {
        **_FIND,
        **dict.fromkeys(_TASKS, "whether it is well at all"),
        "ecs:DescribeTaskDefinition": "its revisions, and what they ask for",
        "ecs:ListTaskDefinitions": "its revisions, and what they ask for",
        "ecs:ListServiceDeployments": "what its deployment says",
        "ecs:DescribeServiceDeployments": "what its deployment says",
        **dict.fromkeys(
            [f"elasticloadbalancing:{one}" for one in _ROUTES], "why nobody reaches it"
        ),
        "application-autoscaling:DescribeScalableTargets": "what its autoscaler lacks",
        "logs:GetLogEvents": "the last lines of what failed",
        "ecs:DescribeContainerInstances": "what is wrong with its machines",
    },
    Verb.LOGS: {**_FIND, **_TASKS, **_DEFINITION, "logs:GetLogEvents": None},
    Verb.EXEC: {
        **_TASKS,
        "ecs:ExecuteCommand": None,
        **dict.fromkeys(_FIND, "-w WORKLOAD"),
    },
    Verb.PORT_FORWARD: {
        **_TASKS,
        "ssm:StartSession": None,
        **dict.fromkeys(_FIND, "a workload as the target"),
        "ecs:DescribeTaskDefinition": "ports by their name",
    },
    Verb.RUN: {
        **_FIND, **_DEFINITION, "ecs:RunTask": None, **_PASS, "ecs:DescribeTasks": None,
        "ecs:ListTasks": "which runs are still active",
        **_LINES,
        "ecs:StopTask": "--timeout, and that an interrupted one ends",
        "ecs:RegisterTaskDefinition": "--image",
        "ecs:DeregisterTaskDefinition": "--image",
        "ecs:TagResource": "--image",
    },
    Verb.SCALE: {**_FIND, "ecs:UpdateService": None, **_SCALER, **_FOLLOW},
    Verb.RESTART: {
        **_FIND, "ecs:UpdateService": None, **_SCALER, **_FOLLOW,
        **dict.fromkeys(
            ("ecs:DescribeTaskDefinition", "ecr:DescribeImages"), "whether a tag has moved"
        ),
    },
    Verb.DEPLOY: {
        **_FIND, **_DEFINITION, "ecs:RegisterTaskDefinition": None, **_PASS,
        "ecs:UpdateService": None, "ecs:TagResource": "--reason, and tags of the definition",
        **_SCALER, **_FOLLOW,
    },
    Verb.ROLLBACK: {
        **_FIND, **_DEFINITION, **_PASS, "ecs:UpdateService": None,
        "ecs:ListServiceDeployments": "which revisions have run here",
        "ecs:DescribeServiceRevisions": "which revisions have run here",
        **_SCALER, **_FOLLOW,
    },
    Verb.STOP: {
        **_PARKED,
        "application-autoscaling:DescribeScheduledActions": "what will scale it meanwhile",
        "ecs:GetTaskProtection": "which tasks are protected from it",
        **_FOLLOW,
    },
    Verb.START: {**_PARKED, "ecs:UntagResource": None, **_FOLLOW},
    Verb.CONTINUE: {
        **_FIND, **_DEPLOYMENTS, "ecs:ContinueServiceDeployment": None, **_SCALER,
        **_FOLLOW,
    },
    Verb.ABORT: {
        **_FIND, **_DEPLOYMENTS, "ecs:StopServiceDeployment": None, **_SCALER,
        **_FOLLOW,
    },
}  # fmt: skip
"""The rights of each command that there is on ECS."""

RESOURCES: Mapping[str, frozenset[str]] = {
    "service": frozenset(
        {"ecs:DescribeServices", "ecs:UpdateService", "ecs:TagResource", "ecs:UntagResource",
         "ecs:ListServiceDeployments"}
    ),
    "task": frozenset(
        {"ecs:DescribeTasks", "ecs:StopTask", "ecs:ExecuteCommand", "ecs:GetTaskProtection"}
    ),
    "service-deployment": frozenset(
        {"ecs:DescribeServiceDeployments", "ecs:ContinueServiceDeployment",
         "ecs:StopServiceDeployment"}
    ),
    "service-revision": frozenset({"ecs:DescribeServiceRevisions"}),
    "container-instance": frozenset({"ecs:DescribeContainerInstances"}),
}  # fmt: skip
"""Actions by the kind of object of the cluster that they are allowed on; all others on ``*``."""

NARROWER = frozenset(
    {"iam:PassRole", "ecs:RunTask", "ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition",
     "logs:GetLogEvents", "ssm:StartSession", "ecr:DescribeImages", "scheduler:ListSchedules",
     "application-autoscaling:RegisterScalableTarget"}
)  # fmt: skip
"""Of these others, those that policies allow on roles, log groups and so on that nobody names."""
