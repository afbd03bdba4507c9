"""Image and mask move together, in every pixel of 200 draws."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_segaug as ks
from tests.cases import JOINT, MOVING, ids
from tests.contract import promises
from tests.data import labels, random_images, to_numpy

# JAX compiles every operation of every size.
EXAMPLES = 12 if keras.backend.backend() == "tensorflow" else 3
FILLS = ["reflect", "wrap", "nearest", "constant"]


@pytest.mark.parametrize("fill_mode", FILLS)
@pytest.mark.parametrize("case", **ids(JOINT))
def test_image_carries_its_mask(case, fill_mode):
    fill = {"fill_value": 7, "mask_fill_value": 7} if fill_mode == "constant" else {}
    promises.check_alignment(case.make, fill_mode=fill_mode, **fill)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (13, 1), (31, 8), (16, 16)])
@pytest.mark.parametrize("case", **ids(JOINT))
def test_any_size(case, height, width):
    mask = np.arange(20 * height * width).reshape(20, height, width) % 251
    layer = case.make(interpolation="nearest")
    images, masks = to_numpy(layer(mask[..., None].astype("float32"), mask.astype("uint8")))
    np.testing.assert_array_equal(images[..., 0], masks)


# Next to an edge, the mean of a blend over many pixels lies further inside than its middle.
BLENDING_NEIGHBORS = [case for case in JOINT if "antialias" not in case.arguments]


@pytest.mark.parametrize("case", **ids(BLENDING_NEIGHBORS))
def test_bilinear_image_agrees_with_its_mask(case):
    promises.check_interpolated_alignment(case.make)


def nearest(layers):
    return [layer for layer in layers if not isinstance(layer, ks.ImageOnlyLayer)]


@pytest.mark.parametrize(
    "layers",
    [
        [ks.JointRandomFlip(), ks.JointRandomRotation(0.2, interpolation="nearest")],
        [
            ks.JointRandomZoom(0.3, interpolation="nearest"),
            ks.JointRandomCrop(11, 9),
            ks.JointRandomRotate90(),
            ks.JointResizing(20, 21, interpolation="nearest"),
        ],
        # Different borders: two lookups.
        [
            ks.JointRandomTranslation(0.2, 0.2, interpolation="nearest", fill_mode="wrap"),
            ks.JointRandomShear(0.3, interpolation="nearest", fill_mode="nearest"),
        ],
    ],
)
@pytest.mark.parametrize("probability", [1.0, 0.5])
def test_chains(layers, probability):
    promises.check_alignment(
        lambda **more: ks.Pipeline(
            layers, seed=3, jit_compile=False, probability=probability, **more
        )
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    cases=st.lists(st.sampled_from(JOINT), min_size=2, max_size=4),
    height=st.integers(2, 40),
    width=st.integers(2, 40),
    probability=st.sampled_from([1.0, 0.5]),
)
def test_chains_of_any_layers(cases, height, width, probability):
    layers = [
        case.make(
            interpolation="nearest", **({"probability": probability} if case.make().random else {})
        )
        for case in cases
    ]
    mask = np.arange(200 * height * width).reshape(200, height, width) % 251
    pipeline = ks.Pipeline(layers, seed=3, jit_compile=False)
    images, masks = to_numpy(pipeline(mask[..., None].astype("float32"), mask.astype("uint8")))
    np.testing.assert_array_equal(images[..., 0], masks)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="what shares a lookup is decided in Python"
)
@pytest.mark.parametrize("case", **ids(JOINT))
def test_what_follows_in_a_pipeline_is_not_lost(case):
    """A crop after any layer cuts that layer's result, whether or not they share a lookup."""
    images, mask = random_images(6), labels(6)
    settings = {"interpolation": "nearest"}
    pipeline = ks.Pipeline([case.make(**settings), ks.JointCenterCrop(5, 6)], jit_compile=False)
    drawn = pipeline.draw_parameters((images, mask), 4)
    found = to_numpy(pipeline.apply((images, mask), drawn))
    whole = to_numpy(case.make(**settings).apply((images, mask), drawn["layers"][0]))
    top, left = (whole[1].shape[1] - 5) // 2, (whole[1].shape[2] - 6) // 2
    for result, expected in zip(found, whole, strict=True):
        np.testing.assert_array_equal(
            result, expected[:, top : top + 5, left : left + 6].astype(result.dtype)
        )


@pytest.mark.slow
def test_large_images():
    """Packed and compiled: every pixel of 2048 x 2047 carries its label."""
    rows, columns = np.indices((2048, 2047))
    mask = ((rows // 3 * 7 + columns // 5) % 251).astype("uint8")[None]
    layers = [
        ks.JointRandomElasticTransform(interpolation="nearest"),
        ks.JointRandomRotation(0.3, interpolation="nearest"),
        ks.JointRandomPerspective(scale=0.3, interpolation="nearest"),
    ]
    for jit_compile in (True, False):
        pipeline = ks.Pipeline(layers, seed=3, jit_compile=jit_compile, dtype="uint8")
        images, masks = to_numpy(pipeline(mask[..., None], mask))
        np.testing.assert_array_equal(images[..., 0], masks)
        assert (masks != mask).mean() > 0.5


@pytest.mark.parametrize("case", **ids(MOVING))
def test_two_masks_and_weights_follow(case):
    mask = labels(8)
    data = {
        "images": mask[..., None].repeat(3, -1),
        "masks": {"organs": mask, "edges": mask[..., None].astype("int32")},
        "sample_weights": mask.astype("float32"),
    }
    result = to_numpy(case.make()(data))
    organs = result["masks"]["organs"]
    np.testing.assert_array_equal(organs, result["masks"]["edges"][..., 0])
    np.testing.assert_array_equal(organs, result["sample_weights"])


def test_weights_are_zero_where_the_image_is_filled():
    layer = ks.JointRandomTranslation(
        (0.5, 0.5), (0.0, 0.0), fill_mode="constant", mask_fill_value=255, jit_compile=False
    )
    mask = np.ones((2, 8, 8), "uint8")
    images, masks, weights = to_numpy(
        layer(mask[..., None], mask, np.full((2, 8, 8), 2.0, "float32"))
    )
    np.testing.assert_array_equal(masks[:, :4], 255)
    np.testing.assert_array_equal(weights[:, :4], 0.0)
    np.testing.assert_array_equal(images[:, :4], 0.0)
    np.testing.assert_array_equal(weights[:, 4:], 2.0)
