"""What lies on disk: caches, and files written privately and in one step."""
