"""Imports libraries that only some functions need, when they are called."""

import importlib


def needed(owner, module, extra):
    """Imports a module; if it is missing, the error names the extra that installs it.

    Args:
        owner: the name of the function that needs the module.
        module: such as "matplotlib.figure".
        extra: the extra of this package that installs it.

    Returns:
        The module.

    Raises:
        ImportError: if the library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != library:
            raise
        raise ImportError(
            f'{owner}: needs {library}, which is not installed: pip install "keras-segaug[{extra}]"'
        ) from error
