"""Files that are there in full or not at all."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def written_in_full(path):
    """A binary file to write, which takes its name when all is in it.

    Args:
        path: where it ends up; what lies there stays until then, and stays where writing fails.
    """
    path = Path(path)
    # In the same folder, since a file keeps its place on disk only there when it is renamed.
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
