"""The engine runs operations that no public layer gives yet, and axes that no layer has."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core.backend import ops
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.execute import run
from keras_segaug.engine.fuse import Lookup, fuse
from keras_segaug.engine.operations import Blend, Border, Boxes, Piece, Warp
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels import fields, matrices
from tests.data import COMPILED, labels, random_images, to_numpy


class Boxed(ks.JointLayer):
    """Shows the next sample of the batch inside a box, at the same place."""

    def draw(self, draws):
        return {"top": draws.integer(8), "left": draws.integer(6)}

    def plan(self, parameters, spec):
        if parameters is None:
            return []
        start = [ops.cast(parameters[side], "float32")[:, None] for side in ("top", "left")]
        length = [ops.ones_like(x) * n for x, n in zip(start, (5.0, 7.0), strict=True)]
        nothing = matrices.identity(2)
        count = ops.shape(parameters["top"])[0]
        source = (ops.arange(count, dtype="int32") + 1) % count
        piece = Piece(nothing, source, Boxes(tuple(start), tuple(length)))
        return [Warp(before=spec.size, size=spec.size, pieces=(piece,), rest=nothing)]


class Blended(ks.AugmentationLayer):
    """Blends in a quarter of the next sample of the batch."""

    def draw(self, draws):
        return {"weight": 0.75 + 0.0 * draws.uniform()}

    def plan(self, parameters, spec):
        count = ops.shape(parameters["weight"])[0]
        source = (ops.arange(count, dtype="int32") + 1) % count
        return [Blend(source=source, weight=parameters["weight"])]


def by_hand(data, drawn, index):
    """The result of `Boxed` for an array (B, H, W, ...)."""
    result = data.copy()
    for i, (top, left) in enumerate(zip(drawn["top"], drawn["left"], strict=True)):
        box = slice(top, top + 5), slice(left, left + 7)
        result[i][box] = data[(i + 1) % len(data)][box]
    return result


@pytest.mark.parametrize("compiled", COMPILED)
def test_image_and_mask_come_from_the_same_other_sample(compiled):
    layer = Boxed(jit_compile=compiled)
    images, masks = random_images(4), labels(4, classes=200)
    drawn = layer.draw_parameters(images.shape, 3)
    found = to_numpy(layer.augment((images, masks), 3))
    numbers = {name: to_numpy(drawn[name]) for name in ("top", "left")}
    for a, b in zip(found, (images, masks), strict=True):
        np.testing.assert_array_equal(a, by_hand(b, numbers, 0))


@pytest.mark.parametrize("compiled", COMPILED)
def test_what_follows_shares_the_lookup_of_what_mixes(compiled):
    chain = ks.Pipeline([Boxed(), ks.JointRandomRotation(0.2, interpolation="nearest")])
    masks = labels(4, classes=200)
    images = np.repeat(masks[..., None], 3, -1)
    drawn = chain.draw_parameters(images.shape, 5)
    chain.jit_compile = compiled
    found, mask = to_numpy(chain.apply((images, masks), drawn))
    np.testing.assert_array_equal(found[..., 0], mask)
    boxed = to_numpy(chain.layers[0].apply((images, masks), drawn["layers"][0]))
    one_by_one = to_numpy(chain.layers[1].apply(tuple(boxed), drawn["layers"][1]))
    np.testing.assert_array_equal(mask, one_by_one[1])
    planned = [op for layer in chain.layers for op in planned_by(layer, drawn, images.shape)]
    assert [type(group) for group in fuse(planned)] == [Lookup]


OTHER_SIZES = {
    "a crop": lambda border: ks.JointRandomCrop(8, 9, **border),
    "the middle": lambda border: ks.JointCenterCrop(10, 11, **border),
    "more on all sides": lambda border: ks.JointPadding(24, 30, **border),
    "more on two sides": lambda border: ks.JointPadding(18, 19, position="top_left", **border),
    "another scale": lambda border: ks.JointRandomScaleCrop(
        12, 9, scale=(0.5, 1.5), interpolation="nearest", **border
    ),
}


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
@pytest.mark.parametrize("name", OTHER_SIZES)
def test_a_window_of_what_was_mixed_is_that_window(name, fill_mode):
    """It shares the lookup of what mixes, whose regions lie in an image of another size."""
    layers = [ks.JointCutMix(area=(0.3, 0.6)), OTHER_SIZES[name]({"fill_mode": fill_mode})]
    chain = ks.Pipeline(layers, jit_compile=False)
    places = np.arange(4 * 16 * 14).reshape(4, 16, 14).astype("int32")
    images, weights = places[..., None].astype("float32"), 1.0 + places.astype("float32")
    drawn = chain.draw_parameters((images, places), 5)
    found = to_numpy(chain.apply((images, places, weights), drawn))
    one_by_one = images, places, weights
    for layer, own in zip(chain.layers, drawn["layers"], strict=True):
        one_by_one = layer.apply(one_by_one, own)
    for a, b in zip(found, to_numpy(one_by_one), strict=True):
        np.testing.assert_array_equal(a, b)


def planned_by(layer, drawn, shape):
    own = layer.draw_parameters(shape, 5)
    del own["input_size"]
    return layer.plan(own, Spec(shape[1:3]))


def test_a_mirror_with_class_swap_keeps_out_of_what_mixes():
    """Classes swap in the sample that is shown, so the mirror cannot share the mixing lookup."""
    layers = [Boxed(), ks.JointRandomFlip("horizontal", class_swap={1: 2})]
    planned = [op for layer in layers for op in planned_by(layer, None, (4, 16, 14, 3))]
    assert len(fuse(planned)) == 2
    chain = ks.Pipeline(layers, seed=1, jit_compile=False)
    masks = labels(4, classes=3)
    images, found = to_numpy(chain((np.repeat(masks[..., None], 3, -1), masks)))
    drawn = chain.draw_parameters((4, 16, 14, 3), chain.call_key(0))
    mirrored = to_numpy(drawn["layers"][1]["horizontal"])
    assert 0 < mirrored.sum() < 4
    swapped = np.where(found == 1, 2, np.where(found == 2, 1, found))
    expected = np.where(mirrored[:, None, None], swapped, found)
    np.testing.assert_array_equal(images[..., 0], expected)


def test_what_was_mixed_goes_home():
    layer = Boxed(jit_compile=False)
    images, masks = random_images(4), 1 + labels(4, classes=200)
    drawn = layer.draw_parameters(images.shape, 3)
    found = to_numpy(layer.apply((images, masks), drawn))
    back = to_numpy(layer.invert(tuple(found), drawn))[1]
    covered = back == 0
    # The part of a sample that a box hides is shown nowhere, unless the next box shows it.
    np.testing.assert_array_equal(back[~covered], masks[~covered])
    assert 0 < covered.sum() <= 4 * 5 * 7


@pytest.mark.parametrize("compiled", COMPILED)
def test_samples_are_blended_and_their_one_hot_masks_too(compiled):
    layer = Blended(jit_compile=compiled)
    images = random_images(3).astype("float32")
    masks = np.eye(4, dtype="float32")[labels(3, classes=4)]
    found = to_numpy(layer(images, masks))
    for a, b in zip(found, (images, masks), strict=True):
        np.testing.assert_allclose(a, 0.75 * b + 0.25 * np.roll(b, -1, 0), rtol=1e-5)
    with pytest.raises(ValueError, match="Blended: masks must be one-hot"):
        layer(images, labels(3))


# --- Volumes: a third axis, which no constructor offers yet --------------------------------------

SIZE = (6, 9, 8)


def volume(count=2):
    voxels = np.random.default_rng(0).integers(0, 250, (count, *SIZE, 1), "uint8")
    return voxels, voxels.astype("int32")


def moved(operations, interpolation="nearest"):
    images, masks = volume()
    batch = Batch(ops.convert_to_tensor(images), [ops.convert_to_tensor(masks)], [])
    result = run(operations, batch, "uint8")
    images, mask = to_numpy(result.images), to_numpy(result.masks[0])
    if interpolation == "nearest":
        np.testing.assert_array_equal(images, mask)
    return mask


def planned(layer, drawn):
    tensors = {name: keras.ops.convert_to_tensor(value) for name, value in drawn.items()}
    return layer.plan(tensors, Spec(SIZE))


def test_a_flip_of_volumes():
    flip = ks.JointRandomFlip()
    drawn = {"horizontal": np.array([True, False]), "vertical": np.array([True, True])}
    found = moved(planned(flip, drawn))
    voxels = volume()[1]
    np.testing.assert_array_equal(found[0], voxels[0, :, ::-1, ::-1])
    np.testing.assert_array_equal(found[1], voxels[1, :, ::-1])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_a_rotation_of_volumes_turns_every_slice_alike(interpolation):
    rotation = ks.JointRandomRotation(0.5, interpolation=interpolation)
    drawn = {"angle": np.array([0.4, -1.1], "float32")}
    found = moved(planned(rotation, drawn), interpolation)
    for place in range(SIZE[0]):
        slices = volume()[0][:, place]
        expected = to_numpy(rotation.apply((slices, slices[..., 0].astype("int32")), drawn)[1])
        np.testing.assert_array_equal(found[:, place, ..., 0], expected)


def test_a_crop_of_volumes():
    window = matrices.window([np.array([1.0, 2.0], "float32")] * 3, SIZE, (4, 5, 3))
    piece = Piece(keras.tree.map_structure(lambda x: x, window))
    warp = Warp(before=SIZE, size=(4, 5, 3), pieces=(piece,), border=Border("reflect"))
    found = moved([warp])
    voxels = volume()[1]
    np.testing.assert_array_equal(found[0], voxels[0, 1:5, 1:6, 1:4])
    np.testing.assert_array_equal(found[1], voxels[1, 2:6, 2:7, 2:5])


def test_an_elastic_transform_of_volumes():
    """Equal control values everywhere give a shift by whole voxels, along each axis its own."""
    shifts = (1, -2, 1)
    controls = tuple(
        keras.ops.ones((2, 6, 6, 6)) * (shift / size)
        for shift, size in zip(shifts, SIZE, strict=True)
    )
    field = fields.SplineDisplacement(controls, 3.0, SIZE)
    warp = Warp(before=SIZE, size=SIZE, pieces=(Piece(field),), border=Border("wrap"))
    np.testing.assert_array_equal(moved([warp]), np.roll(volume()[1], (-1, 2, -1), (1, 2, 3)))
