"""Test-time augmentation refuses what it cannot do before it predicts, with a cure."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.training.scorers import convolution, images, per_pixel


def make(*arguments, **options):
    return ks.TestTimeAugmentation(convolution(activation=None, size=(8, 8)), *arguments, **options)


def network_of(outputs_of, shape=(8, 8, 3)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, outputs_of(inputs))


WRONG = {
    "views.*JointMixUp.*mixes samples.*Leave it out": lambda: make(ks.JointMixUp()),
    "views.*JointCutMix": lambda: make([ks.Pipeline([ks.JointRandomFlip(), ks.JointCutMix()])]),
    "views.*looks at masks": lambda: make([ks.JointRandomCrop(8, 8, foreground_probability=0.5)]),
    "views.*'flips', 'd4'.*views='rotate'": lambda: make("rotate"),
    "views.*a non-empty list": lambda: make([]),
    "views.*keras_segaug layers only.*RandomFlip": lambda: make([keras.layers.RandomFlip()]),
    "views.*a keras_segaug layer, a non-empty list": lambda: make(keras.layers.RandomFlip()),
    r"views.*JointCenterCrop that gives 4 x 4.*JointResizing\(8, 8\)": lambda: make(
        [ks.JointCenterCrop(4, 4)]
    ),
    "merge.*'geometric_mean'.*merge='median'": lambda: make(merge="median"),
    "logits.*True or False for `uncertainty`": lambda: make(uncertainty=True),
    "logits.*for `merge`='geometric_mean'": lambda: make(merge="geometric_mean"),
    "logits.*for `merge`='vote'": lambda: ks.TestTimeAugmentation(convolution(1), merge="vote"),
    "uncertainty.*True, False": lambda: make(uncertainty="entropy"),
    r"tile.*\(height, width\).*tile=256": lambda: make(tile=256),
    "tile.*at least 1.*tile=0": lambda: make(tile=(8, 0)),
    r"tile.*\(8, 8\), the size of the images.*\(4, 4\)": lambda: make(tile=(4, 4)),
    r"overlap.*\[0, 1\).*overlap=1": lambda: make(tile=(8, 8), overlap=1),
    "batch_views.*at least 1.*batch_views=0": lambda: make(batch_views=0),
    "logits.*None, True, False.*logits=1": lambda: make(logits=1),
    "data_format.*channels_last": lambda: make(data_format="first"),
    "model.*a Keras model": lambda: ks.TestTimeAugmentation(np.mean),
    "model.*go into `views`": lambda: ks.TestTimeAugmentation(ks.JointRandomFlip()),
    "model.*of several inputs": lambda: ks.TestTimeAugmentation(
        keras.Model([a := keras.Input((8, 8, 1)), b := keras.Input((8, 8, 1))], a + b)
    ),
    r"model.*maps.*\(None, 4, 4, 3\).*UpSampling2D": lambda: ks.TestTimeAugmentation(
        network_of(keras.layers.MaxPooling2D())
    ),
    "model.*number 1.*model.outputs": lambda: ks.TestTimeAugmentation(
        network_of(lambda x: [x, keras.layers.MaxPooling2D()(x)])
    ),
    r"model.*\(None, 8, 8\).*one channel a class": lambda: ks.TestTimeAugmentation(
        network_of(keras.layers.Reshape((8, 8)), (8, 8, 1))
    ),
    "model.*int32.*one channel a class": lambda: ks.TestTimeAugmentation(
        network_of(lambda x: keras.ops.cast(x, "int32"))
    ),
    "images.*no masks.*a tuple of 2": lambda: make().call((images(1, 8, 8, 3), 0)),
    r"images.*images\[None\].*\(8, 8, 3\)": lambda: ks.TestTimeAugmentation(per_pixel()).call(
        images(8, 8, 3)
    ),
    r"fit.*only predicts.*`\.model\.fit": lambda: make().fit(images(1, 8, 8, 3), 0),
    r"train_on_batch.*only predicts.*`\.model\.train_on_batch": lambda: make().train_on_batch(
        images(1, 8, 8, 3), 0
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=f"^TestTimeAugmentation: `{message}"):
        WRONG[message]()


class Subclassed(keras.Model):
    def call(self, x):
        return x


def test_one_image_for_a_model_that_says_no_shape():
    with pytest.raises(ValueError, match=r"^TestTimeAugmentation: `images.*images\[None\]"):
        ks.TestTimeAugmentation(Subclassed())(images(8, 8, 3))
