"""The demo's ECS and the AWS services around it."""
