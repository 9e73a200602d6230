"""AWS for every adapter that needs it: sessions, calls, errors."""
