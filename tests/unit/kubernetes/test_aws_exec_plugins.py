"""Which kubeconfig users' plugins are understood, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes.credentials.eks_plugins import EksUser, eks_user

GET_TOKEN = ["eks", "get-token", "--cluster-name", "rubix"]
ROLE = "arn:aws:iam::123456789012:role/on-call"


def entry(command: str, args: Any, **env: str) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in env.items()]
    return {"command": command, "args": args, "env": variables}


UNDERSTOOD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "aws": (entry("aws", GET_TOKEN), {}),
    "a path": (entry("/usr/local/bin/aws", GET_TOKEN), {}),
    "on Windows": (entry(r"C:\Program Files\Amazon\AWSCLIV2\aws.exe", GET_TOKEN), {}),
    "what update-kubeconfig writes": (
        entry("aws", ["--region", "eu-west-3", *GET_TOKEN, "--output", "json"], AWS_PROFILE="home"),
        {"region": "eu-west-3", "profile": "home"},
    ),
    "with equals signs": (
        entry("aws", ["eks", "get-token", "--cluster-name=rubix", "--profile=home"]),
        {"profile": "home"},
    ),
    "a role": (entry("aws", [*GET_TOKEN, "--role-arn", ROLE]), {"role_arn": ROLE}),
    "an option before a variable": (
        entry("aws", [*GET_TOKEN, "--region", "eu-west-3"], AWS_REGION="us-east-1"),
        {"region": "eu-west-3"},
    ),
    "what eksctl writes": (
        entry("aws", GET_TOKEN, AWS_STS_REGIONAL_ENDPOINTS="regional", AWS_DEFAULT_REGION="eu-a"),
        {"region": "eu-a"},
    ),
    "the authenticator": (
        entry("aws-iam-authenticator", ["token", "-i", "rubix", "-r", ROLE]),
        {"role_arn": ROLE},
    ),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_entries_of_the_aws_cli_are_understood(name: str) -> None:
    given, said = UNDERSTOOD[name]
    assert eks_user(given, {}) == EksUser(given["command"], "rubix", **said)


NOT_UNDERSTOOD = {
    "nothing": None,
    "another program": entry("gke-gcloud-auth-plugin", []),
    "another program of AWS": entry("aws-vault", ["exec", "home", "--", "aws", *GET_TOKEN]),
    "another command": entry("aws", ["eks", "describe-cluster", "--name", "rubix"]),
    "half a command": entry("aws", ["eks", "--cluster-name", "rubix"]),
    "no cluster": entry("aws", ["eks", "get-token"]),
    "no value": entry("aws", ["eks", "get-token", "--cluster-name"]),
    "an empty value": entry("aws", ["eks", "get-token", "--cluster-name", ""]),
    "a flag": entry("aws", [*GET_TOKEN, "--no-verify-ssl"]),
    "another endpoint": entry("aws", [*GET_TOKEN, "--endpoint-url", "https://example.com"]),
    "an option twice": entry("aws", [*GET_TOKEN, "--region", "a", "--region", "b"]),
    "another output": entry("aws", [*GET_TOKEN, "--output", "text"]),
    "a word too many": entry("aws", [*GET_TOKEN, "now"]),
    "keys in variables": entry("aws", GET_TOKEN, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE"),
    "another home": entry("aws", GET_TOKEN, HOME="/somewhere"),
    "the global endpoint": entry("aws", GET_TOKEN, AWS_STS_REGIONAL_ENDPOINTS="legacy"),
    "an external id": entry("aws-iam-authenticator", ["token", "-i", "rubix", "-e", "x"]),
    "args that are no list": {"command": "aws", "args": "eks get-token"},
    "args that are no text": {"command": "aws", "args": ["eks", "get-token", 1]},
    "a variable without a value": {"command": "aws", "args": GET_TOKEN, "env": [{"name": "A"}]},
    "variables that are none": {"command": "aws", "args": GET_TOKEN, "env": ["A=B"]},
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_other_entries_are_run_as_written(name: str) -> None:
    assert eks_user(NOT_UNDERSTOOD[name], {}) is None


def test_a_profile_in_a_variable_gives_way_to_keys_in_variables_as_with_the_program() -> None:
    given = entry("aws", GET_TOKEN, AWS_PROFILE="home")
    assert eks_user(given, {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}) is None
    given = entry("aws", [*GET_TOKEN, "--profile", "home"])
    assert eks_user(given, {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}) is not None
