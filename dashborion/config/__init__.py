"""Which environments there are, and which of them a command means."""
