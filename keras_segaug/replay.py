"""What a layer does without its own random stream: draw, apply, move back."""

from typing import Any

from keras_segaug import backend, random, ranges
from keras_segaug.backend import ops
from keras_segaug.sample import Sample


class Replay:
    """Mixed into the base of all layers: parameters as values, to look at and to use again."""

    # Of the base.
    random: Any
    draw_all: Any
    _apply: Any
    _run_program: Any

    def draw_parameters(self, shape, key):
        """Draws the parameters of a call.

        Args:
            shape: the images' shape, (H, W, C) or (B, H, W, C).
            key: (2,) words from `keras_segaug.random.key`, or one key a sample (B, 2),
                or an integer seed.

        Returns:
            A structure of tensors with a leading batch axis, for `apply`.
        """
        key = random.key(key) if isinstance(key, int) else key
        with backend.ops_of(key):
            if len(key.shape) == 1:
                count = shape[0] if len(shape) == 4 else 1
                key = random.fold_in(key, ops.arange(count, dtype="int32"))
            return self.draw_all(random.Draws(key))

    def apply(self, data, parameters):
        """Applies drawn parameters (or None: as at inference) to any accepted structure."""
        sample = Sample(self, data)
        with backend.ops_of(sample.images):
            ranges.look_at(self, sample.images, acting=parameters is not None)
            return sample.write(self._apply(sample, parameters))

    def invert(self, data, parameters, size=None):
        """Moves data back to where it was before `apply` with the same parameters.

        For test-time augmentation: what a model says of the augmented picture, in the place
        of the original. Colour and mask coding stay as they are. Exact for matrices (flips,
        quarter turns, affine, perspective); smooth fields are solved to 0.1 pixel. All is one
        lookup, interpolated as the layer says.

        Args:
            data: any accepted structure, of the size that the layer gives back.
            parameters: what `draw_parameters` returned, or None: as at inference.
            size: (height, width) of the original; None where the layer keeps it.

        Returns:
            The same structure, of the original's size. Pixels that the augmented picture
            does not show hold `fill_value`, `mask_fill_value` and the weight 0.
        """
        sample = Sample(self, data)
        with backend.ops_of(sample.images):
            return sample.write(self._apply(sample, parameters, size or "same"))

    def augment(self, data, key):
        """`apply` of what `draw_parameters` draws from the key, in one program, compiled as a call is.

        Args:
            data: any accepted structure.
            key: as in `draw_parameters`. The layer's own seed and count of calls are not looked at.
        """
        sample = Sample(self, data)
        with backend.ops_of(sample.images):
            key = random.key(key) if isinstance(key, int) else key
            return sample.write(self._run_program(sample, key if self.random else None))
