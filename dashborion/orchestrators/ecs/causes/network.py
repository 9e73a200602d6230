"""Addresses, network interfaces, and load balancers that tasks cannot be registered at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import Kind
from dashborion.orchestrators.messages import Pattern

_SURE = Confidence.CERTAIN
KINDS: Sequence[Kind] = (
    Kind(Pattern(r"insufficient ?free ?addresses|enough free (ip )?addresses",
                 Code.NO_ADDRESSES, _SURE)),
    Kind(
        Pattern(r"create network interface|network interface provisioning|configure ENI"
                r"|\b(attach|tag|detach)\w* (the )?network interface|setup \w+ eni",
                Code.NETWORK_INTERFACE, _SURE),
        (Pattern(r"enough IP|free IP", Code.NO_ADDRESSES),),
    ),
    Kind(Pattern(r"(register|describ)\w* (the )?(target|instance)|target group is not found"
                 r"|service.linked role", Code.LOAD_BALANCER)),
)  # fmt: skip

ADVICE: Mapping[Code, str] = {
    Code.NO_ADDRESSES: "free addresses, or add subnets to the service",
    Code.NETWORK_INTERFACE: "check the service's subnets and security groups",
    Code.LOAD_BALANCER: "check the role AWSServiceRoleForECS and that the target group is there",
}
