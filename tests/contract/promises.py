"""The promises of the package as functions: each raises AssertionError for a layer that breaks one.

The contract tests call them for every layer of the case list, and
`test_broken_layers.py` for layers that are broken on purpose.
"""

import keras
import numpy as np

import keras_segaug
from keras_segaug.checks.signature import arguments_of
from tests.data import as_held, dtype_of, labels, random_images, to_numpy


def check_alignment(make, count=200, height=16, width=14, mask=None, **more):
    """An image that carries its own mask equals the transformed mask in every pixel."""
    layer = make(interpolation="nearest", **more) if needs_nearest(make) else make(**more)
    mask = labels(count, height, width, classes=9) if mask is None else mask
    carried = mask[..., None].astype("float32")
    images, masks = to_numpy(layer(carried, mask))
    assert images.shape[:3] == masks.shape
    np.testing.assert_array_equal(images[..., 0], masks.astype("float32"))
    assert images.shape[1:3] != (height, width) or (masks != mask).any(), "nothing moved"


def check_interpolated_alignment(make, count=200, height=16, width=14):
    """Under bilinear lookup an image of coordinates tells where its mask must come from."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    image = np.stack([rows, columns], -1).astype("float32")
    mask = (rows * width + columns).astype("int32")
    images, masks = to_numpy(
        make(fill_mode="nearest")(
            np.broadcast_to(image, (count, *image.shape)).copy(),
            np.broadcast_to(mask, (count, *mask.shape)).copy(),
        )
    )
    # Where a point lies halfway between two pixels, either counts as the nearest.
    clear = (np.abs(images % 1.0 - 0.5) > 1e-3).all(-1)
    assert clear.mean() > 0.5
    nearest = np.floor(images + 0.5).astype("int32")
    expected = nearest[..., 0] * width + nearest[..., 1]
    np.testing.assert_array_equal(masks[clear], expected[clear])


def check_labels(make, dtype, fill=None, **more):
    """The output has only labels of the input and the fill; the dtype stays the same."""
    top = {"bool": 1, "uint8": 250, "float16": 2000, "bfloat16": 250}.get(dtype, 60000)
    ids = np.array([0, 1, 1, top]).astype(as_numpy_dtype(dtype))
    mask = ids[labels(40, classes=4).astype(int)]
    settings = {} if fill is None else {"fill_mode": "constant", "mask_fill_value": fill}
    layer = make(**settings, **more)
    _, result = layer(random_images(40), mask)
    assert dtype_of(result) == as_held(mask.dtype)
    allowed = set(np.unique(mask).tolist()) | (set() if fill is None else {fill})
    found = set(np.unique(to_numpy(result)).tolist())
    assert found <= allowed
    assert len(found) > 1
    return found


def as_numpy_dtype(dtype):
    if dtype == "bfloat16":
        import ml_dtypes

        return ml_dtypes.bfloat16
    return dtype


def check_image_untouched(make, images, mask):
    result, _ = make()(images, mask)
    np.testing.assert_array_equal(to_numpy(result), images.astype("float32"))


def check_mask_untouched(make, images, mask):
    result, kept = make()(images, mask)
    assert (to_numpy(result) != images).any(), "nothing changed"
    assert dtype_of(kept) == as_held(mask.dtype)
    np.testing.assert_array_equal(to_numpy(kept), mask)


def check_input_intact(make, data):
    """Neither the caller's arrays nor their structure change."""
    before = keras.tree.map_structure(lambda x: x.copy() if hasattr(x, "copy") else x, data)
    structure = dict(data)
    make()(data)
    assert {k: id(v) for k, v in data.items()} == {k: id(v) for k, v in structure.items()}
    keras.tree.map_structure(np.testing.assert_array_equal, data, before)


def check_config(layer, images, mask):
    """Every argument comes back from the config, and the copy does the same."""
    config = layer.get_config()
    copy = type(layer).from_config(config)
    names = arguments_of(type(layer))
    assert set(names) <= set(config)
    assert copy.get_config() == config
    key = 11
    results = [
        to_numpy(each.apply((images, mask), each.draw_parameters((images, mask), key)))
        for each in (layer, copy)
    ]
    keras.tree.map_structure(np.testing.assert_array_equal, *results)


def check_same_image(found, expected, gain=1.0):
    """Equal except for rounding. A blend of 8-bit values that is almost halfway between two gray
    levels may be rounded either way, since two programs need not add in the same order; colors
    after the lookup stretch that level by the gain."""
    apart = np.abs(found - expected) > 2e-2
    assert apart.mean() <= 0.01
    np.testing.assert_allclose(found, expected, atol=gain + 0.02 if apart.any() else 2e-2)


def gain_of(case):
    """How much the colors of a case, that is its contrast, stretch one level of its geometry."""
    return 1.2 if case.layer is keras_segaug.Pipeline else 1.0


def needs_nearest(make):
    return "interpolation" in arguments_of(type(make()))
