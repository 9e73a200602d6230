"""Everything that tab needs: the shells' scripts, what is offered, and where names come from."""
