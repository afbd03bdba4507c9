"""Compiled by torch, layers give what they give step by step, with few programs."""

import collections
import threading

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import CASES, MIXING, ids
from tests.data import labels, mask_for, random_images, to_numpy

if keras.backend.backend() != "torch":
    pytest.skip("elsewhere XLA compiles", allow_module_level=True)

import torch

from keras_segaug.core import torch_backend, torch_program

KINDS = [
    case
    for case in [*CASES, *MIXING]
    if case.layer
    in (
        ks.JointRandomFlip,
        ks.JointRandomRotation,
        ks.JointRandomElasticTransform,
        ks.ImageOnlyGaussianNoise,
        ks.ImageOnlyContrast,
        ks.JointClassMix,
    )
]


def pipeline(**more):
    layers = [ks.JointRandomRotation(0.2), ks.ImageOnlyBrightness(0.2, probability=0.5)]
    return ks.Pipeline(layers, **{"seed": 1, "jit_compile": True, **more})


def pairs(count=3):
    return random_images(count), labels(count)


@pytest.fixture
def traces(monkeypatch):
    """A list with an entry for each trace."""
    found, traced = [], torch_program._traced
    monkeypatch.setattr(
        torch_program, "_traced", lambda *given: (found.append(given), traced(*given))[1]
    )
    return found


@pytest.mark.parametrize("case", **ids([*CASES, *MIXING], everywhere=True))
def test_a_graph_holds_all_that_a_layer_does(case, monkeypatch, traces):
    """Bit for bit: the same operations, except that the graph looks up packed words."""
    monkeypatch.setattr(torch_backend, "can_look_up", lambda *given: False)
    for images in (random_images(), random_images().astype("float32")):
        data = images, mask_for(case)
        expected = to_numpy(case.make()(data, training=True))
        found = to_numpy(case.make(jit_compile=True)(data, training=True))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(traces) == 2


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.id)
@pytest.mark.usefixtures("compiled_by_torch")
def test_kernels_give_what_steps_give(case):
    """A product and a sum fused into one step may only change ties of gray levels and of pixels."""
    for images in (random_images(), random_images().astype("float32")):
        data = images, mask_for(case)
        expected, found = (
            to_numpy(case.make(jit_compile=each)(data, training=True)) for each in (False, True)
        )
        np.testing.assert_allclose(found[0], expected[0], atol=1.0)
        assert (np.abs(found[0] - expected[0]) > 1e-2).mean() < 0.002
        assert (found[1] != expected[1]).mean() < 0.002


def test_one_program_for_all_draws_and_few_for_all_batches(traces):
    layer, plain = pipeline(), pipeline(jit_compile=False)
    for count in (8, 8, 5, 8, 3, 1, 8):
        found, expected = to_numpy(layer(pairs(count))), to_numpy(plain(pairs(count)))
        assert len(found[0]) == count
        np.testing.assert_allclose(found[0], expected[0], atol=1.01)
        np.testing.assert_array_equal(found[1], expected[1])
    assert len(traces) == 1


def test_structures_and_dtypes_get_programs_of_their_own(traces):
    layer = pipeline()
    images, masks = pairs()
    weights = np.ones(masks.shape, "float32")
    for data in (
        images,
        (images, masks),
        (images, masks.astype("int32")),
        # The same shapes in other roles.
        {"images": images, "masks": [masks, masks]},
        {"images": images, "masks": masks, "sample_weights": weights},
        (images.astype("float32"), masks),
    ):
        layer(data)
        shapes = keras.tree.map_structure(np.shape, to_numpy(layer(data)))
        assert shapes == keras.tree.map_structure(np.shape, data)
    assert len(traces) == 6


def test_one_tensor_in_two_roles_is_two_later(traces):
    """If the first call passes one tensor twice, the program still takes two different ones."""
    layers = [pipeline(jit_compile=each, targets={"depth": "continuous"}) for each in (True, False)]
    image = torch.from_numpy(random_images().astype("float32"))
    mask, second = torch.from_numpy(labels(3)), 4 - torch.from_numpy(labels(3))
    other = 255 - image
    for depth, masks in ((image, [mask, mask]), (other, [mask, second]), (other, [second, mask])):
        data = {"images": image, "masks": masks, "depth": depth}
        found, expected = (keras.tree.flatten(to_numpy(layer(data))) for layer in layers)
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-3)
    assert len(traces) == 1


Both = collections.namedtuple("Both", ["tissue", "lesion"])


@pytest.mark.parametrize(
    "make",
    [
        lambda one, other: Both(one, other),
        lambda one, other: collections.OrderedDict(tissue=one, lesion=other),
        lambda one, other: {"tissue": one, "lesion": other},
        lambda one, other: [one, {"inner": (other,)}],
    ],
    ids=["named tuple", "ordered", "mapping", "nested"],
)
def test_masks_keep_their_structure_and_their_order(make, traces):
    """The first mask of an `OrderedDict` is the one inserted first, of a dict the first by name."""
    images, mask = pairs()
    other = (mask == 0).astype("uint8")
    data = {"images": images, "masks": make(mask, other)}
    found, expected = (
        ks.JointClassMix(seed=1, jit_compile=each)(data)["masks"] for each in (True, False)
    )
    assert type(found) is type(expected)
    assert len(traces) == 1
    keras.tree.assert_same_structure(found, expected)
    for one, two in zip(*map(keras.tree.flatten, (found, expected)), strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(two))


def test_what_is_told_of_a_call_is_told_of_a_program(traces):
    layer = pipeline(dtype="uint8")
    result, parameters = layer(pairs(), return_parameters=True)
    again = layer.apply(pairs(), parameters)
    for one, other in zip(to_numpy(result), to_numpy(again), strict=True):
        np.testing.assert_allclose(one.astype("float32"), other.astype("float32"), atol=1.0)
    assert len(traces) == 1


