"""What the demo's environments run when they start."""
