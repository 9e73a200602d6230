"""The embedded default: an ECS and a Kubernetes to try everything on. Imports no adapter."""
