"""Smooth maps: compared with scipy, their statistics, and their inverses."""

import keras
import numpy as np
import pytest
from scipy.interpolate import BSpline

import keras_segaug as ks
from keras_segaug.engine import maps
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels import fields
from keras_segaug.kernels.matrices import Matrix
from tests.data import to_numpy

HEIGHT, WIDTH = SIZE = 128, 96
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH), "float64")


def tensor(value):
    return keras.ops.convert_to_tensor(value, dtype="float32")


def grid_of(layer, drawn, inverse=False, points=None):
    map = map_of(layer, drawn)
    points = (points or SamplingGrid(SIZE)).moved(maps.inverse(map) if inverse else map)
    return [
        np.broadcast_to(to_numpy(axis), (axis.shape[0], *SIZE)) for axis in reversed(points.grid())
    ]


def map_of(layer, drawn):
    [warp] = layer.plan({k: x for k, x in drawn.items() if k != "input_size"}, Spec(SIZE))
    return warp.pieces[0].map


def test_spline_is_the_tensor_product_of_scipys_splines():
    cells, count = 3.4, 7
    control = np.random.default_rng(0).normal(size=(1, count, count)) * 0.02
    controls = tensor(2.0 * control), tensor(control)
    field = fields.SplineDisplacement(controls, cells, SIZE)
    rows, columns = to_numpy(SamplingGrid(SIZE).moved(field).grid())

    def basis(place, size):
        spline = BSpline(np.arange(count + 4) - 2.0, np.eye(count), 3)
        return spline((place + 0.5) / size * cells + 1.0)

    expected = basis(ROWS[:, 0], HEIGHT) @ control[0] @ basis(COLUMNS[0], WIDTH).T
    np.testing.assert_allclose(columns[0] - COLUMNS, expected * WIDTH, atol=1e-3)
    np.testing.assert_allclose(rows[0] - ROWS, 2.0 * expected * HEIGHT, atol=1e-3)


def test_spline_at_turned_points_is_that_at_lines():
    """A matrix that only seems to turn takes the path of the looked-up field."""
    layer = ks.JointRandomElasticTransform(strength=0.03, smoothness=0.5)
    drawn = layer.draw_parameters((3, HEIGHT, WIDTH, 1), 1)
    zero = keras.ops.zeros((3,))
    turn = Matrix(((1.0, zero, 0.0), (zero, 1.0, 0.0), (0.0, 0.0, 1.0)))
    expected = grid_of(layer, drawn)
    found = grid_of(layer, drawn, points=SamplingGrid(SIZE).moved(turn))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(("strength", "smoothness"), [(0.02, 0.25), (0.005, 0.1)])
def test_elastic_field_is_as_strong_and_as_smooth_as_told(strength, smoothness):
    layer = ks.JointRandomElasticTransform(strength=strength, smoothness=smoothness)
    columns, rows = grid_of(layer, layer.draw_parameters((1000, HEIGHT, WIDTH, 1), 5))
    x, y = (columns - COLUMNS) / WIDTH, (rows - ROWS) / HEIGHT
    for field in (x, y):
        np.testing.assert_allclose(field.std(), strength, rtol=0.05)
        for axis in (1, 2):
            np.testing.assert_allclose(correlation_length(field, axis), smoothness, rtol=0.05)
    assert abs(np.mean(x * y)) < 0.05 * strength**2


