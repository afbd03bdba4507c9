"""A full disk: nothing is left half-written, what was there stays, and the error names the file."""

import ast
import contextlib
import io
import os
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import pytest
from PIL import Image

import keras_segaug as ks
from keras_segaug.__main__ import main
from keras_segaug.files import written_in_full
from tests.data import labels, random_images

PACKAGE = Path(ks.__file__).parent


@contextlib.contextmanager
def full_disk():
    """As if it were full: no file can grow beyond 100 bytes. (Python ignores the signal.)"""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_two_threads_that_write_one_file(tmp_path):
    barrier = threading.Barrier(2, timeout=60)

    def write(text):
        with written_in_full("test", tmp_path / "file") as beside:
            beside.write_text(text)
            barrier.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("one", "another")))
    assert (tmp_path / "file").read_text() in ("one", "another")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def flip():
    return ks.JointRandomFlip(seed=1)


def save_parameters(folder):
    drawn = flip().draw_parameters((2, 8, 8, 3), 1)
    ks.save_parameters(folder / "drawn.npz", flip(), drawn)


def export_augmentation(folder):
    ks.export_augmentation(flip(), folder / "augmentation", image=(8, 8, 3), mask=(8, 8))


def export(folder):
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)])
    ks.export(network, folder / "model", augmentation=flip())


def monitor(folder):
    found = ks.AugmentationMonitor(flip(), random_images(2), labels(2), folder=folder / "sheets")
    found.on_epoch_end(0)


def preview(folder):
    given = folder.with_name("given")
    for role, image in (("images", random_images(1)[0]), ("masks", labels(1)[0])):
        if not (given / role).exists():
            (given / role).mkdir(parents=True)
            Image.fromarray(image).save(given / role / "a.png")
            (given / "flip.json").write_text(flip().to_json())
    options = {"images": given / "images", "masks": given / "masks", "draws": 1}
    options |= {"pipeline": given / "flip.json", "output": folder / "page.html"}
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = main(["preview", *(x for k, v in options.items() for x in (f"--{k}", str(v)))])
    if code:
        raise OSError(said.getvalue().removeprefix("Error: "))


WRITERS = {
    "save_parameters": save_parameters,
    "AugmentationMonitor": monitor,
    "preview": preview,
}
if keras.backend.backend() == "tensorflow":
    WRITERS |= {"export_augmentation": export_augmentation, "export": export}


def files_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(name, tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        folder.mkdir()
    WRITERS[name](old)
    before = files_in(old)
    assert max(map(len, before.values())) > 100
    for folder in (new, old):
        words = rf"^(\[Errno 27\] )?{name}: {folder}/\S+ could not be written: .*[Tt]oo large"
        with full_disk(), pytest.raises(OSError, match=words):
            WRITERS[name](folder)
    assert files_in(old) == before
    assert files_in(new) == {}


def writes(path):
    """What a module calls to write files."""
    names = {"open", "write_text", "write_bytes", "save", "savez", "savez_compressed", "savefig"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            arguments = [*node.args, *(each.value for each in node.keywords)]
            reads = name == "open" and not any(
                isinstance(each, ast.Constant) and set("wax+") & set(str(each.value))
                for each in arguments
            )
            if name in names and not reads:
                yield name


def test_these_are_all_that_write():
    found = {str(path.relative_to(PACKAGE)): set(writes(path)) for path in PACKAGE.rglob("*.py")}
    assert {path: calls for path, calls in found.items() if calls} == {
        "files.py": {"open"},
        "__main__.py": {"write_text"},
        "core/layer.py": {"save"},  # into the store that Keras gives
        "inspect/preview/preview.py": {"save"},  # into memory
        "training/export.py": {"save"},
        "training/parameters_file.py": {"open", "savez_compressed"},
        "training/sheets.py": {"savefig", "write_bytes"},
    }


def test_the_output_of_a_command_may_be_on_a_full_disk(tmp_path):
    (tmp_path / "flip.json").write_text(flip().to_json())
    command = [sys.executable, "-m", "keras_segaug", "check", str(tmp_path / "flip.json")]
    environment = {name: x for name, x in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=-1, text=True, env=environment)
    said = "Error: the output could not be written: No space left on device"
    # Nothing comes after it, such as Python's own remark at exit.
    assert done.stderr.splitlines()[-1] == said
    assert done.returncode == 2
