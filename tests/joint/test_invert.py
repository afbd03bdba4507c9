"""Moving back what was moved: round trips, crops, and test-time augmentation."""

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.engine.spec import Spec
from tests.data import ct_slices, labels, random_images, to_numpy

EXACT = [
    ks.JointRandomFlip(class_swap={1: 2}),
    ks.JointRandomRotate90(mirror=True, class_swap={1: 2}),
    ks.Pipeline(
        [ks.JointRandomFlip("horizontal"), ks.JointRandomRotate90(), ks.ImageOnlyRescaling(1.0)]
    ),
    ks.JointRandomFlip(probability=0.5),
]


@pytest.mark.parametrize("layer", EXACT, ids=lambda layer: type(layer).__name__)
def test_flips_and_turns_come_back_bit_for_bit(layer):
    images, mask = random_images(30, 12, 12), labels(30, 12, 12)
    drawn = layer.draw_parameters(images.shape, 1)
    moved = layer.apply((images, mask), drawn)
    assert (to_numpy(moved[1]) != mask).any()
    back = to_numpy(layer.invert(moved, drawn))
    np.testing.assert_array_equal(back[0], images)
    np.testing.assert_array_equal(back[1], mask)


CHAINS = {
    "turn, then shift": [
        ks.JointRandomRotation((0.25, 0.25)),
        ks.JointRandomTranslation((0.25, 0.25), (0.0, 0.0)),
    ],
    "shift, then zoom": [
        ks.JointRandomTranslation((0.0, 0.0), (0.25, 0.25)),
        ks.JointRandomZoom((-0.5, -0.5)),
    ],
    "crop, then turn": [ks.JointCenterCrop(8, 8), ks.JointRandomRotation((0.25, 0.25))],
    "turn, color, shift": [
        ks.JointRandomRotation((0.25, 0.25)),
        ks.ImageOnlyRescaling(1.0),
        ks.JointRandomTranslation((0.25, 0.25), (0.0, 0.0)),
    ],
    "turn, and one of two shifts": [
        ks.JointRandomRotation((0.25, 0.25)),
        ks.RandomChoice(
            [
                ks.JointRandomTranslation((0.25, 0.25), (0.0, 0.0)),
                ks.JointRandomTranslation((0.0, 0.0), (0.25, 0.25)),
            ]
        ),
    ],
}


@pytest.mark.parametrize("name", CHAINS)
def test_what_came_last_is_undone_first(name):
    """The steps do not commute: in another order a pixel would come back to another place."""
    chain = ks.Pipeline(CHAINS[name], jit_compile=False)
    mask = np.arange(1, 257).reshape(1, 16, 16).repeat(8, 0).astype("int32")
    weights = np.ones(mask.shape, "float32")
    drawn = chain.draw_parameters((8, 16, 16, 1), 4)
    moved = chain.apply((mask[..., None], mask, weights), drawn)
    _, back, shown = to_numpy(chain.invert(moved, drawn, (16, 16)))
    inside = shown == 1.0
    assert inside.mean() > 0.2
    np.testing.assert_array_equal(back[inside], mask[inside])


def smooth_images(count, height=96, width=80):
    rows, columns = np.indices((height, width), "float32")
    waves = [np.sin(rows / 9.0 + i) + np.cos(columns / 7.0 - i) for i in range(count)]
    return 100.0 + 40.0 * np.stack(waves)[..., None].astype("float32")


SMOOTH = [
    ks.JointRandomElasticTransform(strength=0.02, smoothness=0.25),
    ks.JointRandomLensDistortion((-0.2, 0.4)),
    ks.JointRandomGridDistortion(4, 0.4),
    ks.JointRandomPerspective(scale=0.3),
    ks.JointRandomRotation(0.2),
    ks.Pipeline(
        [
            ks.JointRandomZoom(0.2),
            ks.JointRandomElasticTransform(strength=0.01, smoothness=0.3),
            ks.JointRandomShear(0.2),
        ]
    ),
    ks.Pipeline(
        [
            ks.JointRandomRotation(0.1, probability=0.5),
            ks.ImageOnlyGaussianBlur(kernel_size=3, sigma=0.0001),
        ]
    ),
]


@pytest.mark.parametrize("layer", SMOOTH, ids=lambda layer: type(layer).__name__)
def test_smooth_images_come_back(layer):
    images = smooth_images(8)
    weights = np.ones(images.shape[:3], "float32")
    drawn = layer.draw_parameters(images.shape, 2)
    moved, shown = layer.apply({"image": images, "sample_weight": weights}, drawn).values()
    assert np.abs(to_numpy(moved) - images).mean() > 5.0
    back, shown = to_numpy(
        tuple(layer.invert({"image": moved, "sample_weight": weights}, drawn).values())
    )
    inside = shown == 1.0
    assert inside.mean() > 0.6
    # Two bilinear lookups: the slope of the image is up to 7 gray levels per pixel.
    assert np.abs(back - images)[inside].mean() < 0.5


