"""What single MaskOnly layers are about, on made-up masks and on a real palette PNG."""

import pathlib

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

ORGANS = sorted((pathlib.Path(__file__).parents[2] / "examples/data/ct/masks").glob("*.png"))


def test_one_hot():
    mask = labels()
    _, rows = ks.MaskOnlyOneHot(5, jit_compile=False)(random_images(), mask)
    np.testing.assert_array_equal(to_numpy(rows), np.eye(5)[mask])


def test_one_hot_of_an_ignored_class_is_zero():
    mask = np.array([[0, 255], [1, 2]], "uint8")
    _, rows = ks.MaskOnlyOneHot(3, jit_compile=False)(np.zeros((2, 2, 3)), mask)
    assert to_numpy(rows).sum(-1).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("name", [path.name for path in ORGANS[::20]])
def test_real_colored_masks_become_their_ids(name):
    from PIL import Image

    image = Image.open(ORGANS[0].with_name(name))
    ids = np.array(image)
    colors = np.array(image.convert("RGB"))
    table = image.getpalette()
    palette = {tuple(table[3 * i : 3 * i + 3]): i for i in np.unique(ids).tolist()}
    layer = ks.MaskOnlyColorToClass(palette, jit_compile=False)
    _, found = layer(colors, colors)
    np.testing.assert_array_equal(to_numpy(found)[..., 0], ids)


def test_palettes_in_three_forms():
    forms = (
        [(0, 0, 0), (9, 8, 7)],
        {(0, 0, 0): 0, (9, 8, 7): 1},
        [((0, 0, 0), 0), ((9, 8, 7), 1)],
    )
    layers = [ks.MaskOnlyColorToClass(palette) for palette in forms]
    assert layers[0].palette == layers[1].palette == layers[2].palette


def test_an_unknown_color_gets_the_class_for_it():
    mask = np.array([[[0, 0, 0], [1, 2, 3]]], "uint8")
    layer = ks.MaskOnlyColorToClass([(0, 0, 0)], unknown_class=7, jit_compile=False)
    _, found = layer(np.zeros((1, 2, 3)), mask)
    assert to_numpy(found).ravel().tolist() == [0, 7]


def test_an_unknown_color_is_ignored_where_it_cannot_be_seen():
    import tensorflow as tf

    mask = np.array([[[0, 0, 0], [1, 2, 3]]], "uint8")
    dataset = tf.data.Dataset.from_tensors((np.zeros((1, 2, 3)), mask))
    _, found = next(iter(dataset.map(ks.MaskOnlyColorToClass([(0, 0, 0)]))))
    assert found.numpy().ravel().tolist() == [0, 255]


def test_ids_that_the_dtype_cannot_hold():
    layer = ks.MaskOnlyColorToClass({(0, 0, 0): 300}, jit_compile=False)
    with pytest.raises(ValueError, match=r"`palette` must be in \[0, 255\] for a uint8 mask"):
        layer(np.zeros((2, 2, 3)), np.zeros((2, 2, 3), "uint8"))


def test_colors_to_classes_to_one_hot():
    mask = labels()
    colors = np.stack([mask, 255 - mask, mask], -1)
    palette = [(i, 255 - i, i) for i in range(5)]
    layer = ks.Pipeline([ks.MaskOnlyColorToClass(palette), ks.MaskOnlyOneHot(5)])
    _, rows = layer(random_images(), colors)
    np.testing.assert_array_equal(to_numpy(rows), np.eye(5)[mask])


WIDE = ["int32", "int64", "float32"]


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_color_out_of_range_is_no_color_of_the_palette(dtype, jit_compile):
    """Red * 65536 + green * 256 + blue of all of these is that of (1, 0, 0) or (0, 1, 0)."""
    layer = ks.MaskOnlyColorToClass(
        {(1, 0, 0): 1, (0, 1, 0): 2}, unknown_class=9, jit_compile=jit_compile
    )
    colors = [(1, 0, 0), (0, 256, 0), (0, 1, 0), (0, 0, 256), (1, 1, -256), (2, -256, 0)]
    mask = np.array([[*colors, (0, 0, 65536)]], dtype)
    _, found = layer(np.zeros((*mask.shape[:2], 3)), mask)
    assert to_numpy(found).ravel().tolist() == [1, 9, 2, 9, 9, 9, 9]


