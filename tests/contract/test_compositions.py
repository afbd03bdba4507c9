"""The effect of a gate and a choice on the layers inside, at any depth."""

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.inspect.check import stages
from keras_segaug.kernels import matrices
from tests.data import labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

QUIET = {"jit_compile": False}
COUNT = 40


def deterministic():
    return [ks.ImageOnlyRescaling(1 / 255), ks.MaskOnlyOneHot(5), ks.JointRandomFlip()]


GATED = {
    "coding": lambda: ks.Pipeline([ks.Pipeline(deterministic())], probability=0.5),
    "resizing": lambda: ks.Pipeline(
        [
            ks.JointRandomRotation(0.2, interpolation="nearest"),
            ks.Pipeline([ks.JointResizing(20, 18, interpolation="nearest"), ks.JointRandomFlip()]),
        ],
        probability=0.5,
    ),
    "three levels": lambda: ks.Pipeline(
        [ks.Pipeline([ks.Pipeline([*deterministic(), ks.JointCenterCrop(9, 8)])], probability=0.7)],
        probability=0.7,
    ),
    "choice inside": lambda: ks.Pipeline(
        [
            ks.RandomChoice([ks.ImageOnlyRescaling(0.5), ks.Pipeline([ks.JointRandomFlip()])]),
            ks.Pipeline([ks.JointCenterCrop(9, 8), ks.JointRandomFlip()]),
        ],
        probability=0.5,
    ),
    "pipelines in a choice": lambda: ks.RandomChoice(
        [
            ks.Pipeline([ks.ImageOnlyRescaling(0.5), ks.JointRandomFlip()], probability=0.5),
            ks.Pipeline([ks.JointRandomFlip(), ks.ImageOnlyRescaling(0.1)]),
        ],
        probability=0.5,
    ),
    "choice of sizes": lambda: ks.Pipeline(
        [
            ks.ImageOnlyRescaling(0.5),
            ks.Pipeline(
                [
                    ks.RandomChoice(
                        [
                            ks.JointRandomCrop(9, 8),
                            ks.Pipeline([ks.JointResizing(9, 8), ks.JointRandomFlip()]),
                        ]
                    )
                ]
            ),
        ],
        probability=0.5,
    ),
}


@pytest.mark.parametrize("name", GATED)
def test_where_the_gate_is_off_a_sample_is_treated_as_at_inference(name):
    layer = GATED[name]()
    images, mask = random_images(COUNT), labels(COUNT)
    drawn = layer.draw_parameters(images.shape, 3)
    acts = to_numpy(drawn["applied"])
    assert 0 < acts.sum() < COUNT
    found = to_numpy(layer.apply((images, mask), drawn))
    rest = to_numpy(layer.apply((images, mask), None))
    for a, b in zip(found, rest, strict=True):
        np.testing.assert_array_equal(a[~acts], b[~acts])
    assert any((a[acts] != b[acts]).any() for a, b in zip(found, rest, strict=True))


def test_one_hot_rows_and_scaled_images_under_a_gate():
    layer = ks.Pipeline([ks.Pipeline(deterministic())], probability=0.5, seed=1, **QUIET)
    images, rows = to_numpy(layer(random_images(COUNT), labels(COUNT)))
    assert images.max() <= 1.0
    np.testing.assert_array_equal(rows.sum(-1), 1)


def test_the_branch_that_is_not_chosen_does_nothing_at_all():
    choice = ks.RandomChoice(
        [ks.Pipeline([ks.Pipeline([ks.ImageOnlyRescaling(0.5)])]), ks.Identity()], **QUIET
    )
    ones = np.ones((400, 1, 1, 1), "float32")
    values, counts = np.unique(to_numpy(choice(ones)), return_counts=True)
    assert values.tolist() == [0.5, 1.0]
    assert counts.min() > 140


