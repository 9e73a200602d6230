"""Who we are to an API server: from a kubeconfig, a pod's files, or AWS."""
