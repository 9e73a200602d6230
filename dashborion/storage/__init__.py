"""Files on disk: caches, names for completion, and atomic private writes."""
