"""The template of every layer; `layer_types.py` has its three types."""

import functools
import random as python_random
from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.checks import keywords
from keras_segaug.checks.signature import arguments_of, check_named
from keras_segaug.core import backend, calls, counter, moving, processes, random, scheduling
from keras_segaug.core.apply import specs_after
from keras_segaug.core.comparison import Compared
from keras_segaug.core.compilation import Compiled
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.node import Node
from keras_segaug.core.random import Draws
from keras_segaug.core.replay import Replay
from keras_segaug.core.representation import written
from keras_segaug.core.serialization import WrittenAsJson
from keras_segaug.core.stream import Stream
from keras_segaug.core.targets import checked as checked_targets
from keras_segaug.core.types import Data, Parameters, Targets
from keras_segaug.engine.operations import Operation
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.view import View


class AugmentationLayer(Node, Replay, WrittenAsJson, Compared, keras.layers.Layer):
    """The template: reads what comes in, draws once, applies to image and mask, writes back.

    A layer is abstract or final. A final layer fills in the hooks of its type (`JointLayer`,
    `ImageOnlyLayer`, `MaskOnlyLayer`) and overrides nothing else; its config is read from the
    signature of its `__init__` and the attributes of the same names.

    Args:
        probability: chance in [0, 1] that the layer acts, drawn for each sample separately.
            Where it does not act, the sample is treated as at inference.
        seed: integer or None. One seed gives the same parameters on every backend,
            eager, compiled and in `tf.data`. Inside a `Pipeline` the pipeline's seed applies.
        data_format: "channels_last" or "channels_first"; None takes Keras' setting.
        jit_compile: "auto" compiles with XLA wherever height and width are known, and on torch with
            `torch.compile` on CUDA; True always, False never.
        targets: None, or a mapping that gives a role to further entries of a sample, by their
            key in a mapping (or in a nested mapping), or by their position in a tuple or list:
            `{"depth": "continuous", "image_2": "image", "valid": "ignore"}`, `{3: "points"}`.
            An entry that a sample lacks must be None: a missing key raises. In a mapping, entries
            that have the images' height and width, or are named like boxes or points, must have a
            role; in a tuple, so must every entry after the third. Inside a `Pipeline` the
            pipeline's targets apply. The roles:

            - "image": moved and colored as the images are; returned in the compute dtype.
            - "continuous": moved and interpolated as the images are (also NaN, and
              `fill_value`), never colored or erased. Keeps its own dtype; integers are rounded.
            - "mask", "weights": as the masks and the per-pixel weights.
            - "points": floats (..., N, 2), x and y in pixels, (0, 0) being the center of the
              first pixel. They go where the pixels go, even out of the image. Points that a lens
              or an elastic map sends nowhere end up far outside.
            - "ignore": passed through.
        **kwargs: `name`, `dtype`, `trainable`, as in `keras.layers.Layer`. Images are
            returned in the compute dtype; with "uint8" they are rounded and clipped. Masks keep
            the dtype they came in. Where JAX has no 64 bits (its default), 64-bit masks are
            returned with 32 outside of `dataset.map`, and a number that does not fit raises.

    `result, parameters = layer(data, return_parameters=True)` also returns what was drawn, as
    `draw_parameters` does, for `apply`, `invert` and `describe`: it is one draw and one program.
    `return_mixing=True` also returns from which sample of the batch each pixel comes (a key instead
    of True puts it into the result, a mapping): {"sample", "share", "other"}, (B, H, W) each: the
    sample that the pixel shows most of, the share of that sample, and the sample of the rest; -1 is
    what was filled or erased.
    With `training=False` the parameters are None. The symbolic inputs of a functional model have
    no parameters: make the call in the `call` of a layer of your own instead.
    """

    is_abstract = True
    # False for layers that do the same to every sample, also at inference.
    random = True
    # Does it move pixels?
    _moves = False
    # May images that come in lie outside of its value range?
    _takes_any_range = False
    # Images have been compared with the value range that was given.
    _compared = False
    # The one warning about the value range has been given.
    _warned_of_range = False
    # So has the one about a batch of one sample, in which there is no partner.
    _warned_of_one_sample = False

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.is_abstract = abstract
        if not all(vars(base).get("is_abstract", True) for base in cls.__mro__[1:]):
            raise TypeError(f"{cls.__name__}: layers are final. Derive from one of the bases.")
        if not abstract and {"call", "__call__"} & set(vars(cls)):
            raise TypeError(f"{cls.__name__}: `call` belongs to the base. Fill in its hooks.")
        if not abstract:
            package = cls.__module__.partition(".")[0]
            keras.saving.register_keras_serializable(package)(cls)

    def __new__(cls, *args, **kwargs):
        check_named(cls, args)
        return super().__new__(cls, *args, **kwargs)

    def __init__(
        self,
        probability: float = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        jit_compile: bool | str = "auto",
        targets: Targets | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = arguments_of(type(self))
        # A layer with this argument hands it on, to be checked here.
        ranged = "value_range" in kwargs and "value_range" in arguments
        value_range = kwargs.pop("value_range") if ranged else None
        keywords.check_names(self, kwargs, arguments)
        keywords.check_dtype(self, kwargs.get("dtype"))
        super().__init__(autocast=False, **kwargs)
        self.probability = checks.number(self, "probability", probability, 0.0, 1.0)
        if self.probability < 1.0 and not self.random:
            checks.fail(self, "probability", "1 for a layer that is not random", probability)
        self.seed = checks.seed(self, seed)
        self.data_format = data_format or keras.config.image_data_format()
        checks.one_of(self, "data_format", self.data_format, ("channels_last", "channels_first"))
        self.jit_compile = checks.one_of(self, "jit_compile", jit_compile, ("auto", True, False))
        self.targets = checked_targets(self, targets)
        if ranged:
            self.value_range = checks.optional_value_range(self, value_range)
        self._warned_of_masks = False
        compiling = self.jit_compile, self._mixes()
        program = functools.partial(Compiled, self._draw_for)
        self._program = program(self._apply_to, *compiling, self._crosses_shards)
        # Parameters name partners by their number in the whole batch.
        self._telling_program = program(self._apply_and_tell, *compiling, self._mixes)
        self._state: Any = None
        self._stream: Any = None
        self._home = processes.home()

    # --- What an author may fill in ---

    def draw(self, draws: Draws) -> Parameters:
        """The random numbers of a batch: a dict of tensors (B, ...), from `random.Draws`."""
        return {}

    def resolve(self, parameters: Parameters, view: View) -> Parameters:
        """The drawn parameters, finished by what the batch shows; finished ones are kept as is.

        Args:
            parameters: what `draw` returned.
            view: an `engine.view.View` of the batch, as the layers before this one leave it.
        """
        return parameters

    def output_spec(self, spec: Spec) -> Spec:
        """The `engine.spec.Spec` of the result, from that of what comes in."""
        return spec

    def plan(self, parameters: Parameters | None, spec: Spec) -> list[Operation]:
        """The operations that do what the layer does.

        Args:
            parameters: what was drawn; None at inference.
            spec: an `engine.spec.Spec` of what comes in.

        Returns:
            A list of `engine.operations`.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: derive from JointLayer, ImageOnlyLayer or MaskOnlyLayer, or "
            "define `plan`."
        )

    # --- The public way in ---

    @backend.no_torch_compile
    def __call__(
        self,
        data: Data = None,
        masks: Data = None,
        sample_weights: Data = None,
        *more: Data,
        training: bool | None = None,
        return_parameters: bool = False,
        return_mixing: bool | str = False,
        **named: Data,
    ) -> Data:
        training = calls.training(self, training)
        tell = calls.wanted(self, return_parameters, return_mixing)
        inputs = calls.inputs_of(self, data, masks, sample_weights, *more, **named)
        self._stream_of_calls()
        with backend.ops_of(inputs.images):
            if backend.is_foreign(inputs.images):
                # Keras' own `__call__` would ask its backend to convert TensorFlow's tensors.
                found = self.call(inputs.tensors, training is not False, tell)
            else:
                if training is None and backend.called_by_a_network():
                    training = False
                said = {} if training is None else {"training": training}
                if tell:
                    calls.refuse_symbols(self, inputs)
                    said["return_parameters"] = True
                tensors = keras.tree.map_structure(backend.put, inputs.tensors)
                found = super().__call__(tensors, **said)
            found = self._written(inputs, found, tell)
            if not return_mixing:
                return found
            return calls.with_mixing(self, inputs, found, return_parameters, return_mixing)

    def _resolves(self):
        """Are its parameters finished by what the batch shows?"""
        return type(self).resolve is not AugmentationLayer.resolve

    # --- Keras ---

    def __repr__(self):
        return written(self)

    def build(self, input_shape=None):
        for layer in self._children:
            layer._count_as_built()
        if not self.random:
            return
        self._seed = python_random.randrange(1 << 32) if self.seed is None else self.seed
        self._state = counter.add_state(self, self._seed)
        self._stream = Stream(self._state, self._home)

    def _stream_of_calls(self):
        """The layer's stream, built by whichever call comes first, and only once."""
        if self._lacks_its_stream():
            with processes.lock():
                if self._lacks_its_stream():
                    self.build(None)
        return self._stream

    def _lacks_its_stream(self):
        """True of a layer inside another one, until it is called by itself."""
        return not self.built or (self.random and self._stream is None)

    def call(self, data, training=True, return_parameters=False):
        inputs = Inputs(self, data, checked=True)
        key = self._stream_of_calls().next() if training and self.random else None
        if training and return_parameters and not self.random:
            # Any key will do: nothing is drawn from it.
            key = random.key(0)
        try:
            return self._run_program(inputs, key, return_parameters)
        except Exception:
            if key is not None and self.random and backend.is_eager(inputs.images):
                self._stream.step_back(key)
            raise

    def compute_output_spec(self, data, training=True):
        inputs = Inputs(self, data, checked=True)
        return inputs.structured(specs_after(self, inputs, acting=training is not False))

    def save_own_variables(self, store):
        if self._stream is not None:
            self._stream.agree()
        if self._moving:
            scheduling.save(self, store)
        else:
            super().save_own_variables(store)

    def load_own_variables(self, store):
        if not scheduling.load(self, store):
            if len(store.keys()):
                self._stream_of_calls()
            super().load_own_variables(store)
        if self._stream is not None:
            self._stream.rewind()

    def __reduce__(self):
        state = None if self._stream is None else self._stream.read()
        return processes.pickled(self, state, moving.values_of(self))

    def get_config(self):
        config = super().get_config()
        for argument in arguments_of(type(self)):
            # Arguments whose name Keras has taken (`weights`) are kept under `weights_`.
            value = getattr(self, f"{argument}_", None) or getattr(self, argument)
            config[argument] = keras.saving.serialize_keras_object(value)
        home = {"home": processes.sent(self._home)} if processes.is_pickling() else {}
        return {**config, **home}

    @classmethod
    def from_config(cls, config):
        # In the pickle of a model, the config says where the original lives.
        home = config.get("home")
        home = processes.home() if home is None else processes.received(cls, config, home)
        config = {name: value for name, value in config.items() if name != "home"}
        layer = cls(**{k: keras.saving.deserialize_keras_object(v) for k, v in config.items()})
        layer._home = home
        return layer


setattr(AugmentationLayer, backend.AUTOGRAPH_MARK, {})
