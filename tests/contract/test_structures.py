"""Every accepted structure comes back unchanged, with all its entries moved alike."""

from collections import OrderedDict

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.checks import input_tensors
from tests.cases import CASES, MOVING, ONE_OF_EACH_KIND, ids
from tests.contract import promises
from tests.data import labels, mask_for, random_images, to_numpy


def same(a, b):
    keras.tree.map_structure(np.testing.assert_array_equal, to_numpy(a), to_numpy(b))


def needs_masks(case):
    """Does the case choose its window by the content of the mask?"""
    return {"max_class_fraction", "foreground_probability"} & set(case.arguments)


@pytest.mark.parametrize("case", **ids(CASES))
def test_all_structures_agree(case):
    images, mask = random_images(), mask_for(case)
    weights = np.ones(mask.shape[:3], "float32")
    expected = case.make()((images, mask, weights))
    assert isinstance(expected, tuple)
    same(case.make()(images, mask, weights), expected)
    same(case.make()(images, mask), expected[:2])
    same(case.make()(images, masks=mask), expected[:2])
    if needs_masks(case):
        for alone in (images, (images,)):
            with pytest.raises(ValueError, match="masks are missing"):
                case.make()(alone)
    else:
        same(case.make()(images), expected[0])
        same(case.make()((images,)), expected[:1])
    as_list = case.make()([images, mask])
    assert isinstance(as_list, list)
    same(tuple(as_list), expected[:2])


@pytest.mark.parametrize("image_key", ["images", "image"])
@pytest.mark.parametrize(
    ("mask_key", "weight_key"),
    [
        ("segmentation_masks", "sample_weights"),
        ("segmentation_mask", "sample_weight"),
        ("masks", "sample_weights"),
        ("mask", "sample_weight"),
    ],
)
def test_mappings(image_key, mask_key, weight_key):
    images, mask = random_images(), labels()
    weights = np.ones(mask.shape, "float32")
    extra = {"name": "scan 7", "id": np.arange(3), "labels": np.array([1, 2, 3])}
    data = {mask_key: mask, image_key: images, weight_key: weights, **extra}
    layer = ks.JointRandomRotation(0.2, seed=5, jit_compile=False)
    result = layer(data)
    assert list(result) == list(data)
    assert all(result[key] is data[key] for key in extra)
    expected = ks.JointRandomRotation(0.2, seed=5, jit_compile=False)(images, mask, weights)
    same((result[image_key], result[mask_key], result[weight_key]), expected)


def test_other_mappings_and_missing_parts():
    images = random_images()
    layer = ks.JointRandomFlip(seed=1, jit_compile=False)
    assert list(layer(OrderedDict(image=images))) == ["image"]
    assert layer({"image": images, "mask": None})["mask"] is None
    assert layer((images, None))[1] is None


@pytest.mark.parametrize("case", **ids(CASES))
def test_ranks_agree(case):
    """(H, W), (H, W, 1) and a batch of one: the same parameters, the same result."""
    images, mask = random_images(1), mask_for(case, 1)
    image_one, mask_one = case.make()(images[0], mask[0])
    image_batch, mask_batch = case.make()(images, mask)
    same((image_one, mask_one), (image_batch[0], mask_batch[0]))
    if mask.ndim == 3:
        _, with_channel = case.make()(images, mask[..., None])
        same(np.reshape(to_numpy(with_channel), to_numpy(mask_batch).shape), mask_batch)


@pytest.mark.parametrize("case", **ids(CASES))
def test_channels_first(case):
    images, mask = random_images(), mask_for(case)
    first = images.transpose(0, 3, 1, 2)
    colored = mask.ndim == 4
    expected = to_numpy(case.make()(images, mask))
    given = mask.transpose(0, 3, 1, 2) if colored else mask
    result = to_numpy(case.make(data_format="channels_first")(first, given))
    np.testing.assert_array_equal(result[0].transpose(0, 2, 3, 1), expected[0])
    moved = result[1].transpose(0, 2, 3, 1) if result[1].ndim == 4 else result[1]
    np.testing.assert_array_equal(moved, expected[1])
    # Beside channels-first images, a mask with its channels last is recognized by its shape.
    _, last = to_numpy(
        case.make(data_format="channels_first")(first, mask if colored else mask[..., None])
    )
    like = expected[1] if expected[1].ndim == 4 else expected[1][..., None]
    np.testing.assert_array_equal(last, like)


def test_channels_first_from_the_keras_setting():
    keras.config.set_image_data_format("channels_first")
    layer = ks.JointCenterCrop(4, 6, jit_compile=False)
    images, masks = layer(np.zeros((2, 3, 8, 9)), np.zeros((2, 8, 9)))
    assert tuple(images.shape) == (2, 3, 4, 6)
    assert tuple(masks.shape) == (2, 4, 6)


@pytest.mark.parametrize("case", **ids(ONE_OF_EACH_KIND))
def test_the_callers_data_stay_as_they_are(case):
    promises.check_input_intact(
        case.make, {"images": random_images(), "masks": mask_for(case), "name": "scan 7"}
    )


@pytest.mark.parametrize("case", **ids(CASES))
@pytest.mark.parametrize("rank", [3, 4])
def test_symbolic_shapes_and_dtypes(case, rank):
    """The shapes and dtypes that a Functional model is told are those it gets."""
    images, mask = random_images(), mask_for(case)
    layer = case.make(dtype="mixed_bfloat16")
    images, mask = (images, mask) if rank == 4 else (images[0], mask[0])
    symbolic = [keras.KerasTensor(x.shape, x.dtype) for x in (images, mask)]
    told = layer(*symbolic)
    got = layer(images, mask)
    for spec, tensor, given in zip(told, got, symbolic, strict=True):
        assert spec is not given
        assert tuple(spec.shape) == tuple(tensor.shape)
        assert spec.dtype == keras.backend.standardize_dtype(tensor.dtype)


@pytest.mark.parametrize("case", **ids(MOVING))
def test_symbolic_unknown_sizes(case):
    images = keras.KerasTensor((None, None, None, 3), "uint8")
    masks = keras.KerasTensor((None, None, None), "uint8")
    told = case.make()(images, masks)
    assert told[0].shape[0] is None
    assert told[0].shape[1:3] == told[1].shape[1:3]


def test_a_mask_is_looked_at_once(monkeypatch):
    """Reading its values means waiting for a GPU, so it happens once."""
    looked = []
    monkeypatch.setattr(input_tensors, "check_whole_numbers", lambda *given: looked.append(given))
    ks.JointRandomFlip(jit_compile=False)(random_images(), labels(dtype="float32"))
    assert len(looked) == 1


def test_weights_an_image_pass_through():
    weights = np.array([1.0, 2.0, 3.0])
    *_, kept = ks.JointRandomFlip(jit_compile=False)(random_images(), labels(), weights)
    assert kept is weights
