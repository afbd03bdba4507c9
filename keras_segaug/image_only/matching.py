"""The base of layers that make images look like others."""

from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.mixing_layer import met
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels.values import replace


class MatchingLayer(ImageOnlyLayer, abstract=True):
    """Makes images look like references, or like other samples of their batch.

    Args:
        references: images (N, height, width, channels) of any size, in the value range of the
            images and with as many channels. Each sample draws one. They are kept in the config.
            With `channels` they have only those channels. None: each sample takes another sample of
            its batch, as in `MixingLayer`; only the image of that one is used, never its mask.
        factor: a float or a pair (lower, upper) in [0, 1]: how far toward the other's look. 0
            leaves the image as it is. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        across_shards: as in `MixingLayer`.
        **kwargs: see `AugmentationLayer`.
    """

    def __init__(
        self,
        references: Any = None,
        factor: Range = (0.5, 1.0),
        value_range: ValueRange = None,
        across_shards: bool = False,
        **kwargs: Any,
    ) -> None:
        # The base class calls `_mixes` while it sets up the program.
        object.__setattr__(self, "_looks_at_others", references is None)
        super().__init__(value_range=value_range, **kwargs)
        self.references = None if references is None else checks.references(self, references)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.across_shards = checks.one_of(self, "across_shards", across_shards, (True, False))

    def draw(self, draws):
        factor = draws.uniform(*self.factor)
        if self.references is None:
            return {"partner": draws.partners(1, self.across_shards)[0], "factor": factor}
        return {"reference": draws.integer(len(self.references)), "factor": factor}

    def _mixes(self):
        return self._looks_at_others

    def _crosses_shards(self):
        return self._looks_at_others and self.across_shards

    def _chosen(self, of_references, parameters):
        """For each sample, the entry of the reference that it has drawn."""
        number = ops.reshape(parameters["reference"], (-1,))
        return ops.take(ops.convert_to_tensor(of_references), number, axis=0)

    def _check(self, images, value_range):
        if self.references is not None:
            checks.same_channels(self, self.references, images.shape[-1])
            checks.same_range(self, self.references, value_range)

    def _planned(self, parameters, view):
        operations, parameters = super()._planned(parameters, view)
        if self.references is None and parameters is not None:
            partner = parameters["partner"]
            operations = [met(replace(each, source=partner), partner) for each in operations]
        return operations, parameters
