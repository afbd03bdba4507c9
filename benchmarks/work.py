"""What is measured: the images, the rows of the table, and the numbers every contender uses."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# Different images, because a single repeated one stays in the cache and flatters every library.
PICTURES = 16
CLASSES = 8

# The reference chain, in the units that most libraries share.
DEGREES = 30.0
ZOOM = 0.2
TRANSLATION = 0.1
SHEAR_DEGREES = 5.0
SECOND_DEGREES = 5.0
BRIGHTNESS = 0.2
CONTRAST = 0.2
SATURATION = 0.2
HUE = 0.1
KERNEL = 5
SIGMA = (0.5, 2.0)

CHAIN = "chain"
CHAIN_FLOAT = "chain-float"
CHAIN_NINE = "chain-9-channels"
CHAIN_16 = "chain-16-bit"
# The dataset without any work: the floor of what is cheap.
IDENTITY = "identity"
# One layer is a rotation; six are rotation, flip, zoom, translation, shear and a small rotation.
ONE_LAYER = "layers:1"
SIX_LAYERS = "layers:6"
# Windows of half the images' usual side, either plain or chosen by what the mask holds.
WINDOW = 256
AIMED_AT = (2, 3, 5)
LARGEST_SHARE = 0.6
CROP = "crop"
CROP_AIMED = "crop-aimed"
CROP_SHARE = "crop-share"
# Layers that mix the samples of a batch.
CUT_MIX = "cut-mix"
CLASS_MIX = "class-mix"
MOSAIC = "mosaic"
MIXING_ROWS = (CUT_MIX, CLASS_MIX, MOSAIC)

MAIN_ROWS = {
    IDENTITY: "nothing: the dataset alone",
    "flip": "horizontal flip",
    "affine": "one affine (rotation, zoom, translation)",
    CHAIN: "reference chain, uint8 out",
    CHAIN_FLOAT: "reference chain, float32 out",
    CHAIN_NINE: "reference chain, 9 channels, uint8 out",
    CHAIN_16: "reference chain, 16-bit images, uint16 out",
    "jitter": "color jitter",
    "blur": "gaussian blur",
    "elastic": "elastic",
    ONE_LAYER: "one geometric layer (rotation)",
    SIX_LAYERS: "six geometric layers",
    CROP: "random crop",
    CROP_AIMED: "random crop aimed at one of three classes",
    CROP_SHARE: "random crop no class of which fills more than 0.6",
    CUT_MIX: "CutMix, batches of 16",
    CLASS_MIX: "ClassMix, batches of 16",
    MOSAIC: "mosaic of four samples, batches of 16",
}


# What is different about the images of a row.
IMAGES = {CHAIN_NINE: {"channels": 9}, CHAIN_16: {"dtype": "uint16"}}
# What uint8 values are multiplied by to fill the range of 16 bits.
TO_16_BITS = 257

NO_COUNTERPART = "no counterpart"


class AbsentError(Exception):
    """The contender has nothing that does this work; the message says why in a few words."""


def repeated(makers, count):
    """`count` layers from the makers, which are repeated in turn: the row of many layers."""
    return [make() for make in itertools.islice(itertools.cycle(makers), count)]


def parts(row, side, geometry, makers, counterparts=None):
    """A library's transforms for a row, by `geometry(count)`, the row's maker, or a counterpart."""
    kind, _, argument = row.partition(":")
    if kind == "layers":
        return geometry(int(argument))
    if kind != "layer":
        if row not in makers:
            raise AbsentError(NO_COUNTERPART)
        return makers[row]()
    if counterparts is None:
        raise AbsentError("only the main rows are measured")
    if argument not in counterparts:
        raise AbsentError(NO_COUNTERPART)
    return [counterparts[argument](side)]


@dataclass(frozen=True)
class Task:
    """One thing to measure: a row's work on images of `side` x `side`; `task_of` makes it.

    `batch` is the number of images passed at once; None leaves it to the contender.
    """

    row: str
    side: int = 512
    batch: int | None = None
    channels: int = 3
    dtype: str = "uint8"

    @property
    def value_range(self):
        return (0, np.iinfo(self.dtype).max)


def task_of(row, side=512, batch=None):
    """The task of a row, with the images that it needs."""
    return Task(row, side, batch, **IMAGES.get(row, {}))


@dataclass(frozen=True)
class Job:
    """Work that is ready to run.

    Attributes:
        run: does the work on this many images, a multiple of `unit`. May return the
            seconds that count, where these are not simply the time it took.
        unit: how many images one call handles.
        least: the smallest number of images in a round.
        settle: called before the clock starts, to use up results that were made in advance.
        facts: what else to record about the work, besides its time.
    """

    run: Callable[[int], float | None]
    unit: int = 1
    least: int = 1
    settle: Callable[[], None] = lambda: None
    facts: dict = field(default_factory=dict)


def title(row):
    kind, _, argument = row.partition(":")
    if kind == "layer":
        return f"`{argument}`"
    return MAIN_ROWS.get(row) or f"{argument} geometric layers"


@functools.lru_cache(maxsize=1)
def pairs(side, count=PICTURES, channels=3, dtype="uint8"):
    """`count` different images (count, side, side, channels) and uint8 masks (count, side, side).

    They hold patches with some noise: neighboring pixels are alike, as in photographs.
    """
    generator = np.random.default_rng(0)
    patch = max(side // 16, 1)
    patches = -(-side // patch)

    def enlarge(values):
        large = values.repeat(patch, axis=1).repeat(patch, axis=2)
        return np.ascontiguousarray(large[:, :side, :side])

    colors = enlarge(generator.integers(0, 240, (count, patches, patches, channels), "uint8"))
    noise = generator.integers(0, 16, colors.shape, "uint8")
    classes = generator.integers(0, CLASSES, (count, patches, patches), "uint8")
    images = colors + noise
    if dtype != "uint8":
        images = images.astype(dtype) * TO_16_BITS
    return images, enlarge(classes)


def pairs_of(task, batch=None):
    """The images and masks of a task whose contender takes `batch` at once."""
    return pairs(task.side, picture_count(task.side, batch), task.channels, task.dtype)


def picture_count(side, batch):
    """Enough images to fill a batch; few very large ones, since no cache holds these anyway."""
    return max(PICTURES if side <= 1024 else 4, batch or 1)
