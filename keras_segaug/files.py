"""Files that are written in full or not at all."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def written_in_full(path):
    """A binary file to write, which gets its name once it is complete.

    Args:
        path: where it ends up; an existing file stays until then, and also if writing fails.
    """
    path = Path(path)
    # In the same folder, since only there renaming does not copy the file.
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
