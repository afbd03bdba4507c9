"""Reads an image and its mask from their files, as arrays that fit each other."""

import contextlib
from typing import NamedTuple

import numpy as np

from keras_segaug.data.image_files import KNOWN, UPRIGHT, opened, readable
from keras_segaug.data.problems import BrokenFileError, FilesError, describe, owner

COLOR_MODES = {"grayscale": 1, "rgb": 3, "rgba": 4}
IMAGE_DTYPES = ("uint8", "uint16", "float32")

# How much each of red, green and blue counts for the gray level (ITU-R 601, as in Keras).
LUMA = (0.299, 0.587, 0.114)


class Arrays(NamedTuple):
    """What a pair holds.

    `colors` maps the indices of a palette mask to their colors; `shade` is how much lighter the
    next id of a gray mask is.
    """

    image: np.ndarray
    mask: np.ndarray
    colors: dict
    shade: int | None


class Header(NamedTuple):
    """What a pair holds, as far as the headers of its files tell."""

    size: tuple
    image_dtype: str
    mask_dtype: str


class BrokenPairError(Exception):
    """Everything that is wrong with the two files of a pair."""

    def __init__(self, problems):
        super().__init__(*problems)
        self.problems = tuple(problems)


class Reader:
    """Reads pairs, all in the same way.

    Args:
        labels: what masks mean.
        color_mode: of `COLOR_MODES`; None: gray images stay gray, and others have three channels.
        exif_orientation: "apply", "ignore", or None for whichever makes image and mask fit.
    """

    def __init__(self, labels, color_mode="rgb", exif_orientation=None):
        self._labels = labels
        self.color_mode = color_mode
        self._exif_orientation = exif_orientation

    def header(self, pair):
        """The `Header` of a pair, without decoding it; raises `BrokenPairError`."""
        with self._open(pair) as (image, mask, turns, problems):
            if problems:
                raise BrokenPairError(problems)
            return Header(_size(image, turns[0]), _image_dtype(image), mask.dtype)

    def arrays(self, pair):
        """The `Arrays` of a pair; raises `BrokenPairError`."""
        with self._open(pair) as (image, mask, turns, problems):
            if image is not None:
                with _gathered(problems), readable(pair.image):
                    pixels = self._image(image)
            if mask is not None:
                with _gathered(problems), readable(pair.mask):
                    ids, colors = self._labels.read(mask)
            if problems:
                raise BrokenPairError(problems)
            return Arrays(_turned(pixels, turns[0]), _turned(ids, turns[1]), colors, mask.shade)

    def read(self, pair, promise):
        """Image (height, width, channels) and mask (height, width), as a dataset promised them."""
        try:
            arrays = self.arrays(pair)
            promise.check(pair, arrays.image, arrays.mask, arrays.colors)
        except BrokenPairError as error:
            raise _files_error(promise.broken(error.problems)) from None
        mask = arrays.mask.astype(promise.mask_dtype)
        return np.ascontiguousarray(arrays.image), np.ascontiguousarray(mask)

    def mask(self, pair, promise):
        """The ids alone, as they are stored."""
        try:
            with opened(pair.mask) as mask, readable(pair.mask):
                ids, colors = self._labels.read(mask)
            promise.check_table(pair, colors)
        except BrokenFileError as error:
            raise _files_error(promise.broken([error.problem])) from None
        return ids

    @contextlib.contextmanager
    def _open(self, pair):
        """Both open files (None where broken), their turns, and the problems so far."""
        problems: list = []
        with contextlib.ExitStack() as stack:
            image = mask = None
            with _gathered(problems):
                image = _known(stack.enter_context(opened(pair.image)))
            with _gathered(problems):
                mask = self._labels.accepted(stack.enter_context(opened(pair.mask)))
            turns = 1, 1
            if image is not None and mask is not None:
                with _gathered(problems):
                    turns = self._turns(image, mask)
            yield image, mask, turns, problems

    def _turns(self, image, mask):
        """The orientations to turn image and mask by so that they fit; 1 for none."""
        stored = 1, 1
        tagged = tuple(n if n in UPRIGHT else 1 for n in (image.orientation, mask.orientation))
        ways = [stored, tagged]
        if self._exif_orientation is not None:
            ways = [tagged if self._exif_orientation == "apply" else stored]
        fitting = {turns for turns in ways if _size(image, turns[0]) == _size(mask, turns[1])}
        if len(fitting) > 1:
            raise _orientation_error(image, mask, tagged)
        if not fitting:
            raise _size_error(image, mask, ways[0], tagged)
        return fitting.pop()

    def _image(self, image_file):
        pixels = image_file.load()
        if pixels.ndim == 2:
            pixels = pixels[..., None]
        if image_file.colors == "palette":
            pixels = image_file.table()[pixels[..., 0]]
        if pixels.dtype == bool:
            pixels = pixels * np.uint8(255)
        elif pixels.dtype.kind == "f":
            pixels = pixels.astype("float32")
        channels = COLOR_MODES.get(self.color_mode, 1 if pixels.shape[-1] < 3 else 3)
        return _with_channels(pixels, channels)


