"""What `docs/guides/from_other_libraries.md` says of Albumentations' numbers, on a real CT slice.

With Albumentations 2.0.8 (`make .venv-bench/peers`, and pytest, hypothesis and pytest-xdist):

    .venv-bench/bin/python -m pytest tests/peers/test_albumentations.py
"""

import math

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.engine.sampling_grid import SamplingGrid
from tests.data import ct_slices, to_numpy

A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")

IMAGE, MASK = (each[55] for each in ct_slices()[:2])
MASK = MASK.reshape(MASK.shape[:2])
HEIGHT, WIDTH = MASK.shape
OUTSIDE = {"fill_mode": "constant"}


def theirs(transform, image=IMAGE, mask=MASK):
    made = A.Compose([transform])(image=image, mask=mask)
    return made["image"].astype("float32"), made["mask"]


def ours(layer, image=IMAGE, mask=MASK):
    layer.jit_compile = False
    moved, looked_up = layer(image, mask)
    return to_numpy(moved).astype("float32"), to_numpy(looked_up)


def check(transform, layer, most=0.5):
    image, mask = theirs(transform)
    our_image, our_mask = ours(layer)
    assert np.abs(image - IMAGE).mean() > 2 * most
    assert np.abs(our_image - image).mean() < most
    assert (our_mask == mask).mean() > 0.985


@pytest.mark.parametrize("degrees", [-30, 10, 80])
@pytest.mark.parametrize("name", ["Rotate", "Affine"])
def test_rotation_is_a_fraction_of_a_turn_with_the_same_sign(name, degrees):
    fixed = (degrees, degrees)
    transform = A.Rotate(fixed, p=1) if name == "Rotate" else A.Affine(rotate=fixed, p=1)
    check(transform, ks.JointRandomRotation((degrees / 360, degrees / 360), **OUTSIDE))


@pytest.mark.parametrize("scale", [0.6, 0.8, 1.25, 1.9])
def test_zoom_is_one_by_the_scale_less_one(scale):
    layer = ks.JointRandomZoom((1 / scale - 1, 1 / scale - 1), **OUTSIDE)
    check(A.Affine(scale=(scale, scale), p=1), layer)


def test_their_zoom_changes_the_aspect_unless_told():
    data = {"shape": (9, 9, 3)}
    scale = A.Affine(scale=(0.5, 1.5), p=1).get_params_dependent_on_data(data, {})["scale"]
    assert scale["x"] != scale["y"]
    kept = A.Affine(scale=(0.5, 1.5), keep_ratio=True, p=1)
    scale = kept.get_params_dependent_on_data(data, {})["scale"]
    assert scale["x"] == scale["y"]


def test_shift_has_the_same_signs():
    shift = {"x": (6, 6), "y": (-4, -4)}
    layer = ks.JointRandomTranslation((-4 / HEIGHT,) * 2, (6 / WIDTH,) * 2, **OUTSIDE)
    check(A.Affine(translate_px=shift, p=1), layer)


@pytest.mark.parametrize(("x", "y"), [(15, 0), (-20, 0), (0, 15)])
def test_shear_is_the_tangent_with_the_same_sign(x, y):
    layer = ks.JointRandomShear(*((math.tan(math.radians(s)),) * 2 for s in (x, y)), **OUTSIDE)
    check(A.Affine(shear={"x": (x, x), "y": (y, y)}, p=1), layer)


@pytest.mark.filterwarnings("ignore:ShiftScaleRotate is a special case")
@pytest.mark.parametrize("name", ["Affine", "ShiftScaleRotate"])
def test_all_at_once(name):
    across, down = (6.2 / WIDTH,) * 2, (-4.2 / HEIGHT,) * 2  # cut to whole pixels there
    if name == "Affine":
        shift = {"x": across, "y": down}
        transform = A.Affine(rotate=(30, 30), scale=(1.25, 1.25), translate_percent=shift, p=1)
    else:
        fixed = {"scale_limit": (0.25, 0.25), "rotate_limit": (30, 30)}
        transform = A.ShiftScaleRotate(shift_limit_x=across, shift_limit_y=down, **fixed, p=1)
    whole = (-4 / HEIGHT,) * 2, (6 / WIDTH,) * 2
    check(transform, ks.JointRandomAffine((30 / 360,) * 2, (-0.2, -0.2), None, *whole, **OUTSIDE))


@pytest.mark.parametrize(
    ("border", "fill_mode", "most"),
    [
        (cv2.BORDER_CONSTANT, "constant", 0.5),
        (cv2.BORDER_REFLECT, "reflect", 0.5),
        (cv2.BORDER_REPLICATE, "nearest", 0.5),
        (cv2.BORDER_WRAP, "wrap", 0.5),
        (cv2.BORDER_REFLECT_101, "reflect", 2.0),
    ],
)
def test_borders(border, fill_mode, most):
    layer = ks.JointRandomRotation((1 / 12, 1 / 12), fill_mode=fill_mode)
    check(A.Rotate((30, 30), border_mode=border, p=1), layer, most)


def test_flip():
    check(A.HorizontalFlip(p=1), ks.Pipeline([ks.JointRandomFlip("horizontal")], seed=0))


@pytest.mark.parametrize(("brightness", "contrast"), [(0.1, 0.2), (0.1, -0.2), (-0.1, -0.2)])
def test_their_contrast_multiplies(brightness, contrast):
    fixed = (brightness, brightness), (contrast, contrast)
    layers = [
        ks.ImageOnlyBrightness(fixed[1], mode="multiplicative"),
        ks.ImageOnlyBrightness(fixed[0]),
    ]
    check(A.RandomBrightnessContrast(*fixed, p=1), ks.Pipeline(layers), 1.0)