def correlation_length(field, axis):
    size = field.shape[axis]
    lines = np.moveaxis(field, axis, -1).reshape(-1, size)
    products = lines.T @ lines  # each place with every other: one product for all lags
    found = [np.diag(products, lag).mean() / np.diag(products).mean() for lag in range(size // 2)]
    return np.interp(-np.exp(-1.0), -np.array(found), np.arange(len(found))) / size


@pytest.mark.parametrize("strength", [0.02, 0.0235])
def test_elastic_field_never_folds(strength):
    """It does not at the default strength, nor at the strongest that is accepted."""
    layer = ks.JointRandomElasticTransform(strength=strength, smoothness=0.25)
    columns, rows = grid_of(layer, layer.draw_parameters((1000, HEIGHT, WIDTH, 1), 6))
    x_across, x_down = np.diff(columns, axis=2)[:, 1:], np.diff(columns, axis=1)[:, :, 1:]
    y_across, y_down = np.diff(rows, axis=2)[:, 1:], np.diff(rows, axis=1)[:, :, 1:]
    assert (x_across * y_down - x_down * y_across).min() > 0.0


def test_lens_moves_corners_by_the_factor_and_keeps_the_center():
    layer = ks.JointRandomLensDistortion((0.2, 0.2))
    columns, rows = grid_of(layer, layer.draw_parameters((1, HEIGHT, WIDTH, 1), 1))
    # The corner's outermost pixel center lies half a pixel within the radius 1.
    inside = ((WIDTH - 1) ** 2 + (HEIGHT - 1) ** 2) / (WIDTH**2 + HEIGHT**2)
    center = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    np.testing.assert_allclose(columns[0, 0, 0], center[0] - center[0] * (1 + 0.2 * inside), 1e-4)
    np.testing.assert_allclose(rows[0, 0, 0], center[1] - center[1] * (1 + 0.2 * inside), 1e-4)
    middle = np.abs(columns[0, HEIGHT // 2, WIDTH // 2] - WIDTH // 2)
    assert middle < 1e-3


def test_grid_distortion_is_numpys_interpolation():
    layer = ks.JointRandomGridDistortion(4, 0.7)
    drawn = layer.draw_parameters((5, HEIGHT, WIDTH, 1), 1)
    columns, rows = grid_of(layer, drawn)
    for sample in range(5):
        for name, found, size in (
            ("widths", columns[sample, 3], WIDTH),
            ("heights", rows[sample, :, 3], HEIGHT),
        ):
            ends = np.concatenate([[0.0], np.cumsum(to_numpy(drawn[name])[sample])])
            np.testing.assert_allclose(ends[-1], 1.0, atol=1e-6)
            place = (np.arange(size) + 0.5) / size
            expected = np.interp(place, np.linspace(0, 1, 5), ends) * size - 0.5
            np.testing.assert_allclose(found, expected, atol=1e-3)


LAYERS = [
    ks.JointRandomElasticTransform(strength=0.02, smoothness=0.25),
    ks.JointRandomLensDistortion((-0.3, 1.0)),
    ks.JointRandomGridDistortion(5, 0.6),
    ks.JointRandomPerspective(scale=0.5),
    ks.JointRandomAffine(0.5, 0.5, 0.5, 0.3, 0.3, 0.3),
    ks.JointRandomFlip(),
    ks.JointRandomRotate90(mirror=True),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_inverse_undoes_the_map(layer):
    drawn = layer.draw_parameters((20, HEIGHT, WIDTH, 1), 5)
    there = SamplingGrid(SIZE).moved(map_of(layer, drawn))
    back = grid_of(layer, drawn, inverse=True, points=there)
    np.testing.assert_allclose(back[0], np.broadcast_to(COLUMNS, back[0].shape), atol=0.1)
    np.testing.assert_allclose(back[1], np.broadcast_to(ROWS, back[1].shape), atol=0.1)


def test_what_the_lens_does_not_show_has_no_place_in_its_image():
    layer = ks.JointRandomLensDistortion((-0.3, -0.3))
    drawn = layer.draw_parameters((1, HEIGHT, WIDTH, 1), 1)
    columns, rows = grid_of(layer, drawn, inverse=True)
    assert columns[0, 0, 0] < -1e5
    assert rows[0, 0, 0] < -1e5
    assert np.abs(columns[0, HEIGHT // 2] - COLUMNS[0]).max() < WIDTH