def _known(image):
    """The image, if it is of a kind that can be turned into gray, red, green and blue."""
    if image.colors not in KNOWN:
        cure = ""
        if image.colors == "CMYK":
            cure = ", the colors of printing, which have no exact red, green and blue"
        raise BrokenFileError("colors", image.path, f"an image in {image.colors}{cure}")
    if _image_dtype(image) not in IMAGE_DTYPES:
        raise BrokenFileError("colors", image.path, f"an image of {image.dtype} values")
    return image


def _image_dtype(image):
    if image.dtype == "bool" or image.colors == "palette":
        return "uint8"
    return "float32" if image.dtype.startswith("float") else image.dtype


def _size(image_file, turn):
    return image_file.size[::-1] if turn >= 5 else image_file.size


def _turned(pixels, turn):
    return UPRIGHT[turn](pixels) if turn > 1 else pixels


def _orientation_error(image, mask, tagged):
    if tagged[1] == 1:
        return BrokenFileError("orientation", image.path, f"orientation {tagged[0]}")
    if tagged[0] == 1:
        detail = f"orientation {tagged[1]}, its image's 1"
        return BrokenFileError("orientation", mask.path, detail)
    detail = f"orientation {tagged[0]}, its mask's {tagged[1]}: {mask.path}"
    return BrokenFileError("orientation", image.path, detail)


def _size_error(image, mask, turns, tagged):
    sizes = [_size(image_file, turn) for image_file, turn in zip((image, mask), turns, strict=True)]
    detail = "{} x {}, its image {} x {} (height x width)".format(*sizes[1], *sizes[0])
    if tagged != (1, 1):
        # A tag copied along with the file is a likely cause; resizing would be the wrong cure.
        way = "turned" if turns == tagged else "not turned"
        detail += f", {way} by EXIF orientation {tagged[1]}, the image's {tagged[0]}"
    return BrokenFileError("size", mask.path, f"{detail}: {image.path}")


def _with_channels(pixels, channels):
    """Turns gray, gray and alpha, RGB or RGBA into gray, RGB or RGBA; alpha is never blended."""
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    color, alpha = pixels, None
    if pixels.shape[-1] in (2, 4):
        color, alpha = pixels[..., :-1], pixels[..., -1:]
    if channels == 1 and color.shape[-1] == 3:
        gray = color.astype("float64") @ np.array(LUMA)
        gray = gray if pixels.dtype.kind == "f" else np.floor(gray + 0.5)
        return gray.astype(pixels.dtype)[..., None]
    if channels >= 3 and color.shape[-1] == 1:
        color = np.repeat(color, 3, axis=-1)
    if channels < 4:
        return color
    if alpha is None:
        alpha = np.full((*pixels.shape[:2], 1), opaque, pixels.dtype)
    return np.concatenate([color, alpha], axis=-1)


def _files_error(problems):
    return FilesError(f"{owner()}: {describe(problems)}", problems)


@contextlib.contextmanager
def _gathered(problems):
    try:
        yield
    except BrokenFileError as error:
        problems.append(error.problem)
