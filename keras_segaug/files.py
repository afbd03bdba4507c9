"""Files and folders that are written in full or not at all."""

import contextlib
import os
import shutil
from pathlib import Path


@contextlib.contextmanager
def written_in_full(owner, path):
    """A path to write a file or a folder to, which gets the name `path` once it is complete.

    Args:
        owner: the name of the function that writes, for the message.
        path: where it ends up. What is there stays until then, and also if writing fails. A folder
            there is replaced by a folder, with everything in it.

    Raises:
        OSError: where the disk is full, or anything else prevents writing.
    """
    # If the path is a link, in the folder of what it points to: renaming works within one disk.
    path = Path(path).resolve()
    existed = path.exists()
    # Threads, and containers with a common folder, may have one process number.
    own = os.urandom(8).hex()
    beside, replaced = (path.with_name(f".{path.name[:50]}.{own}.{x}") for x in "ab")
    try:
        yield beside
        for file in [beside] if beside.is_file() else filter(Path.is_file, beside.rglob("*")):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        if beside.is_dir() and path.is_dir():
            path.rename(replaced)
        beside.rename(path) if beside.is_dir() else beside.replace(path)
    except OSError as error:
        raise _told(owner, path, existed, error) from error
    finally:
        if replaced.is_dir() and not path.exists():
            replaced.rename(path)
        for each in (beside, replaced):
            shutil.rmtree(each, ignore_errors=True)
            with contextlib.suppress(OSError):
                each.unlink()


def _told(owner, path, existed, error):
    why = error.strerror or str(error)
    text = f"{owner}: {path} could not be written: {why}"
    if existed:
        text += ". What was there before is still there"
    return OSError(error.errno, text) if error.errno else OSError(text)
