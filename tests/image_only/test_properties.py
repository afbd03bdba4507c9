"""Ten thousand draws of parameters and images: no value leaves its range, none becomes NaN."""

import itertools

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import IMAGE_ONLY, Case, ids
from tests.data import labels, to_numpy

# (dtype, value range); None leaves the range to the dtype.
DTYPES = (
    ("uint8", None),
    ("uint16", None),
    ("float16", (0.0, 1.0)),
    ("float32", (-1000.0, 1000.0)),
)
SIZES = ((1, 1), (1, 6), (7, 1), (9, 8))
CHANNELS = (1, 2, 3, 4, 9)
KINDS = ("lowest", "highest", "middle", "random", "extremes")
BATCH = 20
# Layers that change the range have tests of their own.
OTHER_RANGES = (ks.ImageOnlyRescaling, ks.ImageOnlyNormalization, ks.ImageOnlyLambda)
CASES = [
    # References have three channels; other samples of the batch have as many as the images.
    Case(case.layer, {"factor": (0.3, 1.0)}) if "references" in case.arguments else case
    for case in [*IMAGE_ONLY, Case(ks.ImageOnlyAugMix, {"width": 2, "depth": 2})]
    if case.layer not in OTHER_RANGES
]


def images_of(kind, low, high, shape, dtype, rng):
    values = {
        "lowest": np.full(shape, low),
        "highest": np.full(shape, high),
        "middle": np.full(shape, 0.5 * (low + high)),
        "random": rng.uniform(low, high, shape),
        "extremes": rng.choice([low, high], shape),
    }[kind]
    return values.astype(dtype)


def run(case, dtype, value_range, images, mask, seed):
    more = {"dtype": "float32", "seed": seed}
    if value_range is None:
        return to_numpy(case.make(**more)((images, mask)))
    pipeline = ks.Pipeline(
        [case.make(**more)], value_range=value_range, jit_compile=False, seed=seed
    )
    return to_numpy(pipeline((images, mask)))


@pytest.mark.parametrize("case", **ids(CASES))
def test_values_stay_in_their_range(case):
    rng = np.random.default_rng(0)
    combinations = list(itertools.product(DTYPES, SIZES, CHANNELS, KINDS))
    # A prime stride reaches every dtype, size, channel count and kind, and most pairs of them.
    chosen = [combinations[(37 * n) % len(combinations)] for n in range(13)]
    several = 0
    for seed, ((dtype, given), size, channels, kind) in enumerate(chosen):
        low, high = given or (0.0, 255.0 if dtype == "uint8" else 65535.0)
        images = images_of(kind, low, high, (BATCH, *size, channels), dtype, rng)
        mask = labels(BATCH, *size)
        try:
            found, after = run(case, dtype, given, images, mask, seed)
        except ValueError as error:
            if "must have 3 channels" not in str(error):
                raise
            images = images_of(kind, low, high, (BATCH, *size, 3), dtype, rng)
            found, after = run(case, dtype, given, images, mask, seed)
        several += channels != 3 and images.shape[-1] == channels
        assert np.isfinite(found).all(), (dtype, size, channels, kind)
        assert found.min() >= low, (dtype, size, channels, kind)
        assert found.max() <= high, (dtype, size, channels, kind)
        assert found.shape == images.shape
        np.testing.assert_array_equal(after, mask)
        assert keras.backend.standardize_dtype(after.dtype) == "uint8"
    colored = (ks.ImageOnlyHue, ks.ImageOnlySaturation, ks.ImageOnlyColorJitter)
    assert several or case.layer in (*colored, ks.ImageOnlyGrayscale), "only 3 channels are taken"
