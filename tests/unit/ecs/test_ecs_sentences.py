"""What ECS' sentences mean: a line for each text that was seen, from AWS' guide or in issues."""

from __future__ import annotations

import pytest

from dashborion.models.cause import Code
from dashborion.orchestrators.ecs.causes.sentences import KINDS
from dashborion.orchestrators.ecs.causes.tasks import meaning
from dashborion.orchestrators.messages import PULLS

PULL = "CannotPullContainerError: "
INIT = "ResourceInitializationError: "
SECRETS = f"{INIT}unable to pull secrets or registry auth: execution resource retrieval failed: "
ASM = f"{SECRETS}unable to retrieve secret from asm: service call has been retried 1 time(s): "
SSM = f"{SECRETS}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
ECR = f"{SECRETS}unable to retrieve ecr registry auth: service call has been retried 3 time(s): "
EC2 = "Unexpected EC2 error while attempting to "
START = "CannotStartContainerError: Error response from daemon: "
RUNC = (
    f"{START}failed to create task for container: OCI runtime create failed: runc create failed: "
)
NONE_MET = "was unable to place a task because no container instance met all of its requirements."
CLOSEST = f"{NONE_MET} The closest matching (container-instance {'0a' * 16}) "
PLACE = "was unable to place a task. Reason: "
ROLE = "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/made-up' that was"
NO_CREDENTIALS = "is not authorized to perform: "

