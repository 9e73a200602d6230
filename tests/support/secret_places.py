"""Places of a task definition and a pod template where a secret can stand, each with one."""

from __future__ import annotations

from typing import Any

SECRET = "s3cr3t"  # a part of every planted value


def task_definition(run: str, image: str) -> dict[str, Any]:
    """Arguments of RegisterTaskDefinition; ``run`` makes the values differ from another's."""
    value = f"{SECRET}-{run}"
    arn = f"arn:aws:secretsmanager:eu-west-3:1:secret:{value}"
    logs = {
        "logDriver": "splunk",
        "options": {"splunk-token": value, "splunk-url": f"https://u:{value}@splunk.example"},
        "secretOptions": [{"name": "splunk-extra", "valueFrom": arn}],
    }
    app = {
        "name": "app",
        "image": image,
        "memory": 128,
        "environment": [{"name": "KEY", "value": value}],
        "secrets": [{"name": "TOKEN", "valueFrom": arn}],
        "repositoryCredentials": {"credentialsParameter": arn},
        "credentialSpecs": [f"credentialspec:{arn}"],
        "dockerLabels": {"com.datadoghq.ad.instances": value},
        "firelensConfiguration": {"type": "fluentbit", "options": {"password": value}},
        "logConfiguration": logs,
    }
    docker = {"driver": "x", "driverOpts": {"o": f"password={value}"}, "labels": {"a": value}}
    windows = {
        "fileSystemId": "fs-1",
        "rootDirectory": "/",
        "authorizationConfig": {"credentialsParameter": arn, "domain": "example.com"},
    }
    return {
        # A container in one revision only has its secrets told as added or removed.
        "containerDefinitions": [app, app | {"name": f"side-{run}"}],
        "volumes": [
            {"name": "docker", "dockerVolumeConfiguration": docker},
            {"name": "windows", "fsxWindowsFileServerVolumeConfiguration": windows},
        ],
        "proxyConfiguration": {
            "containerName": "app",
            "properties": [{"name": "key", "value": value}],
        },
    }


_APP = "containerDefinitions[app]"
_WINDOWS = "volumes[windows].fsxWindowsFileServerVolumeConfiguration"
FIELDS_OF_TASK_DEFINITION = (
    f"{_APP}.environment[KEY].value", f"{_APP}.secrets[TOKEN].valueFrom",
    f"{_APP}.repositoryCredentials.credentialsParameter", f"{_APP}.credentialSpecs",
    f"{_APP}.dockerLabels.com.datadoghq.ad.instances",
    f"{_APP}.firelensConfiguration.options.password",
    f"{_APP}.logConfiguration.options.splunk-token", f"{_APP}.logConfiguration.options.splunk-url",
    f"{_APP}.logConfiguration.secretOptions[splunk-extra].valueFrom",
    "volumes[docker].dockerVolumeConfiguration.driverOpts.o",
    "volumes[docker].dockerVolumeConfiguration.labels.a",
    f"{_WINDOWS}.authorizationConfig.credentialsParameter",
    "proxyConfiguration.properties[key].value",
)  # fmt: skip
"""Where they stand, as a dry run spells it."""


def pod_template(run: str, image: str) -> dict[str, Any]:
    """What stands in ``spec.template``."""
    value = f"{SECRET}-{run}"
    request = {"path": "/", "port": 80, "httpHeaders": [{"name": "Authorization", "value": value}]}
    last_applied = f'{{"env": [{{"name": "KEY", "value": "{value}"}}]}}'
    app = {
        "name": "app",
        "image": image,
        "env": [
            {"name": "KEY", "value": value},
            {"name": "OF", "valueFrom": {"secretKeyRef": {"name": value, "key": "k"}}},
        ],
        "livenessProbe": {"httpGet": request},
        "lifecycle": {"preStop": {"httpGet": request}},
    }
    twice = [{"name": "TWICE", "value": value}, {"name": "TWICE", "value": value}]
    return {
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": last_applied,
                "ad.datadoghq.com/app.instances": value,
            }
        },
        "spec": {
            "containers": [app, {"name": f"side-{run}", "image": image, "env": twice}],
            "initContainers": [{"name": "first", "image": image, "env": twice}],
            "volumes": [
                {"name": "csi", "csi": {"driver": "x", "volumeAttributes": {"token": value}}},
                {"name": "flex", "flexVolume": {"driver": "x/y", "options": {"token": value}}},
            ],
        },
    }


FIELDS_OF_POD_TEMPLATE = (
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "metadata.annotations.ad.datadoghq.com/app.instances",
    "spec.containers[app].env[KEY].value",
    "spec.containers[app].env[OF].valueFrom.secretKeyRef.name",
    "spec.containers[app].livenessProbe.httpGet.httpHeaders[Authorization].value",
    "spec.containers[app].lifecycle.preStop.httpGet.httpHeaders[Authorization].value",
    "spec.initContainers[first].env",
    "spec.volumes[csi].csi.volumeAttributes.token",
    "spec.volumes[flex].flexVolume.options.token",
)
