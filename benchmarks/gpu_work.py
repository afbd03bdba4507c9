"""What an accelerator is timed on besides the reference chain: layers, views, a train step."""

import keras

import keras_segaug as ks
from benchmarks import work
from benchmarks.contenders.segaug import chain, make_layer
from benchmarks.training import LOSS, unet

# The U-Net of `benchmarks.training`, of about two million parameters.
FILTERS, SMALL_FILTERS = (16, 32, 64, 128, 256), (4, 8)
VIEWS = "d4"


def batch_on_device(side, batch):
    import numpy as np

    images, masks = work.pairs(side, min(batch, work.PICTURES))
    repeats = -(-batch // len(images))
    # Repeated only to save time here; the batch is too large for the cache of a GPU anyway.
    images, masks = (np.concatenate([part] * repeats)[:batch] for part in (images, masks))
    return keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(masks)


def make_ours(row, side, batch):
    """A function that augments one batch on the device."""
    layer, data = make_layer(row, side), batch_on_device(side, batch)
    return lambda: layer(data)


def train_steps(side, batch, filters):
    """{name: a function that runs one step} of a U-Net, without and with the chain in the model."""
    data = batch_on_device(side, batch)

    def step_of(model):
        model.compile(keras.optimizers.Adam(), LOSS)
        return lambda: model.train_on_batch(*data)

    plain = unet(side, filters, classes=work.CLASSES)
    augmented = ks.AugmentedModel(unet(side, filters, classes=work.CLASSES), chain("uint8"))
    return {"without": step_of(plain), "with": step_of(augmented)}


def predictions(side, batch, filters):
    """{name: a function that predicts a batch}: a U-Net, without and with all eight views of d4."""
    model = unet(side, filters, classes=work.CLASSES)
    views = ks.TestTimeAugmentation(model, views=VIEWS)
    images = batch_on_device(side, batch)[0]
    return {
        "without": lambda: model.predict_on_batch(images),
        "with": lambda: views.predict_on_batch(images),
    }
