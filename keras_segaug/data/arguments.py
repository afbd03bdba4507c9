"""The arguments of `segmentation_dataset_from_directory`, checked."""

import os
from typing import NamedTuple

from keras_segaug import checks
from keras_segaug.data.oversampling import THRESHOLD
from keras_segaug.data.problems import owner
from keras_segaug.data.reading import COLOR_MODES, Reader

SUBSETS = ("training", "validation", "both")


class Options(NamedTuple):
    """How a dataset delivers what was read."""

    batch_size: int | None
    image_size: tuple | None
    interpolation: str
    antialias: bool
    shuffle: bool
    seed: int | None
    output: str


def options_of(batch_size, image_size, interpolation, antialias, shuffle, seed, output):
    if batch_size is not None:
        batch_size = checks.positive_integer(owner(), "batch_size", batch_size)
    if image_size is not None:
        accepted = "None or a pair (height, width) of integers of at least 1"
        if not isinstance(image_size, (tuple, list)) or len(image_size) != 2:
            checks.fail(owner(), "image_size", accepted, image_size)
        image_size = tuple(checks.positive_integer(owner(), "image_size", n) for n in image_size)
    checks.one_of(owner(), "interpolation", interpolation, checks.INTERPOLATIONS)
    for name, value in (("antialias", antialias), ("shuffle", shuffle)):
        checks.one_of(owner(), name, value, (True, False))
    seed = checks.seed(owner(), seed)
    checks.one_of(owner(), "output", output, ("tuple", "dict"))
    return Options(batch_size, image_size, interpolation, antialias, shuffle, seed, output)


def reader_of(labels, color_mode, exif_orientation, check, on_error):
    checks.one_of(owner(), "check", check, ("all", "headers"))
    checks.one_of(owner(), "on_error", on_error, ("raise", "skip"))
    checks.one_of(owner(), "color_mode", color_mode, tuple(COLOR_MODES))
    checks.one_of(owner(), "exif_orientation", exif_orientation, (None, "apply", "ignore"))
    return Reader(labels, color_mode, exif_orientation)


def share_of(validation_split, subset):
    if (validation_split is None) != (subset is None):
        raise ValueError(
            f"{owner()}: `validation_split` and `subset` must be given together. Received: "
            f"validation_split={validation_split!r}, subset={subset!r}."
        )
    if subset is None:
        return None
    checks.one_of(owner(), "subset", subset, SUBSETS)
    share = checks.number(owner(), "validation_split", validation_split, 0.0, 1.0)
    if share in (0.0, 1.0):
        checks.fail(owner(), "validation_split", "between 0 and 1", validation_split)
    return share


def threshold_of(oversample, threshold, check):
    """The threshold to oversample by, or None."""
    checks.one_of(owner(), "oversample", oversample, (None, "repeat_factor"))
    if oversample is None:
        if threshold is not None:
            raise ValueError(
                f"{owner()}: `threshold` is that of `oversample`, which is None. Received: "
                f'threshold={threshold!r}. Set oversample="repeat_factor", or leave it out.'
            )
        return None
    if check != "all":
        raise ValueError(
            f'{owner()}: oversample={oversample!r} needs check="all", which sees the classes of '
            f"every mask. Received: check={check!r}."
        )
    if threshold is None:
        return THRESHOLD
    if checks.number(owner(), "threshold", threshold, 0.0, 1.0) == 0.0:
        checks.fail(owner(), "threshold", "above 0; oversample=None repeats nothing", threshold)
    return float(threshold)


def folder_of(argument, value):
    if not isinstance(value, (str, os.PathLike)):
        checks.fail(owner(), argument, "the path of a folder", value, TypeError)
    path = os.fspath(value)
    if not os.path.isdir(path):
        there = "a file" if os.path.exists(path) else "nothing"
        checks.fail(owner(), argument, f"the path of a folder; there is {there} there", path)
    return path
