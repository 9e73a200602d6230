"""Looking for clusters, and naming those that were found."""