class Halving(ks.JointLayer):
    """Maps every size to another size."""

    random = False

    def output_spec(self, spec):
        return spec.resized(*(None if n is None else n // 2 for n in spec.size))

    def matrix(self, parameters, size):
        return self.inference_matrix(size)


REFUSED = {
    "one coding": ([ks.MaskOnlyOneHot(3), ks.JointRandomFlip()], "MaskOnlyOneHot"),
    "one coding, deep": (
        [ks.JointRandomFlip(), ks.Pipeline([ks.Pipeline([ks.MaskOnlyOneHot(3)])])],
        "Pipeline",
    ),
    "two codings": ([ks.MaskOnlyOneHot(3), ks.MaskOnlyOneHot(4)], "MaskOnlyOneHot"),
    "a multiple of the probe": ([ks.Identity(), ks.JointPadding(multiple=1009)], "JointPadding"),
    "a multiple for all": ([ks.JointPadding(multiple=4), ks.JointPadding(multiple=4)], "Padding"),
    "the probe's size": ([ks.Identity(), ks.JointResizing(1009, 1013)], "JointResizing"),
    "two sizes": ([ks.JointResizing(8, 8), ks.JointRandomCrop(8, 9)], "JointRandomCrop"),
    "any other size": ([Halving(), Halving()], "Halving"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_branches_that_do_not_fit_together(name):
    layers, named = REFUSED[name]
    with pytest.raises(ValueError, match=rf"RandomChoice: `layers` must .*{named}") as caught:
        ks.RandomChoice(layers)
    # The remedy that the message names.
    assert "before or after the RandomChoice" in str(caught.value)


@pytest.mark.parametrize(
    "layers",
    [
        [ks.Identity(), ks.JointPadding(multiple=1)],
        [ks.JointResizing(1009, 1013), ks.JointCenterCrop(1009, 1013)],
        [ks.JointRandomCrop(8, 8, pad=False), ks.JointPadding(8, 8)],
    ],
)
def test_branches_that_fit_together(layers):
    ks.RandomChoice(layers)


def two_crops(**more):
    """Two crops, each of which fills with numbers of its own."""
    return ks.RandomChoice(
        [
            ks.JointRandomCrop(
                20, 8, fill_mode="constant", fill_value=100, mask_fill_value=100, name="a"
            ),
            ks.Pipeline(
                [
                    ks.JointRandomFlip(class_swap={1: 2}),
                    ks.JointPadding(
                        20, 14, fill_mode="constant", fill_value=200, mask_fill_value=200
                    ),
                    ks.JointCenterCrop(20, 8),
                ]
            ),
        ],
        seed=2,
        **more,
    )


def chosen(layer, drawn):
    return np.floor(to_numpy(drawn["choice"]) * len(layer.layers)).astype(int)


def test_a_choice_of_crops_gives_each_sample_one_of_them():
    layer = two_crops()
    images, mask = random_images(COUNT) // 4, labels(COUNT)
    weights = np.ones(mask.shape, "float32")
    drawn = layer.draw_parameters(images.shape, 5)
    found = to_numpy(layer.apply((images, mask, weights), drawn))
    branch = chosen(layer, drawn)
    assert set(branch) == {0, 1}
    for number, (inner, parameters) in enumerate(zip(layer.layers, drawn["layers"], strict=True)):
        expected = to_numpy(inner.apply((images, mask, weights), parameters))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a[branch == number], b[branch == number])
        assert (found[1][branch == number] == (100, 200)[number]).any()
        assert not (found[1][branch == number] == (200, 100)[number]).any()
    assert set(np.unique(found[2])) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("place", "jit_compile"), [("alone", True), ("first", False), ("between", True)]
)
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_a_choice_of_crops_in_dataset_map(place, jit_compile):
    import tensorflow as tf

    def make(**more):
        if place == "alone":
            return two_crops(**more)
        before = [ks.JointRandomRotation(0.1), ks.ImageOnlyBrightness(0.1)]
        after = [ks.JointRandomFlip(), ks.MaskOnlyOneHot(5)]
        layers = [*(before if place == "between" else []), two_crops(), *after]
        return ks.Pipeline(layers, seed=2, **more)

    images, mask = random_images(6), labels(6)
    layer = make(jit_compile=jit_compile)
    dataset = tf.data.Dataset.from_tensors((images, mask)).map(layer)
    spec = list(layer.compute_output_spec({"images": images, "masks": mask}).values())
    expected = to_numpy(make(jit_compile=False)(images, mask))
    for a, b, c in zip(next(iter(dataset)), expected, spec, strict=True):
        assert a.shape == b.shape == c.shape
        apart = np.abs(a.numpy().astype(float) - b)
        assert (apart > 1.01).mean() < 0.01


def test_a_choice_of_codings_codes_at_inference_too():
    layer = ks.RandomChoice(
        [ks.MaskOnlyOneHot(5), ks.Pipeline([ks.MaskOnlyOneHot(5), ks.JointRandomFlip()])], **QUIET
    )
    images, mask = random_images(), labels()
    for training in (True, False):
        _, rows = to_numpy(layer(images, mask, training=training))
        np.testing.assert_array_equal(rows.sum(-1), 1)
    np.testing.assert_array_equal(rows, np.eye(5)[mask])
    spec = list(layer.compute_output_spec({"images": images, "masks": mask}).values())
    assert tuple(spec[1].shape) == rows.shape


def test_a_choice_of_crops_moves_each_sample_back_through_its_own_branch():
    layer = ks.Pipeline([ks.JointRandomFlip("horizontal"), two_crops(), ks.JointRandomFlip()])
    images, mask = random_images(COUNT), labels(COUNT)
    drawn = layer.draw_parameters(images.shape, 5)
    moved = layer.apply((images, mask, np.ones(mask.shape, "float32")), drawn)
    back, back_mask, shown = to_numpy(layer.invert(moved, drawn, (16, 14)))
    inside = (shown == 1.0) & (back_mask != 100)
    assert (inside.sum((1, 2)) == 16 * 8).all()
    np.testing.assert_array_equal(back[inside], images[inside])
    np.testing.assert_array_equal(back_mask[inside], mask[inside])


def test_identity_breaks_no_lookup_in_two():
    with_it = ks.Pipeline([ks.JointRandomRotation(0.1), ks.Identity(), ks.JointRandomZoom(0.1)])
    assert [len(stage) for stage in stages(with_it)] == [2]


def test_identity_takes_no_other_layers_parameters():
    """A crop that looks at the masks completes its parameters; they go back to the right layer."""
    crop = ks.JointRandomCrop(9, 8, max_class_fraction=0.3)
    layer = ks.Pipeline([ks.Identity(), ks.JointRandomFlip(), crop, ks.Identity()], **QUIET)
    data = random_images(), labels()
    drawn = layer.draw_parameters(data, 3)
    assert [set(each) for each in drawn["layers"][::3]] == [set(), set()]
    found = to_numpy(layer.apply(data, drawn))
    for a, b in zip(found, to_numpy(layer.augment(data, 3)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_inside_counts_as_built_and_still_has_a_stream_of_its_own():
    """Keras runs a model once more for each `predict` if it has an unbuilt layer."""
    flip = ks.JointRandomFlip(seed=1)
    both = ks.Pipeline([ks.Pipeline([flip])], seed=2)
    images = random_images()
    both(images)
    assert all(layer.built for layer in both._flatten_layers())
    assert len(both.weights) == 1
    alone = ks.JointRandomFlip(seed=1)
    for _ in range(2):
        np.testing.assert_array_equal(to_numpy(flip(images)), to_numpy(alone(images)))


class UpsideDown(ks.JointLayer):
    """Turns all samples upside down, at inference, too."""

    random = False
    class_swap = ((1, 2),)

    def matrix(self, parameters, size):
        return matrices.centered(matrices.scaling(-1.0, 1.0), size)


FIXED = {
    "a choice": lambda: ks.RandomChoice([UpsideDown(), ks.Identity()]),
    "a choice of pipelines": lambda: ks.RandomChoice([ks.Pipeline([UpsideDown()]), ks.Identity()]),
    "some of": lambda: ks.SomeOf([UpsideDown(), ks.ImageOnlyBrightness(0.0)], count=1),
    "sometimes a choice": lambda: ks.RandomChoice([UpsideDown()], probability=0.5),
}


@pytest.mark.parametrize("name", FIXED)
def test_geometry_that_is_not_random_acts_where_it_is_chosen(name):
    layer = ks.Pipeline([FIXED[name]()], targets={"points": "points"}, **QUIET)
    images, mask = random_images(COUNT), labels(COUNT)
    points = np.tile(np.array([[[3.0, 2.0]]], "float32"), (COUNT, 1, 1))
    data = {"images": images, "masks": mask, "points": points}
    drawn = layer.draw_parameters(data, 3)
    chosen = np.array([any("UpsideDown." in x for x in said) for said in layer.describe(drawn)])
    assert 0 < chosen.sum() < COUNT
    found = to_numpy(layer.apply(data, drawn))
    turned = np.array([0, 2, 1, 3, 4])[mask[:, ::-1]]
    places = chosen[:, None, None]
    np.testing.assert_array_equal(found["masks"], np.where(places, turned, mask))
    np.testing.assert_array_equal(
        found["images"], np.where(places[..., None], images[:, ::-1], images)
    )
    expected = np.where(places, np.array([3.0, 13.0]), points)
    np.testing.assert_allclose(found["points"], expected, atol=1e-4)
    back = to_numpy(layer.invert(found, drawn))
    np.testing.assert_array_equal(back["masks"], mask)
    inferred = to_numpy(UpsideDown(**QUIET)(images, mask, training=False))
    np.testing.assert_array_equal(inferred[1], turned)
