"""Points go where the pixels go: checked against images that hold the place of every pixel."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import JOINT, Case, ids
from tests.data import labels, to_numpy

HEIGHT, WIDTH = 48, 40
SMOOTH = (
    ks.JointRandomElasticTransform,
    ks.JointRandomGridDistortion,
    ks.JointRandomLensDistortion,
)


def ramps(count):
    """Images that hold the place of every pixel: x and y."""
    rows, columns = np.indices((HEIGHT, WIDTH)).astype("float32")
    return np.stack([np.stack([columns, rows], -1)] * count)


def spots(count, number=150):
    """Random points, none of them near the edge."""
    rng = np.random.default_rng(3)
    size = np.array([WIDTH, HEIGHT], "float32")
    return (6 + (size - 13) * rng.random((count, number, 2))).astype("float32")


def read_off(ramp, points):
    """The blended values of ramps (h, w, 2) at points (N, 2), and where they are reliable.

    They are not outside the image, nor where the ramp has a kink between the pixels.
    """
    height, width = ramp.shape[:2]
    x, y = points.T
    inside = (x >= 1) & (x < width - 2) & (y >= 1) & (y < height - 2)
    x, y = np.where(inside, x, 1), np.where(inside, y, 1)
    left, top = x.astype(int), y.astype(int)
    x, y = (x - left)[:, None], (y - top)[:, None]
    a, b = ramp[top, left], ramp[top, left + 1]
    c, d = ramp[top + 1, left], ramp[top + 1, left + 1]
    found = (a * (1 - x) + b * x) * (1 - y) + (c * (1 - x) + d * x) * y
    for near in (ramp[top, left - 1] - 2 * a + b, ramp[top, left + 2] - 2 * b + a):
        inside &= np.abs(near).max(-1) < 0.2
    for near in (ramp[top - 1, left] - 2 * a + c, ramp[top + 2, left] - 2 * c + a):
        inside &= np.abs(near).max(-1) < 0.2
    return found, inside


CHAIN = [
    ks.JointRandomElasticTransform(strength=0.02),
    ks.RandomChoice([ks.JointRandomRotation(0.2), ks.Pipeline([ks.JointRandomFlip()])]),
    ks.JointResizing(60, 66),
    ks.JointRandomCrop(50, 44),
]


CASES = [case for case in JOINT if case.layer is not ks.JointRandomErasing]
CASES += [Case(ks.Pipeline, {"layers": CHAIN}, "-long")]


@pytest.mark.parametrize("case", **ids(CASES))
def test_points_go_where_the_pixels_go(case):
    more = {"probability": 0.8} if case.make().random else {}
    layer = case.make(targets={"spots": "points"}, **more)
    count, points = 6, spots(6)
    mask = labels(count, HEIGHT, WIDTH)
    result = to_numpy(layer({"image": ramps(count), "mask": mask, "spots": points}))
    smooth = isinstance(layer, SMOOTH) or case.label == "-long"
    tolerance = 0.1 if smooth else 0.01
    told = 0
    for ramp, moved, point in zip(result["image"], result["spots"], points, strict=True):
        found, inside = read_off(ramp, moved)
        assert np.abs(found - point)[inside].max(initial=0.0) < tolerance
        told += inside.sum()
    assert told >= 10


@pytest.mark.parametrize("case", **ids(CASES))
def test_a_point_that_is_missing_stays_missing(case):
    """A landmark that is NaN does not become a place, and changes no other."""
    layer = case.make(targets={"spots": "points"})
    points, mask = spots(3, 5), labels(3, HEIGHT, WIDTH)
    data = {"image": ramps(3), "mask": mask, "spots": points}
    drawn = layer.draw_parameters(data, 3)
    expected = to_numpy(layer.apply(data, drawn))["spots"]
    points = points.copy()
    points[:, 2] = np.nan
    found = to_numpy(layer.apply({**data, "spots": points}, drawn))["spots"]
    assert np.isnan(found[:, 2]).all()
    np.testing.assert_array_equal(np.delete(found, 2, axis=1), np.delete(expected, 2, axis=1))
