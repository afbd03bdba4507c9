"""Builds the pages about the package itself, from its classes and docstrings."""