@pytest.mark.parametrize("unknown", [300, -1])
def test_an_unknown_class_that_the_dtype_cannot_hold(unknown):
    import tensorflow as tf

    layer = ks.MaskOnlyColorToClass([(0, 0, 0)], unknown_class=unknown)
    mask = np.zeros((2, 2, 3), "uint8")
    expected = r"ColorToClass: `unknown_class` must be in \[0, 255\] for a uint8 mask"
    with pytest.raises(ValueError, match=expected):
        layer(mask, mask)
    with pytest.raises(ValueError, match=expected):
        tf.data.Dataset.from_tensors((mask, mask)).map(layer)
    layer(mask, mask.astype("int16"))


def test_the_unknown_class_that_nobody_gave_must_fit_too():
    import tensorflow as tf

    layer, mask = ks.MaskOnlyColorToClass([(0, 0, 0)]), np.ones((2, 2, 3), "int8")
    with pytest.raises(ValueError, match=r"`unknown_class` must be given, in \[-128, 127\]"):
        tf.data.Dataset.from_tensors((mask, mask)).map(layer)


@pytest.mark.parametrize(
    "arguments", [{"palette": {(0, 0, 0): 2**64}}, {"unknown_class": -(2**70)}]
)
def test_ids_that_no_dtype_can_hold(arguments):
    with pytest.raises(ValueError, match=r"must be .*a mask can hold"):
        ks.MaskOnlyColorToClass(**{"palette": [(0, 0, 0)], **arguments})


@pytest.mark.parametrize("dtype", ["int64", "uint32"])
def test_ids_of_more_than_31_bits(dtype):
    import tensorflow as tf

    large = {"int64": 2**40 + 1, "uint32": 2**32 - 1}[dtype]
    layer = ks.MaskOnlyColorToClass({(0, 0, 0): 3, (1, 1, 1): large}, unknown_class=large - 1)
    mask = np.array([[[0, 0, 0], [1, 1, 1], [2, 2, 2]]], dtype)
    _, found = next(iter(tf.data.Dataset.from_tensors((mask, mask)).map(layer)))
    assert found.dtype == dtype
    assert found.numpy().ravel().tolist() == [3, large, large - 1]
    with pytest.raises(ValueError, match=r"`palette` must be in .* for a uint8 mask"):
        layer(mask, mask.astype("uint8"))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_hot_compares_in_the_dtype_of_the_mask(jit_compile):
    import tensorflow as tf

    layer = ks.MaskOnlyOneHot(3, jit_compile=jit_compile)
    for dtype, strange in (
        ("int64", 2**32 + 1),
        ("uint64", 2**33 + 2),
        ("uint32", 2**32 - 1),
        ("float64", 2**32 + 1),
        ("float32", 2**40),
        ("int8", -1),
    ):
        mask = np.array([[strange, 0, 1, 2]], dtype)
        images = np.zeros((1, 4, 3), "uint8")
        _, rows = next(iter(tf.data.Dataset.from_tensors((images, mask)).map(layer)))
        assert rows.dtype == dtype
        np.testing.assert_array_equal(rows.numpy()[0], [[0] * 3, *np.eye(3)], dtype)


def test_one_hot_of_more_classes_than_the_dtype_has():
    mask = np.array([[0, 1, 255]], "uint8")
    _, rows = ks.MaskOnlyOneHot(300, jit_compile=False)(np.zeros((1, 3, 3)), mask)
    np.testing.assert_array_equal(to_numpy(rows), np.eye(300)[mask])
