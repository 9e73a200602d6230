"""Amazon ECS, spoken to through boto3."""
