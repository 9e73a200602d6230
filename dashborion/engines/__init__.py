"""What is done with what orchestrators say: several environments as one, waits, merged logs."""
