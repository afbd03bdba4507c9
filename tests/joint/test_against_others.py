"""Every geometric layer on a real CT slice, beside scipy and OpenCV, which get the map by formula.

The formulas are written out here from the drawn parameters, in float64, as the docstrings state
them: output pixel (x, y) shows the input at (u, v).
"""

import cv2
import numpy as np
import pytest
from scipy import ndimage
from scipy.interpolate import BSpline

import keras_segaug as ks
from tests.data import ct_slices, to_numpy

IMAGES, MASKS = (array[50:60] for array in ct_slices()[:2])
COUNT, HEIGHT, WIDTH = MASKS.shape
Y, X = np.indices((HEIGHT, WIDTH), "float64")
X_CENTRE, Y_CENTRE = (WIDTH - 1) / 2, (HEIGHT - 1) / 2


def about_center(linear):
    x, y = X - X_CENTRE, Y - Y_CENTRE
    (a, b), (c, d) = linear
    return a * x + b * y + X_CENTRE, c * x + d * y + Y_CENTRE


def rotation(p):
    # Content turns counterclockwise; rows count downward.
    c, s = np.cos(p["angle"]), np.sin(p["angle"])
    return about_center(((c, -s), (s, c)))


def zoom(p):
    return about_center(((p["width"], 0), (0, p["height"])))


def translation(p):
    return X - p["width"] * WIDTH, Y - p["height"] * HEIGHT


def shear(p):
    return about_center(((1, p["x"]), (p["y"], 1)))


def flip(p):
    return about_center(((-1 if p["horizontal"] else 1, 0), (0, -1 if p["vertical"] else 1)))


def corners(p):
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    own = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], "float64")
    moved = own + [[p[f"{name}_{axis}"] for axis in "xy"] for name in names]
    size = np.array([WIDTH, HEIGHT])
    return (own * size - 0.5).astype("float32"), (moved * size - 0.5).astype("float32")


def perspective(p):
    matrix = cv2.getPerspectiveTransform(*corners(p))
    u, v, w = np.einsum("ij,jhw->ihw", matrix, np.stack([X, Y, np.ones_like(X)]))
    return u / w, v / w


def elastic(p):
    count = p["control_x"].shape[-1]
    cells = 1.1846959 / 0.4

    def basis(place, size):
        spline = BSpline(np.arange(count + 4) - 2.0, np.eye(count), 3)
        return spline((place + 0.5) / size * cells + 1.0)

    down, across = basis(Y[:, 0], HEIGHT), basis(X[0], WIDTH)
    move = [down @ p[f"control_{axis}"] @ across.T for axis in "xy"]
    return X + move[0] * WIDTH, Y + move[1] * HEIGHT


def lens(p):
    x, y = X - X_CENTRE, Y - Y_CENTRE
    r2 = (x * x + y * y) / ((WIDTH**2 + HEIGHT**2) / 4)
    return X + x * p["factor"] * r2, Y + y * p["factor"] * r2


def grid(p):
    def axis(place, size, shares):
        ends = np.concatenate([[0], np.cumsum(shares)])
        return np.interp((place + 0.5) / size, np.linspace(0, 1, len(ends)), ends) * size - 0.5

    return axis(X, WIDTH, p["widths"]), axis(Y, HEIGHT, p["heights"])


LAYERS = [
    (ks.JointRandomFlip, {}, flip),
    (ks.JointRandomRotation, {"factor": 0.5}, rotation),
    (ks.JointRandomZoom, {"height_factor": 0.4, "width_factor": 0.4}, zoom),
    (ks.JointRandomTranslation, {"height_factor": 0.3, "width_factor": 0.3}, translation),
    (ks.JointRandomShear, {"x_factor": 0.3, "y_factor": 0.3}, shear),
    (ks.JointRandomPerspective, {"scale": 0.4}, perspective),
    (ks.JointRandomElasticTransform, {"strength": 0.03, "smoothness": 0.4}, elastic),
    (ks.JointRandomLensDistortion, {"factor": (-0.3, 0.8)}, lens),
    (ks.JointRandomGridDistortion, {"num_steps": 4, "factor": 0.5}, grid),
]
NAMES = [layer.__name__ for layer, _, _ in LAYERS]
BORDERS = {
    "reflect": ("reflect", cv2.BORDER_REFLECT),
    "wrap": ("grid-wrap", cv2.BORDER_WRAP),
    "nearest": ("nearest", cv2.BORDER_REPLICATE),
    "constant": ("grid-constant", cv2.BORDER_CONSTANT),
}


def with_scipy(image, u, v, order, fill_mode):
    border = BORDERS[fill_mode][0]
    return ndimage.map_coordinates(image.astype("float64"), [v, u], order=order, mode=border)


def with_opencv(image, u, v, order, fill_mode):
    flag = cv2.INTER_LINEAR if order else cv2.INTER_NEAREST
    maps = u.astype("float32"), v.astype("float32")
    return cv2.remap(image, *maps, flag, borderMode=BORDERS[fill_mode][1])


@pytest.mark.parametrize("other", [with_scipy, with_opencv])
@pytest.mark.parametrize("fill_mode", sorted(BORDERS))
@pytest.mark.parametrize(("layer", "arguments", "formula"), LAYERS, ids=NAMES)
def test_same_pixels(layer, arguments, formula, fill_mode, other):
    layer = layer(**arguments, fill_mode=fill_mode, dtype="uint8")
    drawn = layer.draw_parameters(IMAGES.shape, 3)
    images, masks = to_numpy(layer.apply((IMAGES, MASKS), drawn))
    assert (masks != MASKS).mean() > 0.01
    clear = []
    for i in range(COUNT):
        u, v = formula({name: np.asarray(value)[i] for name, value in to_numpy(drawn).items()})
        expected = other(IMAGES[i, ..., 0], u, v, 1, fill_mode)
        apart = np.abs(images[i, ..., 0].astype(float) - expected)
        assert apart.mean() < 0.5
        # Halfway between two pixels either counts as the nearest; OpenCV takes steps of 1/32.
        halfway = (np.abs(u % 1 - 0.5) < 1 / 16) | (np.abs(v % 1 - 0.5) < 1 / 16)
        expected = other(MASKS[i], u, v, 0, fill_mode)
        clear.append(1 - halfway.mean())
        np.testing.assert_array_equal(masks[i][~halfway], expected[~halfway])
    assert np.mean(clear) > 0.25


def test_perspective_is_opencvs():
    layer = ks.JointRandomPerspective(scale=0.4, fill_mode="constant", dtype="uint8")
    drawn = layer.draw_parameters(IMAGES.shape, 4)
    found = to_numpy(layer.apply(IMAGES, drawn))
    for i in range(COUNT):
        matrix = cv2.getPerspectiveTransform(
            *corners({k: v[i] for k, v in to_numpy(drawn).items()})
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpPerspective(IMAGES[i], matrix, (WIDTH, HEIGHT), flags=flags)
        assert np.abs(found[i, ..., 0].astype(float) - expected).mean() < 0.5
