"""What a user waits for besides the pixels: figures, each with its upper limit."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.race import ROOT

ENVIRONMENT = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
# A garbage collection over all objects of Keras and its backend takes as long as this import, and
# when it runs is chance: it would count for whatever is being imported at that moment.
CLOCK = (
    "import gc, time; gc.collect(); gc.freeze(); start = time.perf_counter(); "
    "import {}; print(time.perf_counter() - start)"
)
IMPORT = "import keras; " + CLOCK.format("keras_segaug")
# About as many modules as the package has: import speed differs by more than half between machines.
YARDSTICK = CLOCK.format(
    "asyncio, ctypes.util, email.mime.text, logging.config, multiprocessing.managers, pydoc, "
    "unittest.mock, xmlrpc.server"
)
# In a separate process, because `check.py` must not load a backend.
FIGURES = "from benchmarks.waiting import print_figures; print_figures()"
MOST = {
    # Measured: 0.39 to 0.5. The goal is 50 milliseconds, which would be 0.75 where it takes 30.
    "importing keras_segaug after keras, by importing 190 modules of Python's own": 0.7,
    "finding 10,000 pairs of files, seconds": 3.0,
    "29 crops after the first, by the time of the first, which compiles": 1.0,
    "50 images of as many sizes, by the time of 50 of one size uncompiled": 3.0,
}


def figures():
    """{what is waited for: its figure}; the names are those of `MOST`."""
    return dict(zip(MOST, [import_share(), *measured(FIGURES)], strict=True))


def measured(code):
    """The numbers that code prints as its last line, in a separate process."""
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
    """What exceeds its limit, in words; by default the limits are those of `MOST`."""
    return [
        f"{name}: {found[name]:.2f}; {most:g} is the most allowed."
        for name, most in (allowed or MOST).items()
        if found[name] > most
    ]


def import_milliseconds(rounds):
    """How long `import keras_segaug` takes when Keras is already imported."""
    (ours,) = shortest([IMPORT], rounds)
    return 1000.0 * ours


def later_pass_milliseconds(cores):
    """How long a later pass over a dataset with the reference chain takes to its first element."""
    code = f"import os; os.sched_setaffinity(0, {set(cores)}); "
    return 1000.0 * measured(code + "from benchmarks.passes import print_later; print_later()")


def import_share():
    """The same, divided by a yardstick's time: only this can be compared between machines."""
    ours, yardstick = shortest([IMPORT, YARDSTICK], rounds=5)
    return ours / yardstick


def shortest(programs, rounds):
    """The fewest seconds that each program printed, run alternately, each time in a new process.

    They use byte code, as an installed package does, even where the environment forbids writing it.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = {k: v for k, v in ENVIRONMENT.items() if k != "PYTHONDONTWRITEBYTECODE"}
        settings["PYTHONPYCACHEPREFIX"] = folder
        # The first round writes the byte code.
        found = [[float(printed(code, settings)) for code in programs] for _ in range(rounds + 1)]
    # The fastest counts: any excess is noise.
    return [min(times) for times in zip(*found[1:], strict=True)]


def print_figures():
    with tempfile.TemporaryDirectory() as folder:
        scanning = scan(Path(folder), 10_000)
    print(json.dumps([scanning, later_crops(), changing_sizes()]))


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def scan(root, count):
    """Seconds to find `count` pairs of files: links to one image, which are quick to create."""
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
    """The start of a window must not be a constant of the program, or each call would compile."""
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
