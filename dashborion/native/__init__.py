"""What commands return of that which only one orchestrator has, as it stands in ``-o json``."""