TEXTS = [
    # Images
    ((f"{PULL}pull image manifest has been retried 1 time(s): failed to resolve ref "
     "example.test/web:403: example.test/web:403: not found"), Code.IMAGE_NOT_FOUND),
    ((f"{PULL}Error response from daemon: manifest for example.test/web:9 not found: manifest "
     "unknown: Requested image not found"), Code.IMAGE_NOT_FOUND),
    (("CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::123456789012:"
     f"assumed-role/made-up/1 {NO_CREDENTIALS}ecr:GetAuthorizationToken"), Code.IMAGE_AUTH),
    ((f"{PULL}pull access denied for made-up, repository does not exist or may require "
     "'docker login'"), Code.IMAGE_AUTH),
    ((f"{PULL}httpReadSeeker: failed open: unexpected status code https://example.test/v2/web/"
     "blobs/1: 403 Forbidden"), Code.IMAGE_AUTH),
    ((f"{PULL}inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected "
     "status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your "
     "pull rate limit"), Code.IMAGE_RATE_LIMIT),
    (f"{PULL}image Manifest does not contain descriptor matching platform 'linux/amd64'",
     Code.IMAGE_PLATFORM),
    (f"{PULL}ref pull has been retried 5 time(s): failed to copy: read tcp: i/o timeout",
     Code.IMAGE_UNREACHABLE),
    ((f"{PULL}Error response from daemon: Get https://example.test/v2/: net/http: request canceled "
     "while waiting for connection"), Code.IMAGE_UNREACHABLE),
    (f"{PULL}write /var/lib/docker/tmp/1: no space left on device", Code.IMAGE_DISK),
    (f"{PULL}AccessDeniedException: not authorized to perform: kms:Decrypt", Code.IMAGE_KEY),
    (f"{PULL}invalid reference format", Code.IMAGE_NAME),
    ("CannotPullImageManifestError: EOF", Code.IMAGE_PULL),
    ("Cannot pull container: something new", Code.IMAGE_PULL),
    (f"{ECR}AccessDeniedException: User {NO_CREDENTIALS}ecr:GetAuthorizationToken",
     Code.IMAGE_AUTH),
    ((f'{ECR}RequestError: send request failed caused by: Post "https://api.ecr.example.test/": '
     "dial tcp 192.0.2.1:443: i/o timeout"), Code.IMAGE_UNREACHABLE),
    ((f"{INIT}unable to pull secrets or registry auth: The task cannot pull registry auth from "
     "Amazon ECR: There is a connection issue between the task and Amazon ECR."),
     Code.IMAGE_UNREACHABLE),
    (f"{ECR}something new", Code.IMAGE_AUTH),
    # Secrets, files, logs, volumes, roles
    (f"{ASM}retrieved secret from Secrets Manager did not contain json key password",
     Code.CONFIG_KEY),
    ((f"{ASM}failed to fetch secret made-up from secrets manager: AccessDeniedException: User "
     f"{NO_CREDENTIALS}secretsmanager:GetSecretValue"), Code.CONFIG_ACCESS),
    (f"{ASM}failed to fetch secret made-up: Access to KMS is not allowed: kms: denied",
     Code.CONFIG_ACCESS),
    ((f"{ASM}failed to fetch secret made-up from secrets manager: ResourceNotFoundException: "
     "Secrets Manager can't find the specified secret."), Code.CONFIG_MISSING),
    (f"{SSM}invalid ssm parameters: /made-up/password", Code.CONFIG_MISSING),
    (f"{SSM}AccessDeniedException: User {NO_CREDENTIALS}ssm:GetParameters", Code.CONFIG_ACCESS),
    (f"{SSM}RequestCanceled: request context canceled caused by: context deadline exceeded",
     Code.CONFIG_UNREACHABLE),
    ((f"{SECRETS}unable to retrieve secret from asm: There is a connection issue between the task "
     "and AWS Secrets Manager. Check your task network configuration."), Code.CONFIG_UNREACHABLE),
    (f"{ASM}failed to fetch secret EFS from secrets manager: AccessDenied", Code.CONFIG_ACCESS),
    (f"{ASM}failed to fetch sec", Code.CONFIG_ACCESS),
    (f"{SECRETS}unable to get registry auth from asm: asm fetching secret", Code.CONFIG_ACCESS),
    ((f"{INIT}failed to download env files: file download command: non empty error stream: "
     "AccessDenied: Access Denied status code: 403"), Code.CONFIG_FILE),
    ((f"{INIT}failed to validate logger args: create stream has been retried 1 times: failed to "
     "create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
     "exist. : exit status 1"), Code.LOG_TARGET),
    (f"{INIT}failed to validate logger args: : signal: killed", Code.LOG_TARGET),
    (f"{START}failed to initialize logging driver: failed to create Cloudwatch log stream",
     Code.LOG_TARGET),
    ((f"{INIT}failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "
     '"fs-1.efs.example.test"'), Code.MOUNT),
    ("Timeout waiting for EBS volume attachment", Code.MOUNT),
    ("CannotCreateVolumeError: Get http://localhost", Code.MOUNT),
    (f"failed to launch a task with (error {ROLE} provided for this task.)", Code.ROLE),
    (f"{ROLE} provided for this task.", Code.ROLE),
    (("IAM trust relationship has been misconfigured or changed, and ECS can no longer maintain "
     "your service"), Code.ROLE),
    ("failed to launch a task with (error TaskDefinition is inactive).",
     Code.DEFINITION_INACTIVE),
    # Networks
    (f"{EC2}Create Network Interface in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
     Code.NO_ADDRESSES),
    ((f"{EC2}Create Network Interface: The specified subnet does not have enough free addresses to "
     "satisfy the request"), Code.NO_ADDRESSES),
    ((f"{EC2}Create Network Interface with public IP assignment enabled in subnet 'subnet-1': "
     "not enough IP addresses"), Code.NO_ADDRESSES),
    (f"{EC2}Create Network Interface: InvalidGroup.NotFound", Code.NETWORK_INTERFACE),
    (f"{EC2}tag the network interface: TagPolicyViolation", Code.NETWORK_INTERFACE),
    (f"{EC2}attach network interface to instance 'i-1'", Code.NETWORK_INTERFACE),
    ("Timeout waiting for network interface provisioning to complete.", Code.NETWORK_INTERFACE),
    (f"{INIT}failed to configure ENI: failed to setup regular eni: netplugin failed",
     Code.NETWORK_INTERFACE),
    (("failed to register targets in (target-group made-up) with (error User "
     f"{NO_CREDENTIALS}elasticloadbalancing:RegisterTargets)"), Code.LOAD_BALANCER),
    ("was unable to deregister targets since the service-linked role is missing",
     Code.LOAD_BALANCER),
    ("failed to describe target health on (target-group made-up) with (error rate)",
     Code.LOAD_BALANCER),
    ("task set (1) (task 2) is not healthy in target-group (3) due to TARGET GROUP IS NOT FOUND.",
     Code.LOAD_BALANCER),
    # Quotas
    (f"{PLACE}You've reached the limit on the number of tasks you can run concurrently",
     Code.QUOTA),
    (f"{PLACE}You've reached the limit on the number of vCPUs you can run concurrently",
     Code.QUOTA),
    (("was unable to place tasks in your cluster because the tasks provisioning capacity limit was "
     "exceeded."), Code.QUOTA),
    (f"{PLACE}The requested CPU configuration is above your limit.", Code.QUOTA_SIZE),
    (f"{PLACE}The requested MEMORY configuration is above your limit.", Code.QUOTA_SIZE),
    # Placement
    (f"{NONE_MET} Reason: No Container Instances were found in your cluster.", Code.NO_NODES),
    (("was unable to reach steady state. Reason: No Container Instances were found in your "
     "capacity provider."), Code.NO_NODES),
    (f"{CLOSEST}has insufficient CPU units available.", Code.UNSCHEDULABLE_CPU),
    (f"{CLOSEST}has insufficient memory available.", Code.UNSCHEDULABLE_MEMORY),
    (f'{CLOSEST}encountered error "RESOURCE:MEMORY".', Code.UNSCHEDULABLE_MEMORY),
    (f'{CLOSEST}encountered error "RESOURCE:GPU".', Code.UNSCHEDULABLE_RESOURCE),
    (f"{CLOSEST}is already using a port required by your task.", Code.UNSCHEDULABLE_PORT),
    (f'{CLOSEST}encountered error "RESOURCE:ENI".', Code.UNSCHEDULABLE_NETWORK),
    (f"{CLOSEST}has no available network interfaces.", Code.UNSCHEDULABLE_NETWORK),
    (f"{CLOSEST}is missing an attribute required by your task.", Code.UNSCHEDULABLE_NODE),
    (f'{CLOSEST}encountered error "ATTRIBUTE".', Code.UNSCHEDULABLE_NODE),
    (f'{CLOSEST}encountered error "LOCATION".', Code.UNSCHEDULABLE_NODE),
    (f'{CLOSEST}encountered error "AGENT".', Code.NODE_AGENT),
    ("Timed out waiting for Amazon ECS Agent to start.", Code.NODE_AGENT),
    ((f"{PLACE}Capacity is unavailable at this time. Please try again later or in a different "
     "availability zone."), Code.CAPACITY),
    (f"{PLACE}Internal error.", Code.ZONE),
    (NONE_MET, Code.UNSCHEDULABLE),
    # Containers that cannot be started
    (f"{START}failed to get container status: made up", Code.CREATE_FAILED),
    ("CannotCreateContainerError: API error (500): devmapper", Code.CREATE_FAILED),
    ("CannotInspectContainerError: Could not transition to inspecting", Code.CREATE_FAILED),
    ("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
     Code.CREATE_FAILED),
    ("ContainerRuntimeTimeoutError: Could not transition to running", Code.CREATE_FAILED),
    (f"{INIT}something new", Code.CREATE_FAILED),
    (f'{RUNC}exec: "made-up": executable file not found in $PATH: unknown', Code.EXIT_127),
    (f"{RUNC}exec /made-up: no such file or directory", Code.EXIT_127),
    (f'{RUNC}exec: "./made-up": permission denied: unknown', Code.EXIT_126),
    (f"{RUNC}exec user process caused: exec format error", Code.IMAGE_PLATFORM),
    (f"{START}write /made-up: no space left on device", Code.IMAGE_DISK),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), TEXTS, ids=[text[-40:] for text, _ in TEXTS])
def test_the_meaning_of_a_sentence(text: str, code: Code) -> None:
    found = meaning(KINDS, text)
    assert found is not None
    assert found.code is code


@pytest.mark.parametrize(
    "text",
    [
        "Essential container in task exited",
        "Task failed to start",
        "Task stopped by user",
        "Scaling activity initiated by (deployment ecs-svc/1)",
        "Task failed ELB health checks in (target-group made-up)",
        "has started 1 tasks: (task 0123).",
        "is unable to consistently start tasks successfully.",
        "(port 80) is unhealthy in (target-group web) due to (reason Health checks failed).",
    ],
)
def test_what_is_no_kind_of_these_has_no_meaning(text: str) -> None:
    assert meaning(KINDS, text) is None


def test_each_pattern_has_a_text() -> None:
    """Those of registries have theirs in the tests of what both orchestrators say."""
    patterns = [
        pattern
        for kind in KINDS
        for pattern in (kind.general, *kind.special)
        if kind.special is not PULLS
    ]
    found = {meaning(KINDS, text) for text, _ in TEXTS}
    assert [pattern for pattern in patterns if pattern not in found] == []
