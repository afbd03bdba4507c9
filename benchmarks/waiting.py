"""What a user waits for beside the pixels: each a figure, and the most that it may be."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.race import ROOT

ENVIRONMENT = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
# When Python next looks through all objects of Keras and its backend, which takes as long as this
# import, is chance: whoever is being imported then has it in his time.
CLOCK = (
    "import gc, time; gc.collect(); gc.freeze(); start = time.perf_counter(); "
    "import {}; print(time.perf_counter() - start)"
)
IMPORT = "import keras; " + CLOCK.format("keras_segaug")
# About as many modules as the package has: how quick a machine imports differs by more than half.
YARDSTICK = CLOCK.format(
    "asyncio, ctypes.util, email.mime.text, logging.config, multiprocessing.managers, pydoc, "
    "unittest.mock, xmlrpc.server"
)
# In a process of their own: `check.py` must not load a backend.
FIGURES = "from benchmarks.waiting import print_figures; print_figures()"
MOST = {
    # Seen were 0.39 to 0.45, where it took 41 to 63 milliseconds. The goal is 50 where it is quiet.
    "importing keras_segaug after keras, by importing 190 modules of Python's own": 0.55,
    "finding 10,000 pairs of files, seconds": 3.0,
    "29 crops after the first, by the time of the first, which compiles": 1.0,
    "50 images of as many sizes, by the time of 50 of one size uncompiled": 3.0,
}


def figures():
    """{what is waited for: how much}; the names are those of `MOST`."""
    return dict(zip(MOST, [import_share(), *measured(FIGURES)], strict=True))


def measured(code):
    """The numbers that code prints as its last line, in a process of its own."""
    return json.loads(printed(code, ENVIRONMENT).splitlines()[-1])


def printed(code, environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def judge(found, allowed=None):
    """What is above its limit, in words; the limits are those of `MOST`."""
    return [
        f"{name}: {found[name]:.2f}; {most:g} is the most allowed."
        for name, most in (allowed or MOST).items()
        if found[name] > most
    ]


def import_milliseconds():
    """What `import keras_segaug` takes where Keras has been imported already."""
    (ours,) = shortest(IMPORT)
    return 1000.0 * ours


def import_share():
    """The same by what a yardstick takes, in turns: of a slow machine only the share is of use."""
    ours, yardstick = shortest(IMPORT, YARDSTICK)
    return ours / yardstick


def shortest(*programs):
    """The fewest seconds that each program printed, run in turns, each time in a new process.

    With the byte code that installing a package writes, also where the environment forbids it.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = {k: v for k, v in ENVIRONMENT.items() if k != "PYTHONDONTWRITEBYTECODE"}
        settings["PYTHONPYCACHEPREFIX"] = folder
        rounds = [[float(printed(code, settings)) for code in programs] for _ in range(6)]
    # The first writes the byte code. Of the others the fastest: the rest is not the package.
    return [min(times) for times in zip(*rounds[1:], strict=True)]


def print_figures():
    with tempfile.TemporaryDirectory() as folder:
        scanning = scan(Path(folder), 10_000)
    print(json.dumps([scanning, later_crops(), changing_sizes()]))


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def scan(root, count):
    """Finding so many pairs of files: links to one image, much quicker than writing them."""
    from PIL import Image

    from benchmarks.work import pairs
    from keras_segaug.data.pairs import find_pairs

    one = root / "one.png"
    Image.fromarray(pairs(16, 1)[1][0]).save(one)
    folders = [root / name for name in ("images", "masks")]
    for folder in folders:
        folder.mkdir()
        for n in range(count):
            os.link(one, folder / f"{n:05}.png")
    found = []
    elapsed = seconds(lambda: found.append(find_pairs(*map(str, folders))))
    assert len(found[0].pairs) == count
    return elapsed


def later_crops():
    """Where a window starts is no constant of the program: else each call would compile."""
    import keras_segaug as ks
    from benchmarks.work import pairs

    images, _ = pairs(64, 1)
    layer = ks.JointRandomCrop(40, 40, seed=1, dtype="uint8")
    first, *later = [seconds(lambda: layer(images)) for _ in range(30)]
    return sum(later) / first


def changing_sizes():
    """Sizes that keep changing must not compile each time."""
    import keras_segaug as ks
    from benchmarks.work import pairs

    def run(jit_compile, sizes):
        layers = [
            ks.JointRandomFlip(),
            ks.JointRandomRotation(0.1),
            ks.JointRandomZoom(0.2, 0.3),
            ks.ImageOnlyBrightness(0.2),
            ks.ImageOnlyContrast(0.2),
        ]
        layer = ks.Pipeline(layers, seed=1, jit_compile=jit_compile)
        images, masks = (part[0] for part in pairs(300, 1))
        given = [(images[:height, :width], masks[:height, :width]) for height, width in sizes]
        layer(*given[0])  # what is loaded and built once
        return seconds(lambda: [layer(*pair) for pair in given])

    sizes = [(200 + i, 180 + 2 * i) for i in range(50)]
    return run("auto", sizes) / run(False, [sizes[0]] * 50)
