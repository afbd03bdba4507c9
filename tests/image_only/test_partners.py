"""Layers that make an image look like another one of its batch."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import COMPILED, labels, random_images, to_numpy

LAYERS = [ks.ImageOnlyHistogramMatching, ks.ImageOnlyFourierDomainAdaptation]
by_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)


def batch(count=5):
    """Images of different brightness, which reveals which image each was made to look like."""
    levels = np.linspace(0.2, 1.0, count)[:, None, None, None]
    return (random_images(count, 20, 18) * levels).astype("uint8"), labels(count, 20, 18)


@by_layer
@pytest.mark.parametrize("compiled", COMPILED)
def test_each_looks_like_its_partner(layer, compiled):
    images, masks = batch()
    matching = layer(factor=(0.5, 1.0), jit_compile=compiled)
    drawn = matching.draw_parameters((images, masks), 3)
    found, found_masks = to_numpy(matching.apply((images, masks), drawn))
    np.testing.assert_array_equal(found_masks, masks)
    partner = to_numpy(drawn["partner"])
    assert sorted(partner) == list(range(5))
    assert (partner != np.arange(5)).all()
    for sample, other in enumerate(partner):
        given = layer(references=images[other : other + 1], factor=(1, 1), jit_compile=False)
        one = {name: x[sample : sample + 1] for name, x in drawn.items() if name != "partner"}
        expected = given.apply(images[sample : sample + 1], {**one, "reference": np.zeros(1, int)})
        np.testing.assert_allclose(found[sample], to_numpy(expected)[0], atol=0.02)


@by_layer
def test_in_a_pipeline_and_a_choice(layer):
    images, masks = batch(6)
    choice = ks.RandomChoice([layer(), ks.ImageOnlyGamma(0.3)])
    pipeline = ks.Pipeline([ks.JointRandomFlip(), choice, ks.MaskOnlyOneHot(5)], dtype="uint8")
    found, found_masks = to_numpy(pipeline((images, masks)))
    assert found.shape == images.shape
    assert found_masks.shape == (*masks.shape, 5)
    with pytest.raises(ValueError, match="`layers` must be layers that treat every sample by"):
        ks.SomeOf([layer()])


@by_layer
def test_padding_is_nobodys_partner(layer):
    """Batches of other sizes are padded to the compiled size; padding must be nobody's partner."""
    images, _ = batch()
    matching = layer(factor=(1, 1), seed=3)
    matching(images)
    with_padding, drawn = matching(images[:3], return_parameters=True)
    assert sorted(to_numpy(drawn["partner"])) == [0, 1, 2]
    expected = layer(factor=(1, 1), jit_compile=False).apply(images[:3], drawn)
    np.testing.assert_allclose(to_numpy(with_padding), to_numpy(expected), atol=0.02)


@by_layer
def test_it_needs_a_batch(layer):
    images, masks = batch()
    with pytest.raises(ValueError, match=r"samples are mixed within a batch.*Batch first"):
        layer()((images[0], masks[0]))
    with pytest.warns(UserWarning, match="a batch of one sample is left as it is"):
        found = layer(seed=1)(images[:1])
    np.testing.assert_array_equal(to_numpy(found), images[:1].astype("float32"))


@by_layer
def test_channels_and_classes_limit_it(layer):
    images, masks = batch()
    matching = layer(factor=(1, 1), channels=(2,), mask_classes=[1, 2], jit_compile=False)
    found, _ = to_numpy(matching((images, masks)))
    changed = found != images
    assert changed[..., 2][np.isin(masks, [1, 2])].mean() > 0.5
    assert not changed[..., :2].any()
    assert not changed[~np.isin(masks, [1, 2])].any()


@by_layer
def test_no_data_stays_where_it_is(layer):
    images = batch()[0].astype("float32")
    images[1, :3] = np.nan
    found = to_numpy(layer(factor=(1, 1), jit_compile=False)(images))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(images))
