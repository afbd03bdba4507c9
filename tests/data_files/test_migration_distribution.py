"""Over 5,000 draws each, the migrated pipeline and the real old classes do the same.

Where a class is known to deviate from its documentation, the comparison accounts for it: the class
inside
Keras 3 swaps the two shifts and, for images that are not square, turns about another point;
Keras-Preprocessing 1.1.2 turns about a point one pixel off, and shears columns, not rows.
"""

import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.data import to_numpy
from tests.data_files.legacy import (
    DRAWS,
    GENERATIONS,
    coordinates,
    corners,
    moved_by_old_class,
    moved_by_pipeline,
)


def assert_same_distribution(found, expected):
    """Two-sample Kolmogorov-Smirnov, column by column."""
    assert found.shape == expected.shape
    # Discrete values are the same in float32 and float64 only up to rounding.
    found, expected = found.round(3), expected.round(3)
    for column in range(found.shape[1]):
        test = stats.ks_2samp(found[:, column], expected[:, column], method="asymp")
        assert test.pvalue > 0.001, (column, test)
    assert (found.std(0) > 0).any()


def swapped(arguments):
    """The same arguments with the two shifts exchanged."""
    return {
        **arguments,
        "height_shift_range": arguments.get("width_shift_range", 0.0),
        "width_shift_range": arguments.get("height_shift_range", 0.0),
    }


GEOMETRY = {
    "all": {
        "rotation_range": 25,
        "height_shift_range": 0.2,
        "width_shift_range": 0.05,
        "shear_range": 15,
        "zoom_range": (0.7, 1.1),
        "horizontal_flip": True,
    },
    "without shear": {
        "rotation_range": 90,
        "height_shift_range": [3, -1],
        "width_shift_range": 2,
        "zoom_range": 0.3,
    },
    "pixels": {"height_shift_range": 3, "width_shift_range": 2.5, "vertical_flip": True},
    "fractions from a list": {"height_shift_range": [0.1, 0.3], "horizontal_flip": True},
}


@pytest.mark.parametrize("name", GEOMETRY)
def test_corners_as_inside_keras(name):
    image = coordinates(17, 17)
    expected = moved_by_old_class("keras", swapped(GEOMETRY[name]), image)
    found = moved_by_pipeline(GEOMETRY[name], image)
    assert_same_distribution(corners(found), corners(expected))


@pytest.mark.parametrize("name", list(GEOMETRY)[1:])
def test_corners_as_in_keras_preprocessing(name):
    image = coordinates(17, 21)
    expected = moved_by_old_class("keras_preprocessing", GEOMETRY[name], image)
    found = moved_by_pipeline(GEOMETRY[name], image)
    # Shifts have no center, and flips the right one.
    off_center = int("rotation_range" in GEOMETRY[name])
    assert_same_distribution(corners(found), corners(expected, off_center))


def test_shear_as_in_keras_preprocessing():
    """It shears columns: mirrored along the diagonal, that is the documented shear."""
    image = coordinates(17, 17)
    arguments = {"shear_range": 25}
    expected = moved_by_old_class("keras_preprocessing", arguments, image)
    mirrored = expected.transpose(0, 2, 1, 3)[..., ::-1]
    found = moved_by_pipeline(arguments, image)
    assert_same_distribution(corners(found), corners(mirrored, off_center=1))


def test_a_wrong_unit_would_be_seen():
    """The comparison tells 25 degrees from 26, and a swap of the shifts."""
    image = coordinates(17, 17)
    expected = corners(moved_by_old_class("keras", {"rotation_range": 25}, image))
    with pytest.raises(AssertionError, match="pvalue"):
        assert_same_distribution(
            corners(moved_by_pipeline({"rotation_range": 27}, image)), expected
        )
    shift = {"height_shift_range": 0.2, "width_shift_range": 0.05}
    expected = corners(moved_by_old_class("keras", shift, image))
    with pytest.raises(AssertionError, match="pvalue"):
        assert_same_distribution(corners(moved_by_pipeline(shift, image)), expected)


SHIFTS = [0.2, 0.999, 1.0, 4.5, 1, 2, 7, [3, -5], (0.1, 0.3), [0.5, 2], np.array([2, 4, 6])]


@pytest.mark.parametrize("value", SHIFTS, ids=str)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_kind_of_shift(generation, value):
    generator = GENERATIONS[generation](height_shift_range=0.0, width_shift_range=0.0)
    # An array has no truth value, so it cannot be passed to the old class directly.
    generator.height_shift_range = list(value) if isinstance(value, np.ndarray) else value
    np.random.seed(3)
    expected = [generator.get_random_transform((40, 30, 3))["tx"] for _ in range(DRAWS)]
    pipeline = ks.from_image_data_generator({"height_shift_range": value}).pipeline
    layer = pipeline.layers[0]
    parameters = layer.draw_parameters((DRAWS, 40, 30, 3), 4)
    down, across, shift = layer.matrix(parameters, (40, 30)).rows[0]
    found = to_numpy(shift - (across * 14.5 + (down - 1.0) * -19.5))
    found = np.broadcast_to(found, (DRAWS,))
    if isinstance(value, (int, list, tuple, np.ndarray)):
        np.testing.assert_allclose(np.unique(found.round(4)), np.unique(expected), atol=1e-3)
        _, counts = np.unique(found.round(3), return_counts=True)
        _, others = np.unique(np.round(expected, 3), return_counts=True)
        if len(counts) > 1:
            assert stats.chi2_contingency([counts, others]).pvalue > 0.001
    else:
        assert stats.ks_2samp(found, expected).pvalue > 0.001


def test_zooms_are_drawn_apart():
    layer = ks.from_image_data_generator({"zoom_range": 0.4}).pipeline.layers[0]
    drawn = to_numpy(layer.draw_parameters((DRAWS, 8, 8, 3), 2))
    assert abs(np.corrcoef(drawn["zoom_height"], drawn["zoom_width"])[0, 1]) < 0.05


INTENSITY = {
    "brightness": {"brightness_range": (0.4, 1.7)},
    "channel shift": {"channel_shift_range": 60.0},
    "samplewise": {
        "brightness_range": (0.4, 1.7),
        "rescale": 1 / 255,
        "samplewise_center": True,
    },
    "both, rescaled": {
        "brightness_range": (0.4, 1.7),
        "channel_shift_range": 60.0,
        "rescale": 1 / 255,
    },
}


# 1.1.2 stretches the values that a channel shift leaves to all of 0 .. 255: left out.
@pytest.mark.parametrize(
    ("generation", "name"),
    [(generation, name) for generation in GENERATIONS for name in INTENSITY][:-1],
)
def test_intensities(generation, name):
    """The pixels include 0 and 255, so that 1.1.2 has nothing to stretch."""
    image = np.array([[[0.0], [40.0]], [[150.0], [255.0]]])
    arguments = INTENSITY[name]
    generator = GENERATIONS[generation](**arguments)
    expected = moved_by_old_class(generation, arguments, image)
    expected = np.stack([generator.standardize(one.astype("float32")) for one in expected])
    found = moved_by_pipeline(arguments, image)
    assert_same_distribution(found.reshape(DRAWS, 4), expected.reshape(DRAWS, 4))