def test_a_crop_goes_back_to_its_place():
    images, mask = random_images(10, 20, 24), labels(10, 20, 24) + 1
    crop = ks.JointRandomCrop(9, 11, fill_mode="constant", mask_fill_value=255)
    drawn = crop.draw_parameters(images.shape, 1)
    moved = crop.apply((images, mask, np.ones(mask.shape, "float32")), drawn)
    back, back_mask, shown = to_numpy(crop.invert(moved, drawn, size=(20, 24)))
    assert back.shape == images.shape
    inside = shown == 1.0
    np.testing.assert_array_equal(inside.sum((1, 2)), 9 * 11)
    np.testing.assert_array_equal(back[inside], images[inside])
    np.testing.assert_array_equal(back_mask[inside], mask[inside])
    assert (back_mask[~inside] == 255).all()
    assert (back[~inside] == 0).all()


RESIZING = [
    ks.JointResizing(70, 90),
    ks.JointResizing(120, 90, pad_to_aspect_ratio=True),
    ks.JointResizing(90, 90, crop_to_aspect_ratio=True),
    ks.JointPadding(130, 120),
    ks.JointRandomScaleCrop(90, 90, scale=(0.7, 1.4)),
    ks.JointRandomResizedCrop(90, 90, scale=(0.5, 1.0)),
]


@pytest.mark.parametrize("layer", RESIZING, ids=lambda layer: type(layer).__name__)
def test_other_sizes_come_back(layer):
    images = smooth_images(8)
    drawn = layer.draw_parameters(images.shape, 2)
    moved = layer.apply(images, drawn)
    ones = np.ones(moved.shape[:3], "float32")
    back = layer.invert({"image": moved, "sample_weight": ones}, drawn, images.shape[1:3])
    back, shown = to_numpy(tuple(back.values()))
    assert back.shape == images.shape
    inside = shown == 1.0
    assert inside.mean() > 0.4
    assert np.abs(back - images)[inside].mean() < 0.7


def test_erased_images_stay_where_they_are():
    layer, images = ks.JointRandomErasing(), random_images(3)
    drawn = layer.draw_parameters(images.shape, 1)
    moved = layer.apply(images, drawn)
    np.testing.assert_array_equal(to_numpy(layer.invert(moved, drawn)), to_numpy(moved))


FILLING = {"fill_mode": "constant", "fill_value": -7.0, "mask_fill_value": 255}
# Each brings pixels in from outside, and so leaves some of its own out.
NOT_FIRST = {
    "flip": [ks.JointRandomFlip(), ks.JointRandomZoom((-0.5, -0.3), **FILLING)],
    "resizing": [ks.JointResizing(20, 30), ks.JointRandomZoom((-0.5, -0.3), **FILLING)],
    "mirrored": [ks.JointRandomGridDistortion(), ks.JointRandomTranslation(0.4, 0.4, **FILLING)],
    "first": [ks.JointRandomZoom((-0.5, -0.3), **FILLING), ks.JointRandomFlip()],
    "told twice": [
        ks.JointResizing(20, 30, **FILLING),
        ks.JointRandomTranslation(0.4, 0.4, fill_mode="constant", mask_fill_value=9),
    ],
}


@pytest.mark.parametrize("name", NOT_FIRST)
def test_what_is_not_shown_is_filled_as_the_layer_that_fills_says(name):
    layer = ks.Pipeline(NOT_FIRST[name], jit_compile=False)
    drawn = layer.draw_parameters((6, 20, 24, 1), 1)
    shape = (6, *layer.output_spec(Spec((20, 24))).size)
    moved = np.ones((*shape, 1), "float32"), np.ones(shape, "uint8"), np.ones(shape, "float32")
    back, labels_back, shown = to_numpy(layer.invert(moved, drawn))
    assert 0.1 < (shown == 0.0).mean() < 0.9
    assert shown.shape == (6, 20, 24)
    np.testing.assert_array_equal(labels_back, np.where(shown == 0.0, 255, 1))
    # Far enough from what is shown to be blended with nothing.
    assert back.min() == -7.0


def test_the_wrong_size_is_said():

    crop = ks.JointRandomCrop(9, 11)
    images = random_images(2, 20, 24)
    drawn = crop.draw_parameters(images.shape, 1)
    with pytest.raises(ValueError, match=r"JointRandomCrop: to be moved back.*\(9, 11\)"):
        crop.invert(images, drawn, size=(20, 24))


def test_color_stays_where_nothing_moves():
    layer = ks.ImageOnlyBrightness(0.3)
    images = random_images(2).astype("float32")
    drawn = layer.draw_parameters(images.shape, 1)
    np.testing.assert_array_equal(to_numpy(layer.invert(images, drawn)), images)


def test_test_time_augmentation_on_real_slices():
    """For a network that works pixel by pixel, the mean over views is its own prediction."""
    images = ct_slices()[0][50:54].astype("float32")
    views = ks.Pipeline([ks.JointRandomFlip(), ks.JointRandomRotate90()])

    def predict(random_images):
        bright = to_numpy(random_images) / 255.0
        return np.concatenate([bright, 1.0 - bright], -1)

    total = 0.0
    for seed in range(5):
        drawn = views.draw_parameters(images.shape, seed)
        total = total + to_numpy(views.invert(predict(views.apply(images, drawn)), drawn))
    np.testing.assert_allclose(total / 5, predict(images), atol=1e-5)
