"""Two definitions, each from its API's own JSON, and the rows that say how they differ."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashborion.engines.comparison import Selection, compared
from dashborion.engines.pairing import words_of
from dashborion.models.definition import Comparison, Defined, Sealed
from dashborion.models.workload import Endpoint, EndpointType
from tests.support.definitions import (
    ECS_PRODUCTION,
    ECS_STAGING,
    IMAGE,
    K8S_PRODUCTION,
    digest,
    on_ecs,
    on_kubernetes,
)

PASSWORD, OTHER = "made-up-password", "another-password"
SECRET_ARN = "arn:aws:ssm:eu-west-3:1:parameter/{}"


def comparison(left: Defined, right: Defined, **chosen: Any) -> Comparison:
    words = (words_of(ECS_STAGING), words_of(ECS_PRODUCTION))
    return compared(left, right, words, Selection(**chosen))


def rows(left: Defined, right: Defined) -> list[tuple[Any, ...]]:
    return [
        (one.field, one.container, one.left, one.right, str(one.kind))
        for one in comparison(left, right).differences
    ]


def ecs(*left: Any, right: Any = ({},), **more: Any) -> tuple[Defined, Defined]:
    """The same service twice, but for its containers."""
    return on_ecs(*left, **more), on_ecs(*right, environment=ECS_PRODUCTION, **more)


def k8s(*left: Any, right: Any = ({},), **more: Any) -> tuple[Defined, Defined]:
    one = on_kubernetes(*left, **more)
    return one, on_kubernetes(*right, environment=K8S_PRODUCTION, **more)


def variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def from_(kind: str, key: str = "k") -> dict[str, Any]:
    return {"name": "MODE", "valueFrom": {kind: {"name": "settings", "key": key}}}


def probe(path: str) -> dict[str, Any]:
    return {"readinessProbe": {"httpGet": {"path": path, "port": 8080}}}


@pytest.mark.parametrize("pair", [ecs, k8s], ids=["ecs", "kubernetes"])
@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {"image": "registry.example/shop/web:1.0"},
            {"image": "registry.example/shop/web:2.0"},
            [("image.tag", "web", "1.0", "2.0", "changed")],
            id="a tag",
        ),
        pytest.param(
            {"image": "localhost:5000/web"},
            {"image": "web"},
            [
                ("image.repository", "web", "localhost:5000/web", "docker.io/library/web",
                 "changed"),
            ],
            id="a registry",
        ),
    ],
)  # fmt: skip
def test_images_are_compared_by_repository_and_tag(
    pair: Any, left: Any, right: Any, expected: list[Any]
) -> None:
    assert rows(*pair(left, right=(right,))) == expected


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        pytest.param(
            ecs({"entryPoint": ["sh"], "command": ["-c"]}),
            [("command", "web", ["sh"], None, "removed"),
             ("arguments", "web", ["-c"], None, "removed")],
            id="ecs: what is run",
        ),
        pytest.param(
            k8s({"command": ["sh"], "args": ["-c"]}),
            [("command", "web", ["sh"], None, "removed"),
             ("arguments", "web", ["-c"], None, "removed")],
            id="kubernetes: what is run",
        ),
        pytest.param(
            ecs({"portMappings": [{"containerPort": 80, "protocol": "tcp"}]}),
            [("ports", "web", ["80/tcp"], None, "removed")],
            id="ecs: ports",
        ),
        pytest.param(
            k8s({"ports": [{"containerPort": 80}]}),
            [("ports", "web", ["80/tcp"], None, "removed")],
            id="kubernetes: ports",
        ),
        pytest.param(
            ecs({"cpu": 512, "memory": 512, "memoryReservation": 256},
                right=({"cpu": 256, "memory": 512},)),
            [("cpu.requested", "web", 500, 250, "changed"),
             ("memory.requested", "web", 256, 512, "changed")],
            id="ecs: what a container is given",
        ),
        pytest.param(
            k8s({"resources": {"requests": {"cpu": "0.5"}, "limits": {"memory": "1Gi"}}},
                right=({"resources": {"limits": {"memory": "512Mi"}}},)),
            [("cpu.requested", "web", 500, None, "removed"),
             ("memory.requested", "web", 1024, 512, "changed"),
             ("memory.limit", "web", 1024, 512, "changed")],
            id="kubernetes: what a container is given",
        ),
        pytest.param(
            (on_ecs(cpu="256"), on_ecs(cpu=".5 vCPU", environment=ECS_PRODUCTION)),
            [("cpu", None, 250, 500, "changed")],
            id="ecs: what a task is given",
        ),
        pytest.param(
            (on_kubernetes(resources={"requests": {"cpu": 1}}), on_kubernetes()),
            [("cpu", None, 1000, None, "removed")],
            id="kubernetes: what a pod is given",
        ),
        pytest.param(
            (on_ecs(runtimePlatform={"cpuArchitecture": "ARM64"}), on_ecs()),
            [("platform", None, "linux/arm64", "linux/amd64", "changed")],
            id="ecs: the platform",
        ),
        pytest.param(
            (on_kubernetes(nodeSelector={"kubernetes.io/arch": "arm64"}), on_kubernetes()),
            [("platform", None, "linux/arm64", None, "removed")],
            id="kubernetes: the platform",
        ),
        pytest.param(
            (on_ecs(), on_ecs(service={"deploymentConfiguration": {"strategy": "BLUE_GREEN"}})),
            [("strategy", None, "rolling", "blue-green", "changed")],
            id="ecs: another strategy",
        ),
        pytest.param(
            (on_ecs(),
             on_ecs(service={"deploymentConfiguration": {"minimumHealthyPercent": 75,
                                                         "maximumPercent": 125}})),
            [("strategy.maxUnavailable", None, "0%", "25%", "changed"),
             ("strategy.maxSurge", None, "100%", "25%", "changed")],
            id="ecs: how many are replaced at once",
        ),
        pytest.param(
            (on_kubernetes(), on_kubernetes(controller={"strategy": {"type": "Recreate"}})),
            [("strategy", None, "rolling", "recreate", "changed")],
            id="kubernetes: another strategy",
        ),
        pytest.param(
            ecs({"healthCheck": {"command": ["CMD-SHELL", "curl -f localhost"], "interval": 5}}),
            [("healthChecks.readiness", "web",
              "curl -f localhost, every 5s, timeout 5s, 3 failures", None, "removed")],
            id="ecs: the health check",
        ),
        pytest.param(
            k8s(probe("/health?token=made-up"), right=(probe("ready"),)),
            [("healthChecks.readiness", "web",
              "HTTP /health on 8080, every 10s, timeout 1s, 3 failures",
              "HTTP /ready on 8080, every 10s, timeout 1s, 3 failures", "changed")],
            id="kubernetes: a probe, without a query",
        ),
        pytest.param(
            ecs({}, {"name": "proxy", "image": "envoy:1"}),
            [("container", "proxy", "docker.io/library/envoy:1", None, "removed")],
            id="a container more",
        ),
        pytest.param(
            ecs({"name": "staging-web"}, right=({"name": "app"},)),
            [],
            id="the only container may have another name",
        ),
    ],
)  # fmt: skip
def test_fields_of_definitions(pair: tuple[Defined, Defined], expected: list[Any]) -> None:
    assert rows(*pair) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(on_ecs(count=2), on_ecs(count=3), [("replicas", 2, 3)], id="counts"),
        pytest.param(
            on_ecs(count=2, bounds=(2, 5)), on_kubernetes(count=4, bounds=(2, 5)), [],
            id="both as their autoscalers may have them",
        ),
        pytest.param(
            on_ecs(count=2, bounds=(2, 5)), on_ecs(count=9),
            [("replicas", 2, 9), ("autoscaler", "2-5", None)],
            id="outside the other's bounds",
        ),
        pytest.param(
            on_ecs(count=2, bounds=(2, 5)), on_ecs(count=3), [("autoscaler", "2-5", None)],
            id="within the other's bounds",
        ),
        pytest.param(
            on_ecs(count=0, bounds=(2, 5)), on_ecs(count=2, bounds=(2, 5)), [("replicas", 0, 2)],
            id="below its own bounds",
        ),
    ],
)  # fmt: skip
def test_replicas_within_the_bounds_of_an_autoscaler_are_equal(
    left: Defined, right: Defined, expected: list[Any]
) -> None:
    found = [row for row in rows(left, right) if row[0] in ("replicas", "autoscaler")]
    assert [row[:1] + row[2:4] for row in found] == expected


@pytest.mark.parametrize(
    ("left", "right", "tag", "expected"),
    [
        pytest.param([1], [1], "1.0", [], id="the same image"),
        pytest.param(
            [1], [2], "1.0",
            [("image.digest", digest(1), digest(2), "changed", "digest differs, tag equal")],
            id="one tag, two images",
        ),
        pytest.param(
            [1], [2], "2.0", [("image.tag", "1.0", "2.0", "changed", None),
                              ("image.digest", digest(1), digest(2), "changed", None)],
            id="two tags, two images",
        ),
        pytest.param(
            [1], [], "1.0",
            [("image.digest", digest(1), None, "unknown",
              "the digest that runs is not known in production")],
            id="not told",
        ),
        pytest.param(
            [1], [None], "1.0",
            [("image.digest", digest(1), None, "unknown",
              "the digest that runs is not known in production")],
            id="not certain",
        ),
        pytest.param(
            [1], [1, 2], "1.0",
            [("image.digest", digest(1), f"{digest(1)}, {digest(2)}", "changed",
              "digest differs, tag equal")],
            id="instances with different images",
        ),
    ],
)  # fmt: skip
def test_digests_that_run(left: Any, right: Any, tag: str, expected: list[Any]) -> None:
    known = [
        {"web": [one if one is None else digest(one) for one in side]} for side in (left, right)
    ]
    image = {"image": IMAGE.replace("1.0", tag)}
    found = comparison(
        on_ecs(digests=known[0]), on_ecs(image, digests=known[1], environment=ECS_PRODUCTION)
    )
    assert [
        (one.field, one.left, one.right, str(one.kind), one.note) for one in found.differences
    ] == expected


def test_an_index_and_a_manifest_may_be_one_image_across_orchestrators() -> None:
    left, right = (
        make(digests={"web": [digest(n)]}) for n, make in ((1, on_ecs), (2, on_kubernetes))
    )
    found = comparison(left, right, only=["image"])
    (row,) = found.differences
    assert (str(row.kind), found.same) == ("unknown", None)
    assert "digest differs, tag equal" in str(row.note)


def test_what_is_pinned_to_the_digest_that_a_tag_means_is_the_same() -> None:
    pinned = {"image": f"registry.example/shop/web@{digest(1)}"}
    assert rows(on_ecs(digests={"web": [digest(1)]}), on_ecs(pinned, digests={})) == []


def test_nothing_is_said_of_digests_that_nobody_asked_for() -> None:
    assert rows(on_ecs(), on_ecs()) == []


# --- Variables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        pytest.param(
            ecs({"environment": [variable("MODE", PASSWORD)]},
                right=({"environment": [variable("MODE", OTHER)]},)),
            [("variables.MODE", "changed")], id="ecs: a value",
        ),
        pytest.param(
            k8s({"env": [variable("MODE", PASSWORD)]},
                right=({"env": [variable("MODE", OTHER)]},)),
            [("variables.MODE", "changed")], id="kubernetes: a value",
        ),
        pytest.param(
            (on_ecs({"environment": [variable("MODE", PASSWORD)]}),
             on_kubernetes({"env": [variable("MODE", PASSWORD)]})),
            [], id="one value on both",
        ),
        pytest.param(
            ecs({"environment": [variable("MODE", PASSWORD)]}),
            [("variables.MODE", "removed")], id="a variable less",
        ),
        pytest.param(
            ecs(right=({"secrets": [{"name": "TOKEN", "valueFrom": SECRET_ARN}]},)),
            [("secrets.TOKEN", "added")], id="ecs: a secret more",
        ),
        pytest.param(
            ecs(*[{"secrets": [{"name": "TOKEN", "valueFrom": SECRET_ARN.format("staging")}]}],
                right=({"secrets": [{"name": "TOKEN", "valueFrom": SECRET_ARN.format("live")}]},)),
            [], id="ecs: each environment's own secret",
        ),
        pytest.param(
            k8s({"env": [from_("secretKeyRef")]}, right=({"env": [from_("secretKeyRef", "o")]},)),
            [], id="kubernetes: each environment's own secret",
        ),
        pytest.param(
            (on_ecs({"secrets": [{"name": "MODE", "valueFrom": SECRET_ARN}]}),
             on_kubernetes({"env": [from_("secretKeyRef")]})),
            [], id="a secret on both",
        ),
        pytest.param(
            k8s({"env": [variable("MODE", PASSWORD)]}, right=({"env": [from_("secretKeyRef")]},)),
            [("variables.MODE", "removed"), ("secrets.MODE", "added")], id="now a secret",
        ),
        pytest.param(
            k8s({"env": [from_("configMapKeyRef")]}, right=({"env": [from_("configMapKeyRef")]},)),
            [("variables.MODE", "unknown")], id="kubernetes: a value in a ConfigMap",
        ),
        pytest.param(
            k8s({"env": [from_("fieldRef")]}, right=({"env": [from_("fieldRef")]},)),
            [], id="kubernetes: what the pod itself says",
        ),
        pytest.param(
            ecs({"environment": [variable("MODE", PASSWORD)]},
                right=({"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::made/up"}]},)),
            [("variables", "unknown"), ("variables.MODE", "unknown")],
            id="ecs: it may be in a file",
        ),
        pytest.param(
            k8s({"envFrom": [{"configMapRef": {"name": "settings"}}]},
                right=({"envFrom": [{"configMapRef": {"name": "settings"}}],
                        "env": [variable("MODE", PASSWORD)]},)),
            [("variables", "unknown"), ("variables.MODE", "unknown")],
            id="kubernetes: it may be in a ConfigMap",
        ),
    ],
)  # fmt: skip
def test_variables_are_compared_by_name_and_by_whether_they_differ(
    pair: tuple[Defined, Defined], expected: list[Any]
) -> None:
    found = comparison(*pair, only=["variables", "secrets"])
    assert [(one.field, str(one.kind)) for one in found.differences] == expected
    hidden = [one for one in found.differences if one.field != "variables"]
    assert all((one.left, one.right, one.hidden) == (None, None, True) for one in hidden)


def test_a_value_can_be_neither_printed_nor_encoded() -> None:
    left, _ = ecs({"environment": [variable("MODE", PASSWORD)]})
    assert PASSWORD not in repr(left) + msgspec.json.encode(left.definition).decode()
    with pytest.raises(TypeError):
        msgspec.json.encode(left)
    assert (Sealed("a") == Sealed("a"), Sealed("a") == Sealed("b"), repr(Sealed("a"))) == (
        True, False, "Sealed()",
    )  # fmt: skip


# --- Across orchestrators, and what is chosen -----------------------------------------------------


def test_a_task_and_a_pod_of_the_same_size_are_equal() -> None:
    left = on_ecs({"cpu": 256, "memory": 512}, cpu="512", memory="1024")
    resources = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}
    right = on_kubernetes({"resources": resources}, {"name": "proxy", "resources": resources})
    found = comparison(left, right, only=["cpu", "memory"])
    assert found.differences == []


def endpoint(url: str) -> Endpoint:
    return Endpoint(type=EndpointType.INGRESS, name="web", url=url)


def test_addresses_that_only_name_their_environment_are_equal() -> None:
    left = on_ecs(endpoints=[endpoint("https://staging.shop.example/")])
    assert rows(left, on_ecs(endpoints=[endpoint("https://shop.example/")])) == []
    (row,) = rows(left, on_ecs(endpoints=[endpoint("https://api.shop.example/")]))
    assert row == (
        "endpoints", None, ["https://staging.shop.example/"], ["https://api.shop.example/"],
        "changed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("only", "ignore", "expected"),
    [
        pytest.param([], [], ["replicas", "image.tag", "variables.A", "variables.B"], id="all"),
        pytest.param(["image"], [], ["image.tag"], id="all below a name"),
        pytest.param(["variables.A"], [], ["variables.A"], id="one variable"),
        pytest.param([], ["variables", "replicas"], ["image.tag"], id="without"),
    ],
)
def test_only_what_is_chosen_is_compared(
    only: list[str], ignore: list[str], expected: list[str]
) -> None:
    both = [variable("A", "1"), variable("B", "1")]
    other = [variable("A", "2"), variable("B", "2")]
    left = on_ecs({"environment": both})
    right = on_ecs({"environment": other, "image": "registry.example/shop/web:2"}, count=3)
    found = comparison(left, right, only=only, ignore=ignore)
    assert [one.field for one in found.differences] == expected
    assert found.same is False


@pytest.mark.parametrize(
    ("only", "ignore", "parts"),
    [
        pytest.param([], [], {"digests", "endpoints", "autoscaling"}, id="all"),
        pytest.param(["image"], [], {"digests"}, id="images"),
        pytest.param(["Image.Tag,replicas"], [], {"autoscaling"}, id="tags and replicas"),
        pytest.param([], ["endpoints", "IMAGE"], {"autoscaling"}, id="without"),
    ],
)
def test_only_what_is_compared_is_asked_for(
    only: list[str], ignore: list[str], parts: set[str]
) -> None:
    assert Selection.parse(only, ignore).parts == parts


@pytest.mark.parametrize("pair", [ecs, k8s], ids=["ecs", "kubernetes"])
@pytest.mark.parametrize("write", [str, str.upper])
def test_every_field_that_differs_can_be_chosen(pair: Any, write: Any) -> None:
    left, right = pair(
        {
            "image": "x", "entryPoint": ["a"], "args": ["a"], "cpu": 1, "memory": 2,
            "portMappings": [{"containerPort": 1}], "ports": [{"containerPort": 1}],
            "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Mi"}},
            "healthCheck": {"command": ["CMD", "true"]}, **probe("/"),
        },
        {"name": "other"},
        bounds=(1, 5),
    )  # fmt: skip
    found = {one.field for one in comparison(left, right).differences}
    assert len(found) > 5
    assert all(Selection.parse([write(field)], []).only == [field] for field in found)
