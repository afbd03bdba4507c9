"""Layers that each break one promise: the contract tests must fail on them."""

from functools import partial

import numpy as np

import keras_segaug as ks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.engine.operations import Color, Labels
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels import matrices
from keras_segaug.kernels.samplers import read_batch, sampler


class Shifts(JointLayer, abstract=True):
    """A correct layer, to be broken in one place: shifts by up to four pixels."""

    def __init__(self, reach=4, **kwargs):
        super().__init__(**kwargs)
        self.reach = reach

    def draw(self, draws):
        return {"x": draws.uniform(-self.reach, self.reach)}

    def matrix(self, parameters, size):
        return matrices.translation(0.0, parameters["x"])

    def separately(self, parameters, mask_parameters, interpolation):
        """Operations that look up image and mask separately."""
        return [
            Color(reach="images", function=self.shifted_image, parameters=parameters),
            Labels(function=partial(self.shifted, parameters=mask_parameters, how=interpolation)),
        ]

    def shifted_image(self, images, parameters):
        return self.shifted(images, parameters, self.interpolation)

    def shifted(self, pixels, parameters, how):
        matrix = self.matrix({"x": ops.reshape(parameters["x"], (-1,))}, pixels.shape[1:3])
        grid = SamplingGrid(pixels.shape[1:3], matrix).grid()
        found = read_batch([sampler(pixels, how, "reflect", 0)], grid, pixels.shape[0])[0]
        return ops.cast(found, pixels.dtype)


class Right(Shifts):
    """Nothing is broken: shows that the checks fail because of the break, not the base class."""


class RedrawsForTheMask(Shifts):
    def plan(self, parameters, spec):
        keys = random.fold_in(random.key(3), np.arange(len(parameters["x"])))
        other = self.draw(random.Draws(keys))
        return self.separately(parameters, other, "nearest")


class InterpolatesTheMask(Shifts):
    def plan(self, parameters, spec):
        return self.separately(parameters, parameters, "bilinear")


class CastsTheMask(Shifts):
    def plan(self, parameters, spec):
        return [*super().plan(parameters, spec), Labels(function=self.cast)]

    def cast(self, mask):
        return ops.cast(mask, "float32")


class RoundsTheMask(Shifts):
    """Through bfloat16 and back, as a mixed policy does: 60,000 becomes 59,904."""

    def plan(self, parameters, spec):
        return [*super().plan(parameters, spec), Labels(function=self.rounded)]

    def rounded(self, mask):
        return ops.cast(ops.cast(mask, "bfloat16"), mask.dtype)


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
    def matrix(self, parameters, size):
        return matrices.translation(0.0, 0.0)


class TouchesTheMask(ks.ImageOnlyLayer):
    def transform_values(self, values, parameters):
        return values + 1.0

    def plan(self, parameters, spec):
        return [*super().plan(parameters, spec), Labels(function=self.doubled)]

    def doubled(self, mask):
        return mask * 2
