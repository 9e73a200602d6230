"""Kubernetes, spoken to over HTTP with the SDK's credentials."""
