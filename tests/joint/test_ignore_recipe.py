"""Training with filled pixels left out of the loss, on CT slices: by class, and by weight."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import ct_slices, to_numpy

IGNORED = 255


def augmentation():
    settings = {"fill_mode": "constant", "mask_fill_value": IGNORED}
    layers = [
        ks.JointRandomTranslation(0.3, 0.3, **settings),
        ks.JointRandomElasticTransform(**settings),
        ks.JointRandomRotation(0.1, **settings),
    ]
    return ks.Pipeline(layers, seed=1)


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((101, 122, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(2, 5, padding="same"),
        ]
    )


def batch():
    images, masks, _ = ct_slices()
    return images[40:56], (masks[40:56] > 0).astype("uint8")


@pytest.mark.slow
def test_ignored_pixels_do_not_train():
    images, masks = to_numpy(augmentation()(*batch()))
    filled = masks == IGNORED
    assert 0.05 < filled.mean() < 0.8
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    history = model.fit(images, masks.astype("int32"), epochs=8, batch_size=8, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
    # Predictions at ignored pixels do not change the loss; predictions elsewhere do.
    logits = model.predict(images, verbose=0)
    expected = float(loss(masks.astype("int32"), logits))
    for where, same in ((filled, True), (~filled, False)):
        other = np.where(where[..., None], logits[..., ::-1] + 3.0, logits)
        assert np.isclose(float(loss(masks.astype("int32"), other)), expected) == same


def test_weights_leave_the_same_pixels_out():
    images, masks = batch()
    _, masks, weights = to_numpy(augmentation()(images, masks, np.ones(masks.shape, "float32")))
    np.testing.assert_array_equal(weights == 0.0, masks == IGNORED)
