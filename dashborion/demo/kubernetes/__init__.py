"""The demo's Kubernetes API with what lives behind it."""
