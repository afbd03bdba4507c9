"""Compositions in which layers take turns: `SomeOf`, `RandomOrder`; choices among colors."""

import itertools

import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import inner
from tests.data import COMPILED, labels, random_images, to_numpy

COUNT = 24


def one_by_one(layer, data, drawn):
    """The result of calling the layers one after the other, for each sample in its own order."""
    turns = to_numpy(drawn["turns"])
    results = []
    for sample, numbers in enumerate(turns):
        one = tuple(each[sample : sample + 1] for each in data)
        for number in numbers[numbers >= 0]:
            parameters = _of_sample(drawn["layers"][number], sample)
            one = layer.layers[number].apply(one, parameters)
        results.append(to_numpy(one))
    return tuple(np.concatenate(each) for each in zip(*results, strict=True))


def _of_sample(parameters, sample):
    import keras

    return keras.tree.map_structure(lambda x: x[sample : sample + 1], parameters)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("name", ["some", "replace", "order"])
def test_each_sample_gets_its_layers_in_its_order(name, compiled):
    layers = {
        # Flips land on whole pixels, so fusing several into one lookup gives the same.
        "some": [ks.JointRandomFlip(), ks.ImageOnlyGamma(0.5), ks.ImageOnlyGaussianBlur(sigma=2.0)],
        "replace": [ks.ImageOnlyBrightness(0.3), ks.ImageOnlyContrast(0.5), ks.ImageOnlyHue(0.5)],
        "order": [
            ks.ImageOnlyGamma((2.0, 3.0)),
            ks.JointRandomFlip(),
            ks.ImageOnlyBrightness(0.4, probability=0.7),
            ks.Pipeline([ks.ImageOnlyContrast((0.5, 0.5)), ks.ImageOnlySaturation(0.9)]),
        ],
    }[name]
    options = {"jit_compile": compiled, "seed": 1}
    layer = {
        "some": lambda: ks.SomeOf(layers, (0, 3), **options),
        "replace": lambda: ks.SomeOf(layers, 3, replace=True, **options),
        "order": lambda: ks.RandomOrder(layers, **options),
    }[name]()
    for each in layers:
        each.jit_compile = False
    data = (random_images(COUNT, 40, 30).astype("float32"), labels(COUNT, 40, 30))
    drawn = layer.draw_parameters(data, 5)
    images, masks = to_numpy(layer.apply(data, drawn))
    expected, expected_masks = one_by_one(layer, data, drawn)
    np.testing.assert_allclose(images, expected, atol=0.02)
    np.testing.assert_array_equal(masks, expected_masks)


@pytest.mark.parametrize(("replace", "scale"), [(False, 1.0), (True, 8e37), (False, 1e-37)])
def test_every_layer_gets_its_share(replace, scale):
    weights = [scale * each for each in (1.0, 2.0, 0.0, 3.0, 4.0)]
    layer = ks.SomeOf(inner(), 2, weights=weights, replace=replace)
    turns = to_numpy(layer.draw_parameters((10_000, 4, 4, 3), 3)["turns"])
    first = turns[:, 0]
    share = np.array(weights) / sum(weights)
    found = np.bincount(first, minlength=5) / len(first)
    np.testing.assert_array_less(
        np.abs(found - share), 3 * np.sqrt(share * (1 - share) / 1e4) + 1e-9
    )
    if replace:
        second = np.bincount(turns[:, 1] - 5, minlength=5) / len(first)
        np.testing.assert_allclose(second, share, atol=0.02)
    else:
        assert (turns[:, 0] != turns[:, 1]).all()
        # The second layer is as likely as its weight among the remaining ones.
        left = turns[first == 4, 1]
        expected = np.array([1.0, 2.0, 0.0, 3.0, 0.0]) / 6.0
        np.testing.assert_allclose(np.bincount(left, minlength=5) / len(left), expected, atol=0.03)


def test_every_order_is_equally_likely():
    turns = to_numpy(ks.RandomOrder(inner()[:3]).draw_parameters((6000, 4, 4, 3), 3)["turns"])
    orders = list(map(tuple, turns.tolist()))
    counts = [orders.count(order) for order in itertools.permutations(range(3))]
    assert sum(counts) == 6000
    # Five standard deviations of a binomial draw.
    np.testing.assert_allclose(counts, 1000, atol=5 * np.sqrt(6000 / 6 * 5 / 6))


def test_how_many_is_drawn():
    turns = to_numpy(ks.SomeOf(inner(), (0, 2)).draw_parameters((3000, 4, 4, 3), 1)["turns"])
    counts = np.bincount((turns >= 0).sum(1), minlength=3)
    np.testing.assert_allclose(counts, 1000, atol=5 * np.sqrt(3000 / 3 * 2 / 3))
    # Unused turns come last.
    assert not ((turns[:, 0] < 0) & (turns[:, 1] >= 0)).any()


def test_with_replacement_a_layer_draws_anew():
    layer = ks.SomeOf([ks.ImageOnlyGamma(0.5)], 2, replace=True)
    drawn = layer.draw_parameters((5, 4, 4, 3), 1)
    first, second = (to_numpy(each["gamma"]) for each in drawn["layers"])
    assert (first != second).all()
    assert len(layer.get_config()["layers"]) == 1


@pytest.mark.parametrize("compiled", COMPILED)
def test_a_choice_among_colors_is_that_of_the_branches(compiled):
    """Branches: a table, a color that reads neighbors, one with a probability, and geometry."""
    branches = [
        ks.ImageOnlyGamma((2.0, 3.0)),
        ks.ImageOnlyGaussianBlur(sigma=(1.0, 2.0)),
        ks.ImageOnlyBrightness((0.2, 0.4), probability=0.5),
        ks.JointRandomFlip(),
        ks.Pipeline([ks.ImageOnlyHue((0.5, 0.5)), ks.ImageOnlyContrast(0.5, mask_classes=[1, 2])]),
    ]
    layer = ks.RandomChoice(branches, jit_compile=compiled)
    for each in branches:
        each.jit_compile = False
    data = (random_images(COUNT, 40, 30), labels(COUNT, 40, 30))
    drawn = layer.draw_parameters(data, 5)
    images, masks = to_numpy(layer.apply(data, drawn))
    chosen = np.floor(to_numpy(drawn["choice"]) * 5).astype(int)
    assert set(chosen) == set(range(5))
    for number, (branch, parameters) in enumerate(zip(branches, drawn["layers"], strict=True)):
        expected, expected_masks = to_numpy(branch.apply(data, parameters))
        np.testing.assert_allclose(images[chosen == number], expected[chosen == number], atol=0.02)
        np.testing.assert_array_equal(masks[chosen == number], expected_masks[chosen == number])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ks.SomeOf(inner(), 6), r"`count` must be at most 5.*replace=True"),
        (lambda: ks.SomeOf(inner(), 0), r"`count` must be an integer of at least 1"),
        (lambda: ks.SomeOf(inner(), (2, 1)), r"`count` must be .*pair \(least, most\)"),
        (lambda: ks.SomeOf(inner(), 2, weights=[1, 0, 0, 0, 0]), r"`count` must be at most 1"),
        (lambda: ks.SomeOf(inner(), 2, weights=[1, 1]), r"`weights` must be a list of 5 numbers"),
        (lambda: ks.SomeOf([ks.JointRandomCrop(3, 3)]), r"`layers` must be .*keep the image's"),
        (lambda: ks.RandomOrder([ks.JointCutMix()]), r"`layers` must be .*put what mixes samples"),
        (lambda: ks.RandomOrder([]), r"`layers` must be a non-empty list"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
