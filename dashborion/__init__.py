"""One command line for what a team runs, on Amazon ECS and on Kubernetes."""

__version__ = "0.1.0"
