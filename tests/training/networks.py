"""Small models and batches to train them on."""

import keras
import numpy as np

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

CLASSES = 3


def pixel_loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def images_and_masks(count=8, height=16, width=14):
    images = random_images(count, height, width)
    return images, labels(count, height, width, classes=CLASSES)


def network(size=(16, 14), seed=0):
    """A network for pixels, with a layer that depends on training: batch normalization."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((*size, 3))
    features = keras.layers.Rescaling(1 / 255)(inputs)
    features = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(features)
    features = keras.layers.BatchNormalization(momentum=0.5)(features)
    return keras.Model(inputs, keras.layers.Conv2D(CLASSES, 1)(features))


def pipeline(**options):
    """An augmentation that compiles quickly."""
    layers = [ks.JointRandomFlip("horizontal"), ks.ImageOnlyBrightness(0.1, value_range=(0, 255))]
    return ks.Pipeline(layers, **{"seed": 3, **options})


def turning_pipeline(**options):
    """An augmentation that fills pixels from outside, with class 2 and weight 0."""
    turn = ks.JointRandomRotation(0.1, fill_mode="constant", mask_fill_value=2)
    return ks.Pipeline([pipeline(), turn], **{"seed": 3, **options})


def compiled(model, loss=None, **options):
    model.compile(keras.optimizers.SGD(0.05), loss or pixel_loss(), **options)
    return model


def losses_of_fit(model, *data, steps, **options):
    """The loss of each step. Each step is an epoch, since Keras reports the mean of an epoch."""
    options = {"batch_size": 8, "epochs": steps, "shuffle": False, **options}
    return model.fit(*data, verbose=0, **options).history["loss"]


def losses_of_the_plain_model(augmentation, *data, steps, prepared=lambda *data: data):
    plain, found = compiled(network()), []
    for number in range(steps):
        moved = to_numpy(augmentation.augment(data, augmentation.call_key(number)))
        found.append(float(np.ravel(plain.train_on_batch(*prepared(*moved)))[0]))
    return found


def weights_of(model):
    return [np.array(each) for each in model.get_weights()]


def number_of_draws(model):
    """The number of steps that the model has drawn for."""
    return int(model.augmentation._stream.read()[0]) // 256
