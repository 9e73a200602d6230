# ruff: noqa: N802 - methods are named as the API's operations are
"""AWS that answers with objects as a test wrote them, whatever moto would make of them.

For states that moto does not have: blue/green deployments, odd services, empty fields. The
objects are AWS' own JSON (botocore's member names), in lists by what they are; pages, limits,
missing names, the spy and the faults are those of AWS::

    with AwsObjects(services=[service("web")], definitions=[definition("web")]) as aws:
        point_at(monkeypatch, aws, cluster=CLUSTER)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.loaders
from botocore.model import ServiceModel

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer
from tests.support.aws_server import StrictAws

Json = dict[str, Any]
REGION, ACCOUNT, CLUSTER = "eu-west-3", "123456789012", "docs"
CREATED = 1_795_000_000.0  # 2026-11-18
_MODELS = {"elasticloadbalancing": "elbv2"}  # services whose signing name is not botocore's


def arn(kind: str, name: str, *, of: str = "ecs", region: str = REGION) -> str:
    return f"arn:aws:{of}:{region}:{ACCOUNT}:{kind}/{name}"


def cluster(name: str = CLUSTER, **more: Any) -> Json:
    return {"clusterArn": arn("cluster", name), "clusterName": name, "status": "ACTIVE"} | more


def service(name: str, *, count: int = 1, **more: Any) -> Json:
    """One that runs what it should, on Fargate, with a finished rolling deployment."""
    family = arn("task-definition", f"{name}:1")
    return {
        "serviceArn": arn("service", f"{CLUSTER}/{name}"),
        "serviceName": name,
        "clusterArn": arn("cluster", CLUSTER),
        "status": "ACTIVE",
        "desiredCount": count,
        "runningCount": count,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "taskDefinition": family,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        "createdAt": CREATED,
        "events": [],
        "loadBalancers": [],
        "serviceRegistries": [],
        "deployments": [deployment(taskDefinition=family, desiredCount=count, runningCount=count)],
    } | more


def deployment(**more: Any) -> Json:
    return {
        "id": "ecs-svc/1234567890123456789",
        "status": "PRIMARY",
        "desiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": CREATED,
        "updatedAt": CREATED + 600,
        "launchType": "FARGATE",
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "ECS deployment ecs-svc/1234567890123456789 completed.",
    } | more


def task(number: int, workload: str, **more: Any) -> Json:
    """A running task of a service; its id is ``number`` in 32 digits."""
    return {
        "taskArn": arn("task", f"{CLUSTER}/{number:032x}"),
        "taskDefinitionArn": arn("task-definition", f"{workload}:1"),
        "clusterArn": arn("cluster", CLUSTER),
        "group": f"service:{workload}",
        "startedBy": "ecs-svc/1234567890123456789",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "connectivity": "CONNECTED",
        "healthStatus": "UNKNOWN",
        "launchType": "FARGATE",
        "cpu": "256",
        "memory": "512",
        "createdAt": CREATED,
        "startedAt": CREATED + 30,
        "attachments": [],
        "containers": [{"name": "app", "lastStatus": "RUNNING", "healthStatus": "UNKNOWN"}],
    } | more


def definition(family: str, *containers: Json, revision: int = 1, **more: Any) -> Json:
    """A task definition; without containers it has one, ``app``."""
    return {
        "taskDefinitionArn": arn("task-definition", f"{family}:{revision}"),
        "family": family,
        "revision": revision,
        "status": "ACTIVE",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "registeredAt": CREATED,
        "containerDefinitions": list(containers)
        or [{"name": "app", "image": "example.test/app:1.0", "essential": True}],
    } | more


def _only(asked: Json) -> Json:
    return {"serviceDeploymentArns": [asked["serviceDeploymentArn"]]}


class AwsObjects(StrictAws):
    """A context manager; change ``aws.objects[...]`` at any time, add to ``aws.faults``.

    Keys: ``clusters services tasks definitions containerInstances serviceDeployments
    express codeDeployments serviceRevisions scalableTargets scalingActivities trails targetGroups
    loadBalancers listeners`` are lists;
    ``rules`` (by listener ARN), ``targetHealth`` (by target group ARN) and ``logs``
    (group → stream → events) are mappings.
    """

    def __init__(self, **objects: Any) -> None:
        super().__init__()
        self.objects: Json = {"clusters": [cluster()], **objects}

    def respond(self, request: AwsRequest) -> Answer:
        with self.spy.watching(request):
            return self.faults.apply(request, lambda: self._from_objects(request))

    def _from_objects(self, request: AwsRequest) -> Answer:
        handle = getattr(self, f"_{request.operation}", None)
        if handle is None:
            message = f"User: {arn('user', 'docs', of='iam')} is not authorized to perform: "
            code = "AccessDenied" if request.wants_xml else "AccessDeniedException"
            return refusal(request, code, message + request.name, 403)
        content = handle(request.params)
        if isinstance(content, tuple):
            return refusal(request, *content)
        if not request.wants_xml:
            kind = {"Content-Type": "application/x-amz-json-1.1"}
            return Answer(200, kind, json.dumps(content).encode())
        shape = _model(request.service).operation_model(request.operation).output_shape
        result = _xml(shape, content, f"{request.operation}Result")
        body = f"<{request.operation}Response>{result}</{request.operation}Response>"
        return Answer(200, {"Content-Type": "text/xml"}, body.encode())

    def _all(self, key: str) -> list[Json]:
        return list(self.objects.get(key, ()))

    def _page(self, items: list[Any], key: str, asked: Json) -> Json:
        size = min(asked.get("maxResults") or 100, 100)
        start = int(asked.get("nextToken") or 0)
        more = {"nextToken": str(start + size)} if start + size < len(items) else {}
        return {key: items[start : start + size], **more}

    # --- ECS ------------------------------------------------------------------------------------

    def _ListClusters(self, asked: Json) -> Any:
        arns = [one["clusterArn"] for one in self._all("clusters") if one["status"] != "INACTIVE"]
        return self._page(arns, "clusterArns", asked)

    def _DescribeClusters(self, asked: Json) -> Any:
        return self._described("clusters", "cluster", asked)

    def _ListServices(self, asked: Json) -> Any:
        arns = [one["serviceArn"] for one in self._all("services")]
        return self._page(arns, "serviceArns", asked)

    def _DescribeServices(self, asked: Json) -> Any:
        if len(asked["services"]) > 10:
            return "InvalidParameterException", "Services cannot be more than 10 items."
        answer = self._described("services", "service", asked)
        if "TAGS" not in asked.get("include", ()):
            answer["services"] = [_without(one, "tags") for one in answer["services"]]
        return answer

    def _DescribeExpressGatewayService(self, asked: Json) -> Any:
        known = {one["serviceArn"]: one for one in self._all("express")}
        found = known.get(asked["serviceArn"])
        return {"service": found} if found else ("ServiceNotFoundException", "Service not found.")

    def _ListTasks(self, asked: Json) -> Any:
        wanted = asked.get("desiredStatus", "RUNNING")
        tasks = [one for one in self._all("tasks") if one.get("desiredStatus", "RUNNING") == wanted]
        if name := asked.get("serviceName"):
            tasks = [one for one in tasks if one["group"] == f"service:{_last(name)}"]
        if starter := asked.get("startedBy"):
            tasks = [one for one in tasks if one["startedBy"] == starter]
        if family := asked.get("family"):
            tasks = [one for one in tasks if f"/{family}:" in one["taskDefinitionArn"]]
        return self._page([one["taskArn"] for one in tasks], "taskArns", asked)

    def _DescribeTasks(self, asked: Json) -> Any:
        if len(asked["tasks"]) > 100:
            return "InvalidParameterException", "Tasks cannot be more than 100 items."
        return self._described("tasks", "task", asked)

    def _ListTaskDefinitions(self, asked: Json) -> Any:
        family, status = asked.get("familyPrefix"), asked.get("status", "ACTIVE")
        chosen = [
            one
            for one in self._all("definitions")
            if family in (None, one["family"]) and one["status"] == status
        ]
        chosen.sort(
            key=lambda one: (one["family"], one["revision"]), reverse=asked.get("sort") == "DESC"
        )
        return self._page([one["taskDefinitionArn"] for one in chosen], "taskDefinitionArns", asked)

    def _ListTaskDefinitionFamilies(self, asked: Json) -> Any:
        return self._page(
            sorted({one["family"] for one in self._all("definitions")}), "families", asked
        )

    def _DescribeTaskDefinition(self, asked: Json) -> Any:
        wanted = asked["taskDefinition"]
        for one in sorted(self._all("definitions"), key=lambda one: -int(one["revision"])):
            names = (one["taskDefinitionArn"], _last(one["taskDefinitionArn"]), one["family"])
            if wanted in names or _last(wanted) == one["family"]:
                return {"taskDefinition": _without(one, "tags"), "tags": one.get("tags", [])}
        return "ClientException", "Unable to describe task definition."

    def _ListContainerInstances(self, asked: Json) -> Any:
        arns = [one["containerInstanceArn"] for one in self._all("containerInstances")]
        return self._page(arns, "containerInstanceArns", asked)

    def _DescribeContainerInstances(self, asked: Json) -> Any:
        return self._described("containerInstances", "containerInstance", asked)

    def _ListServiceDeployments(self, asked: Json) -> Any:
        chosen = [
            one
            for one in self._all("serviceDeployments")
            if _last(one["serviceArn"]) == _last(asked["service"])
        ]
        shape = _model("ecs").shape_for("ServiceDeploymentBrief")
        brief = [{key: one[key] for key in shape.members if key in one} for one in chosen]
        for one, full in zip(brief, chosen, strict=True):
            if target := full.get("targetServiceRevision"):
                one["targetServiceRevisionArn"] = target["arn"]
        return self._page(brief, "serviceDeployments", asked)

    def _DescribeServiceDeployments(self, asked: Json) -> Any:
        return self._described("serviceDeployments", "serviceDeployment", asked)

    def _DescribeServiceRevisions(self, asked: Json) -> Any:
        return self._described("serviceRevisions", "serviceRevision", asked)

    def _ContinueServiceDeployment(self, asked: Json) -> Any:
        """Of a hook that waits; ``after`` is what becomes of the service deployment then."""
        (found,) = self._described("serviceDeployments", "serviceDeployment", _only(asked))[
            "serviceDeployments"
        ]
        waiting = [one for one in found["lifecycleHookDetails"] if one["hookId"] == asked["hookId"]]
        if not waiting or waiting[0]["status"] != "AWAITING_ACTION":
            return "InvalidParameterException", "The lifecycle hook is not awaiting an action."
        waiting[0]["status"] = "SUCCEEDED"
        found |= self.objects.get("after", {})
        return {"serviceDeploymentArn": asked["serviceDeploymentArn"]}

    def _StopServiceDeployment(self, asked: Json) -> Any:
        (found,) = self._described("serviceDeployments", "serviceDeployment", _only(asked))[
            "serviceDeployments"
        ]
        if found["status"] not in ("PENDING", "IN_PROGRESS"):
            return "ConflictException", "The service deployment cannot be stopped."
        found |= {"status": "ROLLBACK_REQUESTED", **self.objects.get("after", {})}
        return {"serviceDeploymentArn": asked["serviceDeploymentArn"]}

    def _DescribeImages(self, asked: Json) -> Any:
        """Of ``registry``: by tag."""
        found = self.objects.get("registry", {}).get(asked["imageIds"][0]["imageTag"])
        return {"imageDetails": [found]} if found else ("ImageNotFoundException", "No image.")

    def _GetDeployment(self, asked: Json) -> Any:
        known = {one["deploymentId"]: one for one in self._all("codeDeployments")}
        return {"deploymentInfo": known[asked["deploymentId"]]}

    def _UpdateService(self, asked: Json) -> Any:
        """Accepted, and nothing comes of it."""
        found = self._described("services", "service", {"services": [asked["service"]]})["services"]
        return (
            {"service": found[0]} if found else ("ServiceNotFoundException", "Service not found.")
        )

    def _RegisterTaskDefinition(self, asked: Json) -> Any:
        fields = {key: value for key, value in asked.items() if key != "containerDefinitions"}
        made = definition(asked["family"], *asked["containerDefinitions"]) | fields
        self.objects["definitions"] = [*self._all("definitions"), made]
        return {"taskDefinition": _without(made, "tags")}

    def _DeregisterTaskDefinition(self, asked: Json) -> Any:
        for one in self._all("definitions"):
            if one["taskDefinitionArn"] == asked["taskDefinition"]:
                one["status"] = "INACTIVE"
                return {"taskDefinition": _without(one, "tags")}
        return "ClientException", "The specified task definition does not exist."

    def _RunTask(self, _: Json) -> Any:
        """The task that ``runs`` has for it, once: a token is for one."""
        task = self.objects["runs"]
        if task not in self._all("tasks"):
            self.objects["tasks"] = [*self._all("tasks"), task]
        return {"tasks": [task], "failures": []}

    def _StopTask(self, asked: Json) -> Any:
        (found,) = self._described("tasks", "task", {"tasks": [asked["task"]]})["tasks"]
        found["desiredStatus"] = "STOPPED"
        return {"task": found}

    def _described(self, key: str, noun: str, asked: Json) -> Json:
        """Those that were asked for by ARN or by name; the others are failures, as in ECS."""
        wanted = asked.get(key) or asked.get(f"{noun}Arns") or []
        found, missing = [], []
        for text in wanted:
            fitting = [one for one in self._all(key) if _last(one[f"{noun}Arn"]) == _last(text)]
            found += fitting[:1]
            if not fitting:
                missing.append({"arn": text, "reason": "MISSING"})
        return {key: found, "failures": missing}

    # --- Scaling, logs, load balancers, identity ------------------------------------------------

    def _DescribeScalableTargets(self, asked: Json) -> Any:
        wanted = asked.get("ResourceIds")
        chosen = self._all("scalableTargets")
        return {"ScalableTargets": [o for o in chosen if not wanted or o["ResourceId"] in wanted]}

    def _DescribeScalingActivities(self, _: Json) -> Any:
        return {"ScalingActivities": self._all("scalingActivities")}

    def _LookupEvents(self, asked: Json) -> Any:
        """Those of one name, with nothing of what was asked for in them."""
        (by,) = asked["LookupAttributes"]
        assert by["AttributeKey"] == "EventName"
        told = [one for one in self._all("trails") if one["EventName"] == by["AttributeValue"]]
        return {"Events": told}

    def _GetLogEvents(self, asked: Json) -> Any:
        """A page of a stream, by time; a token is a place in time, which what is late is before."""
        events = self._events(asked["logGroupName"], asked["logStreamName"], asked)
        if isinstance(events, tuple):
            return events
        direction, at = (asked.get("nextToken") or "/").split("/")
        if direction == "b":
            events = [one for one in events if _place(one) < at]
        elif at:
            events = [one for one in events if _place(one) > at]
        limit = asked.get("limit", 10_000)
        chosen = events[:limit] if asked.get("startFromHead") else events[-limit:]
        first, last = (_place(chosen[0]), _place(chosen[-1])) if chosen else (at, at)
        tokens = {"nextForwardToken": f"f/{last}", "nextBackwardToken": f"b/{first}"}
        return {"events": [_without(one, "place") for one in chosen], **tokens}

    def _FilterLogEvents(self, asked: Json) -> Any:
        """The events of several streams, by time, in pages of a thousand."""
        events: list[Json] = []
        for name in asked["logStreamNames"]:
            of_stream = self._events(asked["logGroupName"], name, asked)
            if isinstance(of_stream, tuple):
                return of_stream
            for one in of_stream:
                place = one.pop("place")
                events.append({**one, "logStreamName": name, "eventId": f"{name}/{place}"})
        events.sort(key=lambda one: one["timestamp"])
        start = int(asked.get("nextToken") or 0)
        more = {"nextToken": str(start + 1000)} if start + 1000 < len(events) else {}
        return {"events": events[start : start + 1000], **more}

    def _events(self, group: str, stream: str, asked: Json) -> Any:
        """The events between the two times, by time, each with its place among those taken in."""
        streams = self.objects.get("logs", {}).get(group)
        if streams is None or stream not in streams:
            noun = "log group" if streams is None else "log stream"
            return "ResourceNotFoundException", f"The specified {noun} does not exist."
        events = [{**one, "place": place} for place, one in enumerate(list(streams[stream]))]
        begin, end = asked.get("startTime") or 0, asked.get("endTime") or 10**15
        events = [one for one in events if begin <= one["timestamp"] < end]
        return sorted(events, key=_place)

    def _GetMetricData(self, asked: Json) -> Any:
        """The one minute of each series of ``metrics``: by service, metric and statistic."""
        if len(asked["MetricDataQueries"]) > 500:
            return "ValidationError", "MetricDataQueries must not have a size greater than 500."
        results = []
        for query in asked["MetricDataQueries"]:
            metric, statistic = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
            named = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            known = self.objects.get("metrics", {}).get(named.get("ServiceName", ""), {})
            value = known.get(metric["MetricName"], {}).get(statistic)
            points = {"Timestamps": [asked["EndTime"] // 60 * 60 - 60], "Values": [value]}
            none: Json = {"Timestamps": [], "Values": []}
            state = {"StatusCode": known.get("StatusCode", "Complete")}
            results.append({"Id": query["Id"], **state, **(none if value is None else points)})
        return {"MetricDataResults": results, "Messages": []}

    def _StartQuery(self, asked: Json) -> Any:
        """Container Insights is on where there are ``insights``: rows by field."""
        if "insights" not in self.objects:
            return "ResourceNotFoundException", f"Log group '{asked['logGroupName']}' is not there"
        return {"queryId": "12ab3456-12ab-123a-789e-1234567890ab"}

    def _GetQueryResults(self, _: Json) -> Any:
        rows = [
            [{"field": name, "value": value} for name, value in row.items()]
            for row in self.objects["insights"]
        ]
        return {"status": self.objects.get("queryStatus", "Complete"), "results": rows}

    def _DescribeTargetGroups(self, asked: Json) -> Any:
        groups = {one["TargetGroupArn"]: one for one in self._all("targetGroups")}
        wanted = asked.get("TargetGroupArns", list(groups))
        if any(one not in groups for one in wanted):
            return "TargetGroupNotFound", "One or more target groups not found"
        return {"TargetGroups": [groups[one] for one in wanted]}

    def _DescribeLoadBalancers(self, asked: Json) -> Any:
        balancers = {one["LoadBalancerArn"]: one for one in self._all("loadBalancers")}
        wanted = asked.get("LoadBalancerArns", list(balancers))
        if any(one not in balancers for one in wanted):
            return "LoadBalancerNotFound", "One or more load balancers not found"
        return {"LoadBalancers": [balancers[one] for one in wanted]}

    def _DescribeListeners(self, asked: Json) -> Any:
        wanted = asked["LoadBalancerArn"]
        return {"Listeners": [o for o in self._all("listeners") if o["LoadBalancerArn"] == wanted]}

    def _DescribeRules(self, asked: Json) -> Any:
        return {"Rules": self.objects.get("rules", {}).get(asked["ListenerArn"], [])}

    def _DescribeTargetHealth(self, asked: Json) -> Any:
        health = self.objects.get("targetHealth", {}).get(asked["TargetGroupArn"], [])
        return {"TargetHealthDescriptions": health}

    def _GetCallerIdentity(self, _: Json) -> Any:
        account = self.objects.get("account", ACCOUNT)
        return {"UserId": "AIDAEXAMPLE", "Account": account, "Arn": arn("user", "docs", of="iam")}


def _place(event: Json) -> str:
    return f"{event['timestamp']:015}.{event['place']:08}"


def _last(text: str) -> str:
    return text.rsplit("/", 1)[-1]


def _without(content: Json, *keys: str) -> Json:
    return {key: value for key, value in content.items() if key not in keys}


@cache
def _model(service: str) -> ServiceModel:
    name = _MODELS.get(service, service)
    loader: Callable[..., Any] = botocore.loaders.create_loader().load_service_model
    return ServiceModel(loader(name, "service-2"), name)


def _xml(shape: Any, value: Any, name: str) -> str:
    if shape.type_name == "structure":
        inside: Iterable[str] = (
            _xml(member, value[key], key)
            for key, member in shape.members.items()
            if value.get(key) is not None
        )
    elif shape.type_name == "list":
        inside = (_xml(shape.member, item, "member") for item in value)
    else:
        inside = [str(value).lower() if isinstance(value, bool) else escape(str(value))]
    return f"<{name}>{''.join(inside)}</{name}>"
