"""Servers and fixtures the tests share: nothing in here is part of the package."""
