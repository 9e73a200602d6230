"""Credentials for API servers: from a kubeconfig, from a pod's files, or from AWS."""
