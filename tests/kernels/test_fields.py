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


CONSTANT = {"fill_mode": "constant", "fill_value": -1.0, "mask_fill_value": -1}
BENT = ks.JointRandomLensDistortion((-0.33, -0.25), **CONSTANT)
FARTHER_OUT = {
    "zoom": [BENT, ks.JointRandomZoom((0.5, 1.0), **CONSTANT)],
    "padding": [BENT, ks.JointPadding(HEIGHT + 40, WIDTH + 60, **CONSTANT)],
    "shift": [BENT, ks.JointRandomTranslation((0.4, 0.4), (0.4, 0.4), **CONSTANT)],
}


@pytest.mark.parametrize("name", FARTHER_OUT)
def test_a_lens_shows_no_pixel_twice(name):
    """Beyond its corners Brown's polynomial turns back, through the center to the other side."""
    chain = ks.Pipeline(FARTHER_OUT[name], jit_compile=False, targets={"points": "points"})
    ids = np.arange(HEIGHT * WIDTH).reshape(1, HEIGHT, WIDTH).repeat(6, 0).astype("int32")
    points = np.random.default_rng(1).uniform(2, min(SIZE) - 3, (6, 40, 2)).astype("float32")
    data = {"images": ids[..., None], "masks": ids, "points": points}
    drawn = chain.draw_parameters(data, 2)
    moved = to_numpy(chain.apply(data, drawn))
    for shown in moved["masks"]:
        rows, columns = np.nonzero(shown >= 0)
        held = shown[rows, columns]
        for place in (rows, columns):
            first, last = np.full(HEIGHT * WIDTH, 1000), np.full(HEIGHT * WIDTH, -1)
            np.minimum.at(first, held, place)
            np.maximum.at(last, held, place)
            # Next to where it turns, several neighbors show one pixel.
            assert (last - first)[last >= 0].max() < 12
    # Points, too, are where their pixel is shown, or far away.
    near = np.abs(moved["points"]).max(-1) < 1e5
    assert near.any()
    for number, place in np.argwhere(near):
        x, y = np.round(moved["points"][number, place]).astype(int)
        if 0 <= y < moved["masks"].shape[1] and 0 <= x < moved["masks"].shape[2]:
            label = moved["masks"][number, y, x]
            assert label >= 0
            apart = np.array([label % WIDTH, label // WIDTH]) - points[number, place]
            assert np.abs(apart).max() < 2.0


def test_what_is_nowhere_is_not_brought_back_from_infinity():
    """A projective map sends what is far away to its vanishing line, which a zoom may show."""
    border = {**CONSTANT, "interpolation": "nearest"}
    layers = [
        ks.JointRandomZoom((-0.9, -0.9), **border),
        ks.JointRandomPerspective(scale=0.5, **border),
        ks.JointRandomScaleCrop(HEIGHT, WIDTH, scale=(0.3, 0.3), **border),
    ]
    chain = ks.Pipeline(layers, jit_compile=False)
    images = np.ones((20, HEIGHT, WIDTH, 1), "float32")
    _, shown = to_numpy(chain(images, np.ones(images.shape[:3], "int32")))
    inside = round(0.3 * HEIGHT) * round(0.3 * WIDTH)
    assert (shown == 1).sum((1, 2)).max() <= inside