def test_on_a_cpu_only_what_is_told_to(traces):
    pipeline(jit_compile="auto")(pairs())
    pipeline(jit_compile=False)(pairs())
    assert traces == []


def test_a_gradient_flows(traces):
    images = torch.from_numpy(random_images().astype("float32"))
    found = []
    for jit_compile in (True, False):
        values = images.clone().requires_grad_()
        result = pipeline(jit_compile=jit_compile)(values)
        result.square().sum().backward()
        found.append(values.grad)
    assert found[0].abs().max() > 0
    torch.testing.assert_close(*found, rtol=0, atol=0)
    assert traces == []


def test_a_gradient_reaches_weights_inside(traces):
    images = torch.from_numpy(random_images().astype("float32"))
    inner = keras.layers.DepthwiseConv2D(3, depthwise_initializer="ones", padding="same")
    found = []
    for jit_compile in (False, True, True):
        layer = ks.ImageOnlyLambda(inner, jit_compile=jit_compile)
        layer(images).square().sum().backward()
        found.append([each.value.grad.clone() for each in inner.trainable_variables])
        inner.zero_grad()
    assert found[0][0].abs().max() > 0
    torch.testing.assert_close(found[1:], [found[0]] * 2, rtol=0, atol=0)


def test_weights_inside_are_those_of_now():
    images = torch.from_numpy(random_images().astype("float32"))
    # Not built, so that the first call draws the weights.
    inner = keras.layers.Conv2D(3, 1)
    compiled, plain = (ks.ImageOnlyLambda(inner, jit_compile=each) for each in (True, False))
    with torch.no_grad():
        torch.testing.assert_close(compiled(images), plain(images), rtol=0, atol=0)
        assert inner.kernel.numpy().any()
        for factor in (2.0, 0.0):
            inner.set_weights([each * factor for each in inner.get_weights()])
            torch.testing.assert_close(compiled(images), plain(images), rtol=0, atol=0)
    assert not compiled(images).any()


@keras.saving.register_keras_serializable("programs_of_torch")
def looking(images):
    return images if images.mean() > 0 else -images


def test_a_function_that_looks_at_values_is_told_why(monkeypatch):
    with pytest.raises(ValueError, match=r"a trace.*keras\.ops\.where.*jit_compile"):
        ks.ImageOnlyLambda(looking, jit_compile=True)(random_images())
    monkeypatch.setattr(torch_program, "compiles", lambda jit_compile, images: bool(jit_compile))
    images = random_images()
    with pytest.warns(RuntimeWarning, match=r"a trace.*keras\.ops\.where"):
        found = ks.ImageOnlyLambda(looking)(images)
    np.testing.assert_array_equal(to_numpy(found), images)


def test_inference_mode_and_training_share_nothing():
    layer, images = pipeline(), random_images().astype("float32")
    with torch.inference_mode():
        layer(torch.from_numpy(images))
    values = torch.from_numpy(images).requires_grad_()
    layer(values).sum().backward()
    assert values.grad is not None
    layer(torch.from_numpy(images))


@pytest.mark.usefixtures("compiled_by_torch")
def test_mixed_precision_around_it_changes_nothing():
    results = []
    for enabled in (False, True):
        layer = ks.JointRandomElasticTransform(seed=1, jit_compile=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            results.append(to_numpy(layer(pairs())))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_share_a_program(traces):
    layer, results = pipeline(), []
    threads = [
        threading.Thread(target=lambda: results.append(to_numpy(layer(pairs())))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each[0].tobytes() for each in results}) == 4
    assert len(traces) == 1


def broken(graph):
    raise RuntimeError("no compiler found\nsecond line")


def test_told_to_compile_where_torch_cannot(monkeypatch):
    monkeypatch.setattr(torch_program, "kernels", broken)
    layer = pipeline()
    with pytest.raises(ValueError, match=r"Pipeline: `jit_compile` must not be True.*no compiler"):
        layer(pairs())
    # No draw is lost.
    monkeypatch.undo()
    for one, other in zip(to_numpy(layer(pairs())), to_numpy(pipeline()(pairs())), strict=True):
        np.testing.assert_array_equal(one, other)


def test_left_to_decide_where_torch_cannot(monkeypatch, recwarn):
    # Compiles as on CUDA.
    monkeypatch.setattr(torch_program, "compiles", lambda jit_compile, images: bool(jit_compile))
    monkeypatch.setattr(torch_program, "kernels", broken)
    layer, plain = (pipeline(jit_compile=each) for each in ("auto", False))
    for _ in range(2):
        for one, other in zip(to_numpy(layer(pairs())), to_numpy(plain(pairs())), strict=True):
            np.testing.assert_array_equal(one, other)
    said = [str(each.message) for each in recwarn if "torch.compile" in str(each.message)]
    assert len(said) == 1
    assert "step by step" in said[0]


def test_left_to_decide_sizes_that_keep_changing_run_step_by_step(monkeypatch, traces):
    monkeypatch.setattr(torch_program, "compiles", lambda jit_compile, images: bool(jit_compile))
    layer = pipeline(jit_compile="auto")
    for size in range(8, 16):
        layer((random_images(2, size, size), labels(2, size, size)))
    assert len(traces) == 3


def test_what_a_layer_refuses_it_refuses_compiled():
    layer = ks.JointRandomRotation(0.1, fill_mode="constant", fill_value=300.0, jit_compile=True)
    with pytest.raises(ValueError, match="fill_value"):
        layer(pairs())
