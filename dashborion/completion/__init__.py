"""Tab completion: the shells' scripts, the answers to them, and where names come from."""
