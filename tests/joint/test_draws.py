"""The layers' draws follow the distributions in their docstrings: 10,000 samples of each."""

import math

import keras
import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.data import to_numpy

COUNT = 10_000
TURN = 2 * math.pi


def uniform(low, high):
    return stats.uniform(low, high - low)


CORNERS = [f"{v}_{h}_{axis}" for v in ("top", "bottom") for h in ("left", "right") for axis in "xy"]
UNIFORM = [
    (ks.JointRandomRotation(0.2), {"angle": uniform(-0.2 * TURN, 0.2 * TURN)}),
    (ks.JointRandomRotation((0.1, 0.3)), {"angle": uniform(0.1 * TURN, 0.3 * TURN)}),
    (
        ks.JointRandomZoom(0.4, (-0.3, 0.1)),
        {"height": uniform(0.6, 1.4), "width": uniform(0.7, 1.1)},
    ),
    (
        ks.JointRandomTranslation(0.3, (0.1, 0.2)),
        {"height": uniform(-0.3, 0.3), "width": uniform(0.1, 0.2)},
    ),
    (ks.JointRandomShear(0.3, (0.0, 0.1)), {"x": uniform(-0.3, 0.3), "y": uniform(0.0, 0.1)}),
    (
        ks.JointRandomAffine(0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4),
        {
            "angle": uniform(-0.2 * TURN, 0.2 * TURN),
            "zoom_height": uniform(0.7, 1.3),
            "zoom_width": uniform(0.6, 1.4),
            "translation_height": uniform(-0.1, 0.1),
            "translation_width": uniform(-0.2, 0.2),
            "shear_x": uniform(-0.3, 0.3),
            "shear_y": uniform(-0.4, 0.4),
        },
    ),
    (ks.JointRandomPerspective(scale=0.3), {corner: uniform(-0.15, 0.15) for corner in CORNERS}),
    (ks.JointRandomLensDistortion(0.2), {"factor": uniform(-0.2, 0.2)}),
    (ks.JointRandomCrop(4, 4), {"top": uniform(0, 1), "left": uniform(0, 1)}),
    (
        ks.JointRandomScaleCrop(8, 8, scale=(0.5, 2.0)),
        {"scale": uniform(0.5, 2.0), "top": uniform(0, 1), "left": uniform(0, 1)},
    ),
    (
        ks.JointRandomResizedCrop(8, 8, scale=(0.2, 0.9)),
        {"area": uniform(0.2, 0.9), **{k: uniform(0, 1) for k in ("aspect", "top", "left")}},
    ),
]
COINS = [
    (ks.JointRandomFlip(), {"horizontal": 2, "vertical": 2}),
    (ks.JointRandomRotate90(mirror=True), {"quarter_turns": 4, "mirrored": 2}),
    (ks.JointRandomRotation(0.1, probability=0.5), {"applied": 2}),
]
P_VALUE = 1e-3  # one seed, so a failure is a change of the code


def drawn_by(layer):
    """The numbers that are drawn before a layer looks at any data."""
    return to_numpy(layer._draw(20261122, COUNT))


def check_independent(columns):
    """Checks that parameters do not depend on each other, nor samples on the previous one."""
    limit = 4 / math.sqrt(COUNT)
    for i, column in enumerate(columns):
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < limit
        for other in columns[:i]:
            assert abs(np.corrcoef(column, other)[0, 1]) < limit


def name_of(value):
    return type(value).__name__ if isinstance(value, ks.AugmentationLayer) else ""


@pytest.mark.parametrize(("layer", "expected"), UNIFORM, ids=name_of)
def test_uniform(layer, expected):
    drawn = drawn_by(layer)
    assert set(drawn) == set(expected)
    for name, distribution in expected.items():
        assert drawn[name].shape == (COUNT,)
        assert stats.kstest(drawn[name], distribution.cdf).pvalue > P_VALUE
    check_independent(list(drawn.values()))


@pytest.mark.parametrize(("layer", "outcomes"), COINS, ids=name_of)
def test_equally_likely(layer, outcomes):
    drawn = drawn_by(layer)
    for name, count in outcomes.items():
        found = np.bincount(drawn[name].astype(int), minlength=count)
        assert stats.chisquare(found).pvalue > P_VALUE
    check_independent([drawn[name].astype(float) for name in outcomes])


def test_elastic():
    layer = ks.JointRandomElasticTransform(strength=(0.01, 0.02), smoothness=0.25)
    drawn = drawn_by(layer)
    x, y = drawn["control_x"], drawn["control_y"]
    # The same seed draws the same shape, so a fixed strength reveals the drawn one.
    fixed = drawn_by(ks.JointRandomElasticTransform(strength=0.02, smoothness=0.25))
    reach = 0.02 * math.sqrt(3) / (151 / 315)
    for control in fixed.values():
        for place in ((0, 0), (3, 5)):
            values = control[(slice(None), *place)]
            assert stats.kstest(values, uniform(-reach, reach).cdf).pvalue > P_VALUE
    check_independent(
        [fixed["control_x"][:, 2, 2], fixed["control_x"][:, 2, 3], fixed["control_y"][:, 2, 2]]
    )
    strength = (x / fixed["control_x"])[:, 2, 2] * 0.02
    assert stats.kstest(strength, uniform(0.01, 0.02).cdf).pvalue > P_VALUE
    np.testing.assert_allclose(y / fixed["control_y"], x / fixed["control_x"], rtol=1e-3)


def test_grid_distortion():
    drawn = drawn_by(ks.JointRandomGridDistortion(5, 0.3))
    raw = np.random.default_rng(0).uniform(0.7, 1.3, (COUNT, 5))
    expected = raw / raw.sum(1, keepdims=True)
    for shares in drawn.values():
        np.testing.assert_allclose(shares.sum(1), 1.0, atol=1e-5)
        for cell in range(5):
            assert stats.ks_2samp(shares[:, cell], expected[:, cell]).pvalue > P_VALUE
    check_independent([drawn["widths"][:, 0], drawn["heights"][:, 0]])


def test_erasing():
    drawn = drawn_by(ks.JointRandomErasing(scale=(0.1, 0.3), ratio=(0.5, 2.0), count=2))
    log = math.log(2.0)
    expected = {"area": uniform(0.1, 0.3), "aspect": uniform(-log, log)}
    expected |= {"top": uniform(0, 1), "left": uniform(0, 1)}
    assert set(drawn) == set(expected)
    for name, distribution in expected.items():
        for column in drawn[name].T:
            assert stats.kstest(column, distribution.cdf).pvalue > P_VALUE
    check_independent([column for values in drawn.values() for column in values.T])


def test_aimed_crop():
    layer = ks.JointRandomCrop(
        4,
        4,
        max_class_fraction=0.5,
        foreground_probability=0.3,
        foreground_classes=[1, 2, 3],
        class_weights=[1, 2, 5],
        candidates=4,
    )
    drawn = drawn_by(layer)
    for name in ("top", "left"):
        for column in drawn[name].T:
            assert stats.kstest(column, uniform(0, 1).cdf).pvalue > P_VALUE
    assert stats.kstest(drawn["pixel"], uniform(0, 1).cdf).pvalue > P_VALUE
    assert stats.binomtest(int(drawn["aimed"].sum()), COUNT, 0.3).pvalue > P_VALUE
    # The crop aims for the class with the shortest wait.
    waits = to_numpy(layer._waits({"priority": keras.ops.convert_to_tensor(drawn["priority"])}))
    found = np.bincount(waits.argmin(1), minlength=3)
    assert stats.chisquare(found, COUNT * np.array([1, 2, 5]) / 8).pvalue > P_VALUE
