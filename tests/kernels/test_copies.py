"""Copies and the lookup give the same bits."""

from unittest import mock

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_segaug as ks
from keras_segaug.engine import execute, fuse
from tests.data import labels, random_images, to_numpy

FILL_MODES = ["reflect", "wrap", "nearest", "constant"]
COMPILES = keras.backend.backend() != "torch"


def layer_of(name, height, width):
    window = (max(1, height // 2), max(1, width - 3))
    return {
        "flip": ks.JointRandomFlip,
        "turn": ks.JointRandomRotate90,
        "crop": lambda **more: ks.JointRandomCrop(*window, **more),
        "middle": lambda **more: ks.JointCenterCrop(*window, **more),
        "square": lambda **more: ks.JointRandomCrop(*[min(height, width)] * 2, **more),
        "larger": lambda **more: ks.JointRandomCrop(height + 2, width, **more),
        "maybe": lambda **more: ks.JointRandomFlip(probability=0.5, **more),
    }[name]


def augment(names, fill_mode, seed, data, jit_compile=False):
    height, width = data["images"].shape[1:3]
    made = [layer_of(name, height, width)(fill_mode=fill_mode) for name in names]
    return to_numpy(ks.Pipeline(made, seed=seed, dtype="uint8", jit_compile=jit_compile)(data))


def sample(count, height, width, seed=0):
    mask = labels(count, height, width, seed=seed)
    masks = [mask, mask.astype("int32"), np.eye(5, dtype="float32")[mask]]
    images = random_images(count, height, width, 3, seed)
    return {"images": images, "masks": masks, "sample_weights": mask / np.float32(3)}


def assert_same(names, fill_mode, seed, data, jit_compile):
    """Checks that copy and lookup agree; returns whether anything was copied."""
    copier = mock.Mock(wraps=execute.copy)
    with mock.patch.object(execute, "copy", copier):
        copied = augment(names, fill_mode, seed, data, jit_compile)
    with mock.patch.object(fuse, "can_copy", return_value=False):
        looked_up = augment(names, fill_mode, seed, data)
    keras.tree.map_structure(np.testing.assert_array_equal, copied, looked_up)
    return copier.called


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(
        st.sampled_from(["flip", "turn", "crop", "middle", "square", "larger", "maybe"]),
        min_size=1,
        max_size=3,
    ),
    size=st.sampled_from([(6, 6), (7, 7), (5, 8), (1, 9), (1, 1)]),
    fill_mode=st.sampled_from(FILL_MODES),
    seed=st.integers(0, 1000),
)
@pytest.mark.slow
def test_agrees_with_the_lookup(names, size, fill_mode, seed):
    assert_same(names, fill_mode, seed, sample(4, *size, seed), jit_compile=False)


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    "names",
    [["flip"], ["turn"], ["crop"], ["middle"], ["turn", "crop", "flip"], ["square", "turn"]],
    ids="-".join,
)
def test_compiled_copies_agree_with_the_lookup(names, count):
    copied = assert_same(names, "reflect", 3, sample(count, 12, 15), jit_compile=COMPILES)
    # Copying cannot turn a window that is not square.
    assert copied or not COMPILES or names == ["turn", "crop", "flip"]


def test_a_window_larger_than_the_image_is_looked_up():
    assert not assert_same(["larger"], "constant", 1, sample(2, 8, 8), jit_compile=False)


def test_every_outcome_is_a_copy():
    """All orientations appear; all pixels differ, so none looks like another."""
    images = np.arange(48, dtype="uint8").reshape(1, 4, 4, 3).repeat(64, 0)
    turned = augment(["turn", "flip"], "reflect", 5, {"images": images})["images"]
    square = images[0]
    expected = {
        np.rot90(flipped, k).tobytes() for k in range(4) for flipped in (square, square[::-1])
    }
    assert {image.tobytes() for image in turned} == expected


def test_many_crops_are_one_program():
    """The start of the window is not a constant of the program, or each call would compile."""
    layer = ks.JointRandomCrop(40, 40, seed=1, dtype="uint8")
    data = random_images(1, 64, 64)
    copier = mock.Mock(wraps=execute.copy)
    with mock.patch.object(execute, "copy", copier):
        windows = {to_numpy(layer(data)).tobytes() for _ in range(30)}
    assert len(windows) > 20
    # The mock is called while a program is traced, not when it runs.
    assert 1 <= copier.call_count <= 2 or not COMPILES
