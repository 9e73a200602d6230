"""The columns of each list and of each table inside a description, by theme."""
