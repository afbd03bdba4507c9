"""Builds what the site shows of the package itself, from its classes and its docstrings."""