@pytest.mark.parametrize(
    ("transform", "layer", "most"),
    [
        (A.RandomGamma((80, 80), p=1), ks.ImageOnlyGamma((0.8, 0.8)), 1.0),
        (A.Posterize(4, p=1), ks.ImageOnlyPosterize(4), 0.01),
        (A.Solarize((0.5, 0.5), p=1), ks.ImageOnlySolarize(threshold_factor=(0.5, 0.5)), 0.01),
        (A.InvertImg(p=1), ks.ImageOnlyInvert(), 0.01),
        (A.AutoContrast(method="pil", p=1), ks.ImageOnlyAutoContrast(), 1.0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_colors(transform, layer, most):
    dark = np.repeat((IMAGE * 0.8 + 10).astype("uint8"), 3, -1)
    image, _ = theirs(transform, dark)
    our_image, _ = ours(layer, dark)
    assert np.abs(image - dark).mean() > 2 * most
    assert np.abs(our_image - image).mean() < most


def test_noise_is_a_fraction_of_the_value_range():
    gray = np.full((64, 64, 3), 128, "uint8")
    image, _ = theirs(A.GaussNoise(std_range=(0.05, 0.05), p=1), gray, gray[..., 0])
    our_image, _ = ours(ks.ImageOnlyGaussianNoise((0.05, 0.05)), gray, gray[..., 0])
    for each in (image, our_image):
        assert each.std() == pytest.approx(0.05 * 255, rel=0.05)


def test_normalization():
    image, _ = theirs(A.Normalize(mean=0.2, std=0.25, p=1))
    layer = ks.ImageOnlyNormalization(mean=0.2 * 255, variance=(0.25 * 255) ** 2)
    np.testing.assert_allclose(ours(layer)[0], image, atol=1e-4)


def spread(moved):
    """Root mean square of displacements, and after how many pixels they agree by 1 / e.

    Away from the borders, where theirs are several times as large.
    """
    moved = np.concatenate(list(moved[:, 40:-40, 40:-40]))
    size = np.sqrt((moved**2).mean())
    for step in range(1, 60):
        pairs = (moved[:, step:] * moved[:, :-step]).mean()
        if pairs < moved.var() / math.e:
            return size, step
    raise AssertionError("they agree everywhere")


@pytest.mark.parametrize(("alpha", "sigma"), [(100, 6), (250, 10)])
def test_elastic_fields_are_as_strong_and_as_smooth(alpha, sigma):
    side, count = 512, 8
    transform = A.ElasticTransform(alpha=alpha, sigma=sigma, p=1)
    fields = [
        transform.get_params_dependent_on_data({"shape": (side, side)}, {})["map_x"] - range(side)
        for _ in range(count)
    ]
    layer = ks.JointRandomElasticTransform(
        strength=alpha / (16 * sigma * side), smoothness=2 * sigma / side
    )
    drawn = layer.draw_parameters((count, side, side, 1), 3)
    grid = SamplingGrid((side, side)).moved(layer.displacement(drawn, (side, side)))
    _, columns = to_numpy(grid.grid())
    size, reach = spread(np.stack(fields))
    our_size, our_reach = spread(columns - np.arange(side))
    assert our_size == pytest.approx(size, rel=0.15)
    assert abs(our_reach - reach) <= 0.2 * reach


def test_their_defaults_of_elastic_transforms_move_nothing():
    moved = A.ElasticTransform(p=1).get_params_dependent_on_data({"shape": (256, 256)}, {})
    assert np.abs(moved["map_x"] - np.arange(256)).mean() < 0.1


def middle(image):
    image = np.asarray(image, "float64").reshape(image.shape[:2])
    return (np.indices(image.shape) * image).sum((1, 2)) / image.sum()


def test_motion_blur_shifts_the_image_unless_told():
    spot = np.zeros((129, 129, 1), "uint8")
    spot[56:73, 56:73] = 255

    def furthest(**arguments):
        transform = A.Compose([A.MotionBlur(p=1, **arguments)], seed=1)
        return max(np.abs(middle(transform(image=spot)["image"]) - 64).max() for _ in range(100))

    assert 1 < furthest() < 2.5
    assert furthest(allow_shifted=False, direction_range=(0, 0)) < 0.1


@pytest.mark.parametrize(("side", "shift"), [(128, 1.5), (129, 2.5)])
def test_downscale_shifts_the_image(side, shift):
    spot = np.zeros((side, side, 1), "uint8")
    spot[56:73, 56:73] = 255
    spot = cv2.GaussianBlur(spot, (0, 0), 6)[..., None]
    image = A.Compose([A.Downscale(scale_range=(0.25, 0.25), p=1)])(image=spot)["image"]
    assert middle(image) - middle(spot) == pytest.approx([shift, shift], abs=0.1)


def test_resize_puts_masks_up_to_half_a_pixel_off():
    y, x = np.mgrid[:128, :128] - 63.5
    disk = (y**2 + x**2 < 30**2).astype("uint8")
    image, mask = theirs(A.Resize(100, 100), disk[..., None] * 255, disk)
    assert middle(image) == pytest.approx([49.5, 49.5], abs=0.01)
    assert middle(mask) == pytest.approx([50, 50], abs=0.1)
    _, mask = ours(ks.JointResizing(100, 100), disk[..., None] * 255, disk)
    assert middle(mask) == pytest.approx([49.5, 49.5], abs=0.1)
