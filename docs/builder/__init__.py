"""Builds what the site shows of the package itself, from its registry and its docstrings."""
