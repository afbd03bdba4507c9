"""What single MaskOnly layers are about, on made-up masks and on a real palette PNG."""

import pathlib

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, pictures, to_numpy

ORGANS = sorted((pathlib.Path(__file__).parents[2] / "examples/data/ct/masks").glob("*.png"))


def test_one_hot():
    mask = labels()
    _, rows = ks.MaskOnlyOneHot(5, jit_compile=False)(pictures(), mask)
    np.testing.assert_array_equal(to_numpy(rows), np.eye(5)[mask])


def test_one_hot_of_an_ignored_class_is_zero():
    mask = np.array([[0, 255], [1, 2]], "uint8")
    _, rows = ks.MaskOnlyOneHot(3, jit_compile=False)(np.zeros((2, 2, 3)), mask)
    assert to_numpy(rows).sum(-1).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("name", [path.name for path in ORGANS[::20]])
def test_real_coloured_masks_become_their_ids(name):
    from PIL import Image

    picture = Image.open(ORGANS[0].with_name(name))
    ids = np.array(picture)
    colours = np.array(picture.convert("RGB"))
    table = picture.getpalette()
    palette = {tuple(table[3 * i : 3 * i + 3]): i for i in np.unique(ids).tolist()}
    layer = ks.MaskOnlyColorToClass(palette, jit_compile=False)
    _, found = layer(colours, colours)
    np.testing.assert_array_equal(to_numpy(found)[..., 0], ids)


def test_palettes_in_three_forms():
    forms = (
        [(0, 0, 0), (9, 8, 7)],
        {(0, 0, 0): 0, (9, 8, 7): 1},
        [((0, 0, 0), 0), ((9, 8, 7), 1)],
    )
    layers = [ks.MaskOnlyColorToClass(palette) for palette in forms]
    assert layers[0].palette == layers[1].palette == layers[2].palette


def test_an_unknown_colour_gets_the_class_for_it():
    mask = np.array([[[0, 0, 0], [1, 2, 3]]], "uint8")
    layer = ks.MaskOnlyColorToClass([(0, 0, 0)], unknown_class=7, jit_compile=False)
    _, found = layer(np.zeros((1, 2, 3)), mask)
    assert to_numpy(found).ravel().tolist() == [0, 7]


def test_an_unknown_colour_is_ignored_where_it_cannot_be_seen():
    import tensorflow as tf

    mask = np.array([[[0, 0, 0], [1, 2, 3]]], "uint8")
    dataset = tf.data.Dataset.from_tensors((np.zeros((1, 2, 3)), mask))
    _, found = next(iter(dataset.map(ks.MaskOnlyColorToClass([(0, 0, 0)]))))
    assert found.numpy().ravel().tolist() == [0, 255]


def test_ids_that_the_dtype_cannot_hold():
    layer = ks.MaskOnlyColorToClass({(0, 0, 0): 300}, jit_compile=False)
    with pytest.raises(ValueError, match=r"`palette` must be in \[0, 255\] for a uint8 mask"):
        layer(np.zeros((2, 2, 3)), np.zeros((2, 2, 3), "uint8"))


def test_colours_to_classes_to_one_hot():
    mask = labels()
    colours = np.stack([mask, 255 - mask, mask], -1)
    palette = [(i, 255 - i, i) for i in range(5)]
    layer = ks.Pipeline([ks.MaskOnlyColorToClass(palette), ks.MaskOnlyOneHot(5)])
    _, rows = layer(pictures(), colours)
    np.testing.assert_array_equal(to_numpy(rows), np.eye(5)[mask])
