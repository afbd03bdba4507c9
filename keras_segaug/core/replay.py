"""What a layer does without its own random stream: draw, apply, move back."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import batches, classes
from keras_segaug.core import backend, calls, describe, random, value_ranges
from keras_segaug.core.apply import apply, undo, view_of
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.parameters import (
    as_key,
    count_of,
    is_shape,
    is_size,
    len_of,
    rows_of,
    size_of,
)
from keras_segaug.core.types import Data, Key, Parameters, Tensor
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.view import View


class Replay:
    """Mixed into the base of all layers: parameters as values, to look at and to use again."""

    # Of the base.
    random: Any
    data_format: Any
    resolve: Any
    _draw_all: Any
    _leaves: Any
    _planned: Any
    _tree: Any
    _run_program: Any
    _stream_of_calls: Any

    def draw_parameters(self, data: Data, key: Key) -> Parameters:
        """Draws all that decides the result of a call.

        Args:
            data: any structure the layer accepts; or the images' shape, (H, W, C) or
                (B, H, W, C), which is enough unless a layer looks at the masks.
            key: (2,) words from `keras_segaug.random.key` or `call_key`; or one key a sample,
                (B, 2); or an integer seed. Layers of other classes, and pipelines of them,
                draw independently from one key.

        Returns:
            For `apply` and `invert`: a dict of tensors with a leading batch axis, nested as the
            layers are, and under "input_size" (B, 2): the height and width they were drawn for.

        Raises:
            ValueError: for a shape where a layer looks at the masks to choose its window.
        """
        if is_shape(data):
            with backend.ops_of(key):
                data = tuple(data)
                batches.check_batched(self, data)
                count = data[0] if len(data) == 4 else 1
                size = data[-3:-1] if self.data_format == "channels_last" else data[-2:]
                spec = Spec(size, value_ranges.ANY)
                drawn = self._finished(self._draw(key, count), View(spec, owner=self))
                return {**drawn, "input_size": rows_of(size, count)}
        inputs = Inputs(self, data)
        with backend.ops_of(inputs.images):
            batches.check_batched(self, tuple(inputs.images.shape))
            view, count = view_of(self, inputs, acting=True), len_of(inputs)
            drawn = self._finished(self._draw(key, count), view)
            return {**drawn, "input_size": rows_of(view.spec.size, count)}

    def call_key(self, number: int) -> Tensor:
        """The key of the call of this number, counted from 0, since the stream began.

        `layer.apply(data, layer.draw_parameters(data, layer.call_key(0)))` is what the first
        call did to the data. In a worker process, the key of that process' own call.

        Args:
            number: an integer of at least 0.

        Returns:
            A tensor of shape (2,), for `draw_parameters` and `augment`.
        """
        number = checks.natural_number(self, "number", number)
        if not self.random:
            raise ValueError(
                f"{type(self).__name__}: `call_key` is for random layers, and this one is not: its "
                "calls have no keys. `apply(data, None)` does what they do."
            )
        return self._stream_of_calls().key(number)

    def apply(self, data: Data, parameters: Parameters | None) -> Data:
        """Applies drawn parameters (or None: as at inference) to any accepted structure.

        Args:
            data: images of the size that the parameters were drawn for, and what goes with them.
            parameters: what `draw_parameters` returned, or None.
        """
        inputs = Inputs(self, data)
        self._check_parameters(parameters)
        self._check_size(inputs, parameters)
        with backend.ops_of(inputs.images):
            value_ranges.look_at(self, inputs, acting=parameters is not None)
            batches.check(self, inputs, acting=parameters is not None)
            return inputs.write(self._apply(inputs, parameters))

    def invert(
        self,
        data: Data,
        parameters: Parameters | None,
        size: Sequence[int] | None = None,
        predictions: bool | None = None,
    ) -> Data:
        """Moves data back to where it was before `apply` with the same parameters.

        For test-time augmentation: what a model says of the augmented image, in the place
        of the original. Color and mask coding stay as they are. Exact for matrices (flips,
        quarter turns, affine, perspective); smooth fields are solved to 0.1 pixel. All is one
        lookup, interpolated as the layer says.

        Args:
            data: any accepted structure, of the size that the layer gives back.
            parameters: what `draw_parameters` returned, or None: as at inference.
            size: (height, width) of the original. None takes that of the parameters, or, where
                there are none, that of the data.
            predictions: True where the first entry holds class scores, one channel a class: in
                samples that were mirrored, the channels of the classes of `class_swap` are
                swapped back, too, and the dtype stays. False for images. None means False,
                but is refused where a layer has a `class_swap` and no masks are given, since
                the entry may be either.

        Returns:
            The same structure, of the original's size. Pixels that the augmented image
            does not show hold `fill_value`, `mask_fill_value` and the weight 0.
        """
        inputs = Inputs(self, data)
        predictions = classes.are_predictions(self, predictions, "masks" in inputs.tensors)
        if size is not None and not is_size(size):
            accepted = "the pair (height, width) of the original, or None"
            checks.fail(self, "size", accepted, size)
        self._check_parameters(parameters)
        with backend.ops_of(inputs.images):
            packed = inputs.packed()
            size = size or size_of(parameters) or ops.shape(packed["images"][0])[1:3]
            return inputs.write(inputs.unpacked(undo(self, packed, parameters, size, predictions)))

    def describe(self, parameters: Parameters) -> list[list[str]]:
        """Says what was drawn, for each sample one sentence a layer.

        Args:
            parameters: what `draw_parameters` returned.

        Returns:
            A list, one entry a sample, of lists of sentences.

        Example:

        >>> layer = keras_segaug.Pipeline([keras_segaug.JointRandomFlip("horizontal")])
        >>> layer.describe(layer.draw_parameters((1, 8, 8, 3), key=1))
        [['JointRandomFlip: horizontal yes.']]
        """
        self._check_parameters(parameters)
        return [describe.sentences(self, parameters, i) for i in range(count_of(parameters))]

    def __getattr__(self, name):
        if name == "sample":
            raise AttributeError(
                f"{type(self).__name__}: `sample` is `draw_parameters(data_or_shape, key)` now."
            )
        looked_up = getattr(super(), "__getattr__", None)
        if looked_up is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return looked_up(name)

    def augment(self, data: Data, key: Key) -> Data:
        """`apply` of what `draw_parameters` draws, in one program, compiled as a call is.

        Args:
            data: any accepted structure.
            key: as in `draw_parameters`. The layer's own seed and count of calls are not looked
                at, so that one key gives the same in every thread, process and machine.
        """
        inputs = data if isinstance(data, Inputs) else Inputs(self, data)
        with backend.ops_of(inputs.images):
            key = as_key(self, key, len_of(inputs)) if self.random else None
            return inputs.write(self._run_program(inputs, key))

    def stateless_call(
        self,
        trainable_variables,
        non_trainable_variables,
        *data,
        training=True,
        return_losses=False,
        **named,
    ):
        """As `keras.layers.Layer.stateless_call`; the data are given as in a call.

        Args:
            trainable_variables: the values of the trainable variables: none.
            non_trainable_variables: those of the random stream.
            *data: as in a call: `images, masks`, or any accepted structure.
            training: False: as at inference.
            return_losses: also return the losses?
            **named: `images`, `masks` and `sample_weights`, by name.

        Returns:
            (result, values of the random stream after the call), and the losses if wanted.
        """
        inputs = calls.inputs_of(self, *data, **named)
        with backend.ops_of(inputs.images):
            tensors, *rest = super().stateless_call(  # type: ignore[misc]  # a Keras layer has it
                trainable_variables,
                # Of TensorFlow's variables the values: the variables themselves would be advanced.
                [ops.copy(variable) for variable in non_trainable_variables],
                inputs.tensors,
                training=calls.training(self, training) is not False,
                return_losses=return_losses,
            )
            return (inputs.write(tensors), *rest)

    def _apply(self, inputs, parameters):
        return inputs.unpacked(apply(self, inputs, parameters))

    def _draw(self, key, count, real=None):
        draws = random.Draws(random.for_tree(as_key(self, key, count), self._tree()), count, real)
        return self._draw_all(draws)

    def _finished(self, drawn, view):
        """The drawn parameters, with what the layers that look at the masks make of them."""
        looks = any(leaf._resolves() for leaf, _ in self._leaves(view.spec))
        return self._planned(drawn, view)[1] if looks else drawn

    def _check_parameters(self, parameters):
        if parameters is not None and not isinstance(parameters, Mapping):
            accepted = "what `draw_parameters(data, key)` returned, or None"
            checks.fail(self, "parameters", accepted, parameters)

    def _check_size(self, inputs, parameters):
        rows = (parameters or {}).get("input_size")
        counts = len_of(inputs), len_of(inputs) if rows is None else rows.shape[0]
        if all(isinstance(n, int) for n in counts) and counts[0] != counts[1]:
            raise ValueError(
                f"{type(self).__name__}: `parameters` were drawn for {counts[1]} samples. Received "
                f"{counts[0]}. Draw anew for a batch of another size."
            )
        drawn = size_of(parameters)
        size = inputs.image_layout.packed_shape(inputs.images.shape)[1:3]
        pairs = zip(drawn or size, size, strict=True)
        if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
            raise ValueError(
                f"{type(self).__name__}: `parameters` were drawn for images of {drawn[0]} x "
                f"{drawn[1]} (height x width). Received images of {size[0]} x {size[1]}. Draw "
                "anew for images of another size."
            )
