"""Imports nothing that may be missing, so that scripts can check for packages here first."""

import importlib.util


def need(package, install=None):
    """Ends the program where a package is missing, with the command that installs it."""
    if importlib.util.find_spec(package) is None:
        raise SystemExit(f"This script needs {package}: pip install {install or package}")
