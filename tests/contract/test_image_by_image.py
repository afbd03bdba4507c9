"""torch on a CPU works image by image, with the same result as on all images at once."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core.parameters import as_key
from keras_segaug.kernels.xla_cpu import blocks
from tests.cases import CASES, MIXING, ids
from tests.data import mask_for, random_images, to_numpy

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="elsewhere programs are compiled, and tested so"
)


@pytest.mark.parametrize("case", **ids([*CASES, *MIXING], everywhere=True))
def test_as_all_at_once(case, monkeypatch):
    # 8-bit images, which have a lookup of their own, beside floats.
    for images in (random_images(), random_images().astype("float32")):
        data = images, mask_for(case)
        expected = to_numpy(case.make()(data))
        monkeypatch.setattr(blocks, "_MOST_PIXELS", 1)
        found = to_numpy(case.make()(data))
        monkeypatch.undo()
        np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
        np.testing.assert_array_equal(found[1], expected[1])


def test_a_chain_is_few_operations():
    """Each is a call to the accelerator: 201 now, 1,151 when it drew the numbers itself."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counted(TorchDispatchMode):
        operations = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            Counted.operations += 1
            return function(*args, **(kwargs or {}))

    layers = [
        ks.JointRandomFlip("horizontal"),
        ks.JointRandomRotation(0.1),
        ks.JointRandomZoom(0.2),
        ks.JointRandomTranslation(0.1, 0.1),
        ks.ImageOnlyBrightness(0.2),
        ks.ImageOnlyContrast(0.2),
    ]
    pipeline = ks.Pipeline(layers, dtype="uint8")
    data = keras.tree.map_structure(
        keras.ops.convert_to_tensor, (random_images(), mask_for(CASES[0]))
    )
    pipeline(data)
    with Counted():
        pipeline(data)
    assert 100 < Counted.operations <= 220


def test_the_state_is_beside_the_accelerator():
    """The state is on the CPU, whatever device is in use; every machine has the device "meta"."""
    layer = ks.JointRandomFlip()
    with keras.device("meta"):
        layer.build(None)
    assert layer._state.value.device.type == "cpu"
    first, second = (to_numpy(layer._stream.next()).tolist() for _ in range(2))
    assert second == [first[0], first[1] + 1]


def test_a_key_stays_beside_the_accelerator():
    """So do keys of other integer types: fetching one would wait for all pending work."""
    import torch

    keys = [ks.random.key(3, 1), torch.tensor([3, 1], dtype=torch.int32)]
    keys.append(torch.tensor([3 - 2**32, 1]))
    with keras.device("meta"):
        words = [as_key(None, key, 2) for key in keys]
    assert [each.device.type for each in words] == ["cpu"] * 3
    assert [each.tolist() for each in words] == [[3, 1]] * 3
