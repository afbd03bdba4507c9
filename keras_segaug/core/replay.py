"""What a layer does without its own random stream: draw, apply, move back."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import batches, classes
from keras_segaug.checks.input_tensors import warn_of_masks_left_behind
from keras_segaug.core import backend, calls, random, threefry, value_ranges
from keras_segaug.core.apply import apply, undo, view_of
from keras_segaug.core.backend import ops
from keras_segaug.core.describe import Described
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.moving import by_moving, present
from keras_segaug.core.parameters import (
    as_key,
    check_count,
    check_size,
    handed_over,
    is_shape,
    is_size,
    len_of,
    size_of,
    taken,
)
from keras_segaug.core.types import Data, Key, Parameters, Tensor
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.view import View


class Replay(Described):
    """Mixed into the base of all layers: parameters as values, to look at and to use again."""

    # Defined by the base.
    random: Any
    data_format: Any
    resolve: Any
    _draw_all: Any
    _leaves: Any
    _planned: Any
    _tree: Any
    _program: Any
    _telling_program: Any
    _warned_of_masks: Any
    # Is the result a dict, one entry a view?
    _gives_views = False
    _stream_of_calls: Any

    def draw_parameters(self, data: Data, key: Key) -> Parameters:
        """Draws everything that decides the result of a call.

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
                return handed_over(drawn, size, count)
        inputs = Inputs(self, data)
        with backend.ops_of(inputs.images):
            batches.check_batched(self, tuple(inputs.images.shape))
            view, count = view_of(self, inputs, acting=True), len_of(inputs)
            drawn = self._finished(self._draw(key, count), view)
            return handed_over(drawn, view.spec.size, count)

    def call_key(self, number: int) -> Tensor:
        """The key of the call with this number, counted from 0 since the stream began.

        `layer.apply(data, layer.draw_parameters(data, layer.call_key(0)))` is what the first
        call did to the data. In a worker process it is the key of that process' own call.

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

        Raises:
            ValueError: for parameters that another layer has drawn, where their names or shapes
                show it: those of a layer with the same names (two flips, say) are accepted.
        """
        inputs = Inputs(self, data)
        with backend.ops_of(inputs.images):
            parameters = taken(self, parameters)
            check_size(self, inputs, parameters)
            self._look_at(inputs, parameters is not None)
            return self._written(inputs, self._apply(inputs, parameters)[0])

    def invert(
        self,
        data: Data,
        parameters: Parameters | None,
        size: Sequence[int] | None = None,
        predictions: bool | None = None,
    ) -> Data:
        """Moves data back to where it was before `apply` with the same parameters.

        For test-time augmentation: moves what a model predicts for the augmented image back into
        the frame of the original. Color and mask coding are not undone. Exact for matrices (flips,
        quarter turns, affine, perspective); smooth fields are solved to 0.1 pixel. Everything is
        one lookup, interpolated as the layer says.

        Args:
            data: any accepted structure, of the size that the layer returns.
            parameters: what `draw_parameters` returned, or None: as at inference.
            size: (height, width) of the original. None takes the size in the parameters or, where
                there are none, that of the data.
            predictions: True where the first entry holds class scores, one channel per class: in
                mirrored samples the channels of the classes of `class_swap` are swapped back,
                too, and the dtype stays. False for images. None means False, but is refused
                where a layer has a `class_swap` and no masks are given, since the entry may be
                either.

        Returns:
            The same structure, of the original's size. Pixels that the augmented image
            does not show hold the weight 0, and `fill_value` and `mask_fill_value` of the first
            layer that fills with a constant (0 where none does).
        """
        inputs = Inputs(self, data)
        predictions = classes.are_predictions(self, predictions, "masks" in inputs.tensors)
        if size is not None and not is_size(size):
            accepted = "the pair (height, width) of the original, or None"
            checks.fail(self, "size", accepted, size)
        with backend.ops_of(inputs.images):
            parameters = taken(self, parameters)
            check_count(self, inputs, parameters)
            packed = inputs.packed()
            size = size or size_of(parameters, ops.shape(packed["images"][0])[1:3])
            return inputs.write(inputs.unpacked(undo(self, packed, parameters, size, predictions)))

    def __getattr__(self, name):
        if name == "sample":
            raise AttributeError(
                f"{type(self).__name__}: `sample` is `draw_parameters(data_or_shape, key)` now."
            )
        looked_up = getattr(super(), "__getattr__", None)
        if looked_up is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return looked_up(name)

    def augment(self, data: Data, key: Key, return_parameters: bool = False) -> Data:
        """Draws parameters and applies them in one program, compiled as a call is.

        Args:
            data: any accepted structure.
            key: as in `draw_parameters`. The layer's own seed and count of calls are ignored, so
                one key gives the same result in every thread, process and machine.
            return_parameters: also return the parameters, as a call does: (result, parameters).
        """
        inputs = data if isinstance(data, Inputs) else Inputs(self, data)
        tell = checks.truth(self, "return_parameters", return_parameters)
        with backend.ops_of(inputs.images):
            key = as_key(self, key, len_of(inputs)) if self.random or tell else None
            return self._written(inputs, self._run_program(inputs, key, tell), tell)

    def stateless_call(
        self,
        trainable_variables,
        non_trainable_variables,
        *data,
        training=True,
        return_losses=False,
        return_parameters=False,
        **named,
    ):
        """As `keras.layers.Layer.stateless_call`; the data are given as in a call.

        Args:
            trainable_variables: the values of the trainable variables, of which there are none.
            non_trainable_variables: those of the random stream.
            *data: as in a call: `images, masks`, or any accepted structure.
            training: False: as at inference.
            return_losses: also return the losses?
            return_parameters: also return the parameters, as a call does?
            **named: `images`, `masks` and `sample_weights`, by name.

        Returns:
            (result, values of the random stream after the call), and the losses if requested. With
            `return_parameters=True` the result is (result, parameters).
        """
        tell = checks.truth(self, "return_parameters", return_parameters)
        inputs = calls.inputs_of(self, *data, **named)
        with backend.ops_of(inputs.images):
            tensors, *rest = super().stateless_call(  # type: ignore[misc]  # a Keras layer has it
                trainable_variables,
                # Copies of the values: TensorFlow would advance the variables themselves.
                [ops.copy(variable) for variable in non_trainable_variables],
                inputs.tensors,
                training=calls.training(self, training) is not False,
                return_losses=return_losses,
                return_parameters=tell,
            )
            return (self._written(inputs, tensors, tell), *rest)

    def _run_program(self, inputs, key, tell=False):
        """The tensors of a call; with `tell`, also the parameters (None without a key)."""
        acting = key is not None
        # A caller who gets the parameters can move what the model learns along with the images.
        if acting and not tell and not self._warned_of_masks:
            self._warned_of_masks = warn_of_masks_left_behind(self, inputs)
        self._look_at(inputs, acting)
        traced = acting and not backend.is_eager(inputs.images)
        moving = present(self, traced) if acting else {}
        if tell and acting:
            found, drawn = self._telling_program(inputs.tensors, key, inputs.sizes(), moving)
            # Outside of the program, where the static size is still known.
            return found, handed_over(drawn, inputs.size(), len_of(inputs))
        if not acting and backend.is_in_a_network():
            # Exporters only know plain operations; whoever runs the model compiles it.
            found = self._apply_to(inputs.tensors, None)
        else:
            found = self._program(inputs.tensors, key, inputs.sizes(), moving)
        return (found, None) if tell else found

    def _draw_for(self, tensors, key, real=None, moving=None):
        if key is None:
            return None
        return self._draw(key, len_of(Inputs(self, tensors, checked=True)), real, moving or {})

    def _apply_to(self, tensors, parameters):
        return self._apply_and_tell(tensors, parameters)[0]

    def _apply_and_tell(self, tensors, parameters):
        return self._apply(Inputs(self, tensors, checked=True), parameters)

    def _apply(self, inputs, parameters):
        """The tensors after the layer, and the finished parameters."""
        moved, parameters = apply(self, inputs, parameters)
        return inputs.unpacked(moved), parameters

    def _written(self, inputs, found, tell=False):
        """What a call returns, made from what its program returns."""
        tensors, *parameters = found if tell else (found,)
        written = self._write(inputs, tensors)
        return (written, *parameters) if tell else written

    def _write(self, inputs, tensors):
        return inputs.write(tensors)

    def _look_at(self, inputs, acting):
        value_ranges.look_at(self, inputs, acting)
        batches.check(self, inputs, acting)

    def _draw(self, key, count, real=None, moving=None):
        """Draws; `moving` is what `present` has read outside of a program."""
        key = as_key(self, key, count)
        if moving is None:
            moving = present(self, not backend.is_eager(key))
        key = threefry.on_host(key, from_accelerator=True)
        draws = random.Draws(random.for_tree(key, self._tree()), count, real)
        draws.moving = by_moving(self, moving)
        return self._draw_all(draws)

    def _finished(self, drawn, view):
        """The drawn parameters, finished by the layers that look at the masks."""
        looks = any(leaf._resolves() for leaf, _ in self._leaves(view.spec))
        return self._planned(drawn, view)[1] if looks else drawn


# AutoGraph's mark on a layer does not extend to its methods.
for _method in ("draw_parameters", "apply", "invert", "augment", "stateless_call"):
    setattr(getattr(Replay, _method), backend.AUTOGRAPH_MARK, {})
