"""Keras' features for models work with an `AugmentedModel`, too."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core import training_backend
from tests.training.networks import (
    CLASSES,
    compiled,
    images_and_masks,
    network,
    number_of_draws,
    pipeline,
    pixel_loss,
)

IMAGES, MASKS = images_and_masks()


def test_the_private_ways_of_keras_still_exist():
    assert callable(getattr(keras.Model, training_backend.BUILD_HOOK))
    spec = keras.KerasTensor((None, 4), "uint8")
    halved = training_backend.output_spec(lambda x: x[:, ::2], spec)
    assert (tuple(halved.shape), halved.dtype) == ((None, 2), "uint8")
    assert training_backend.first_batch(iter([(0, 1, ["batch"])])) == "batch"
    assert training_backend.first_batch(iter([(0, 1, iter(["batch"]))])) == "batch"


class Unbuilt(keras.Model):
    """Built by its first call; adds a loss of its own."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Conv2D(CLASSES, 3, padding="same", kernel_regularizer="l2")

    def call(self, inputs):
        return self.layer(keras.ops.cast(inputs, self.compute_dtype) / 255)


@pytest.mark.slow
def test_all_that_keras_can_do_while_it_trains(backend_is):
    """One run with many of Keras' features; each step draws once."""
    keras.config.set_dtype_policy("mixed_float16")
    model = ks.AugmentedModel(Unbuilt(), pipeline(), name="all")
    assert model.compute_dtype == "float16"
    model.compile(
        keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2, weight_decay=0.01),
        pixel_loss(),
        metrics=["accuracy"],
        weighted_metrics=[
            keras.metrics.SparseCategoricalCrossentropy("weighted", from_logits=True)
        ],
        steps_per_execution=1 if backend_is("torch") else 2,
        jit_compile="auto" if backend_is("torch") else True,
    )
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100.0)
    history = model.fit(
        IMAGES,
        MASKS,
        batch_size=2,
        epochs=5,
        callbacks=[stopping],
        validation_split=0.5,
        class_weight={0: 2.0},
        verbose=0,
    )
    assert len(history.history["loss"]) == 2
    assert number_of_draws(model) == 4
    assert all(np.isfinite(each).all() for each in history.history.values())
    assert {"accuracy", "weighted", "val_accuracy"} <= set(history.history)


def test_a_step_is_traced_once(backend_is):
    traces = []

    def counted(masks):
        traces.append(masks.shape)
        return masks

    model = compiled(ks.AugmentedModel(network(), pipeline(), mask_transform=counted))
    model.fit(IMAGES, MASKS, batch_size=4, epochs=1, verbose=0)
    first = len(traces)
    model.fit(IMAGES, MASKS, batch_size=4, epochs=10, verbose=0)
    # torch runs every step eagerly.
    assert len(traces) == first + (20 if backend_is("torch") else 0)
    assert number_of_draws(model) == 22


# The last stage of the small backbone is not used.
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_wraps_a_segmenter_of_keras_hub():
    hub = pytest.importorskip("keras_hub")
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 8, 8, 8],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        use_pre_activation=False,
        image_shape=(32, 32, 3),
    )
    deeplab = hub.models.DeepLabV3Backbone(
        image_encoder=backbone,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        dilation_rates=[6],
        upsampling_size=4,
        image_shape=(32, 32, 3),
    )
    segmenter = hub.models.DeepLabV3ImageSegmenter(deeplab, num_classes=CLASSES, preprocessor=None)
    model = compiled(ks.AugmentedModel(segmenter, pipeline()))
    images, masks = images_and_masks(2, 32, 32)
    assert np.isfinite(model.fit(images, masks, verbose=0).history["loss"]).all()
    assert model.predict(images, verbose=0).shape == (2, 32, 32, CLASSES)
