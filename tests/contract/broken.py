"""Layers that each break one promise: the contract tests must fail on them."""

import numpy as np

import keras_segaug as ks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Batch
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.engine.sampling_grid import Points
from keras_segaug.kernels import matrices
from keras_segaug.kernels.samplers import read_batch, reader


class Shifts(JointLayer, abstract=True):
    """A right layer to be broken in one place: shifts by up to four pixels."""

    def __init__(self, reach=4, **kwargs):
        super().__init__(**kwargs)
        self.reach = reach

    def draw(self, draws):
        return {"x": draws.uniform(-self.reach, self.reach)}

    def matrix(self, parameters, height, width):
        return matrices.translation(parameters["x"], 0.0)

    def lookup_at(self, pixels, parameters, interpolation):
        points = Points(*pixels.shape[1:3]).moved(self.matrix(parameters, 0, 0))
        read = reader(pixels, interpolation, "reflect", 0)
        return read_batch([read], *points.grid(), pixels.shape[0])[0]


class Right(Shifts):
    """Nothing broken: shows that it is the breakage that fails, not the frame around it."""


class RedrawsForTheMask(Shifts):
    def run(self, group, batch):
        (_, parameters), *_ = group
        other = self.draw(random.Draws(random.fold_in(random.key(3), np.arange(len(batch.images)))))
        return Batch(
            self.lookup_at(batch.images, parameters, "nearest"),
            [self.lookup_at(mask, other, "nearest") for mask in batch.masks],
            batch.weights,
        )


class InterpolatesTheMask(Shifts):
    def run(self, group, batch):
        (_, parameters), *_ = group
        masks = [
            ops.cast(self.lookup_at(mask, parameters, "bilinear"), mask.dtype)
            for mask in batch.masks
        ]
        images = self.lookup_at(batch.images, parameters, self.interpolation)
        return Batch(images, masks, batch.weights)


class CastsTheMask(Shifts):
    def run(self, group, batch):
        batch = super().run(group, batch)
        return Batch(batch.images, [ops.cast(m, "float32") for m in batch.masks], batch.weights)


class RoundsTheMask(Shifts):
    """Through bfloat16 and back, as a mixed policy does: 60,000 becomes 59,904."""

    def run(self, group, batch):
        batch = super().run(group, batch)
        masks = [ops.cast(ops.cast(m, "bfloat16"), m.dtype) for m in batch.masks]
        return Batch(batch.images, masks, batch.weights)


class MutatesItsInput(Shifts):
    def draw(self, draws):
        self.data["images"][:] = 0
        return super().draw(draws)


class ReplacesItsInput(Shifts):
    def draw(self, draws):
        self.data["images"] = self.data["images"].copy()
        return super().draw(draws)


class ForgetsAConfigEntry(Shifts):
    def get_config(self):
        config = super().get_config()
        del config["reach"]
        return config


class MovesNothing(Shifts):
    def matrix(self, parameters, height, width):
        return matrices.translation(0.0, 0.0)


class TouchesTheMask(ks.ImageOnlyLayer):
    def transform_images(self, images, parameters):
        return images + 1.0

    def run(self, group, batch):
        batch = super().run(group, batch)
        return Batch(batch.images, [mask * 2 for mask in batch.masks], batch.weights)
