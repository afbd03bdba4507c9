"""A mask is labels: no new value, the same dtype, under every dtype policy."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import CASES, IMAGE_ONLY, JOINT, MASK_ONLY, MOVING, ids
from tests.contract import promises
from tests.data import as_held, dtype_of, labels, mask_for, random_images, to_numpy

DTYPES = [
    "bool", "uint8", "uint16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", **ids(MOVING))
def test_labels_out_are_labels_in(case, dtype):
    promises.check_labels(case.make, dtype)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "uint8", "float16"])
@pytest.mark.parametrize("case", **ids(MOVING))
def test_ids_survive_every_policy(case, policy):
    found = promises.check_labels(lambda: case.make(dtype=policy), "int32")
    assert 60000 in found


@pytest.mark.parametrize(("dtype", "fill"), [("uint8", 255), ("int32", -1), ("uint16", 9)])
@pytest.mark.parametrize("case", **ids(JOINT))
def test_fill_is_the_only_new_label(case, dtype, fill):
    promises.check_labels(case.make, dtype, fill=fill)


@pytest.mark.parametrize("case", **ids(IMAGE_ONLY))
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
def test_image_only_layers_leave_the_mask(case, dtype):
    promises.check_mask_untouched(case.make, random_images(), labels(dtype=dtype))


@pytest.mark.parametrize("case", **ids(MASK_ONLY))
def test_mask_only_layers_leave_the_image(case):
    promises.check_image_untouched(case.make, random_images(), mask_for(case))


@pytest.mark.parametrize("case", **ids(JOINT))
def test_one_hot_rows_stay_rows(case):
    mask = labels(20)
    rows = np.eye(5, dtype="uint8")[mask]
    both = {"images": random_images(20), "masks": {"ids": mask, "rows": rows}}
    result = to_numpy(case.make(fill_mode="constant", mask_fill_value=3)(both))["masks"]
    np.testing.assert_array_equal(result["rows"].argmax(-1), result["ids"])
    np.testing.assert_array_equal(result["rows"].sum(-1), 1)


def test_a_fill_that_is_no_class_is_a_row_of_zeros():
    layer = ks.JointCenterCrop(8, 8, fill_mode="constant", mask_fill_value=255, jit_compile=False)
    _, rows = layer(random_images(2, 4, 4), np.eye(3, dtype="uint8")[labels(2, 4, 4, classes=3)])
    assert to_numpy(rows)[:, :2].max() == 0
    assert to_numpy(rows)[:, 2:6, 2:6].sum(-1).min() == 1


COMPUTED = {"float32": "float32", "mixed_bfloat16": "bfloat16", "uint8": "uint8"}
IMAGE_DTYPES = ("uint8", "float16", "bfloat16", "float32")


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("case", **ids(CASES))
def test_images_come_back_in_the_compute_dtype(case, turn):
    """Every layer meets every dtype and policy; a third of the layers meet each pair of them."""
    dtype = IMAGE_DTYPES[turn]
    policy, expected = list(COMPUTED.items())[(CASES.index(case) + turn) % len(COMPUTED)]
    images = keras.ops.cast(random_images(), dtype)
    for training in (True, False):
        result, mask = case.make(dtype=policy)(images, mask_for(case), training=training)
        assert dtype_of(result) == expected
        assert dtype_of(mask) == as_held("uint8")


def test_uint8_results_are_rounded_and_clipped():
    images = np.array([1, 2, 3, 200], "uint8").reshape(2, 2, 1)
    scaled = ks.ImageOnlyRescaling(1.5, -3.0, dtype="uint8", jit_compile=False)(images)
    np.testing.assert_array_equal(to_numpy(scaled).ravel(), [0, 0, 2, 255])


def test_the_dtype_of_a_pipeline_counts_not_its_layers():
    layer = ks.Pipeline([ks.ImageOnlyRescaling(0.5, dtype="uint8"), ks.ImageOnlyRescaling(2.0)])
    np.testing.assert_array_equal(to_numpy(layer(np.full((2, 2, 1), 3, "uint8"))), 3.0)


@pytest.mark.parametrize("value", [2**40 + 3, -(2**33), 2.0**60 + 2.0**20])
def test_no_class_id_is_cut(value):
    """JAX holds 64 bits as 32: ids that fit come back as int32, others are refused."""
    layer = ks.JointRandomFlip(seed=1)
    mask = np.full((1, 4, 4), value)
    assert "64" in mask.dtype.name
    if keras.backend.backend() != "jax":
        assert (to_numpy(layer(random_images(1, 4, 4), mask)[1]) == value).all()
        return
    with pytest.raises(ValueError, match=r"JointRandomFlip: JAX makes \w+32 of"):
        layer(random_images(1, 4, 4), mask)
    if mask.dtype == "int64":
        # Ids that are not classes may be passed as weights; float ids may lose digits.
        with pytest.raises(ValueError, match="which cannot hold all of sample_weights"):
            layer(random_images(1, 4, 4), mask // mask, mask)
    _, kept = layer(random_images(1, 4, 4), np.full((1, 4, 4), 2**31 - 1))
    assert to_numpy(kept).dtype == "int32"
    assert (to_numpy(kept) == 2**31 - 1).all()
