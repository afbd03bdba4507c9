"""The template of every layer; `kinds.py` has its three kinds."""

import inspect
import random as python_random
from typing import Any

import keras

from keras_segaug import backend, checks, ranges
from keras_segaug.backend import ops
from keras_segaug.replay import Replay
from keras_segaug.sample import Batch, Sample
from keras_segaug.steps import run, undo
from keras_segaug.text import WrittenAsJson


class AugmentationLayer(Replay, WrittenAsJson, keras.layers.Layer):
    """The template: reads the sample, draws once, applies to image and mask, writes back.

    A layer is abstract or final. A final layer fills in the hooks of its kind
    (`JointLayer`, `ImageOnlyLayer`, `MaskOnlyLayer`) and overrides nothing else;
    its config is read from the signature of its `__init__` and the attributes of
    the same names.

    Args:
        probability: chance in [0, 1], for each sample on its own, that the layer acts.
            Where it does not, the sample is treated as at inference.
        seed: integer or None. One seed gives the same parameters on every backend,
            eager, compiled and in `tf.data`. Inside a `Pipeline` the pipeline's counts.
        data_format: "channels_last" or "channels_first"; None takes Keras' setting.
        jit_compile: "auto" compiles with XLA wherever height and width are known;
            True always, False never. The torch backend does not compile.
        **kwargs: `name`, `dtype`, `trainable`, as in `keras.layers.Layer`. Images come
            back in the compute dtype; with "uint8" they are rounded and clipped.
    """

    is_abstract = True
    # False for layers that do the same to every sample, also at inference.
    random = True
    # Does it move pixels? Then it has `undo(group, batch, size)`, which moves them back.
    moves = False
    # "images" or "masks" where a layer leaves everything else alone.
    touches = "all"
    # The one warning about the value range has been given.
    _warned_of_range = False

    def __init_subclass__(cls, abstract=False, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.is_abstract = abstract
        if not all(vars(base).get("is_abstract", True) for base in cls.__mro__[1:]):
            raise TypeError(f"{cls.__name__}: layers are final. Derive from one of the bases.")
        if not abstract and {"call", "__call__"} & set(vars(cls)):
            raise TypeError(f"{cls.__name__}: `call` belongs to the base. Fill in its hooks.")
        if not abstract:
            package = cls.__module__.partition(".")[0]
            keras.saving.register_keras_serializable(package)(cls)

    def __init__(self, probability=1.0, seed=None, data_format=None, jit_compile="auto", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.probability = checks.number(self, "probability", probability, 0.0, 1.0)
        if self.probability < 1.0 and not self.random:
            checks.fail(self, "probability", "1 for a layer that is not random", probability)
        self.seed = checks.seed(self, seed)
        self.data_format = data_format or keras.config.image_data_format()
        checks.one_of(self, "data_format", self.data_format, ("channels_last", "channels_first"))
        self.jit_compile = checks.one_of(self, "jit_compile", jit_compile, ("auto", True, False))
        self._program = backend.Compiled(self._augment, self.jit_compile)
        self._state: Any = None
        self._tensorflow_state: Any = None

    # --- What a kind or a composition fills in ---

    def draw(self, draws):
        """The parameters of a batch: a dict of tensors (B, ...), from `random.Draws`."""
        return {}

    def output_size(self, height, width):
        """The height and width of the result."""
        return height, width

    def mask_channels(self, channels):
        """The number of channels of a mask of the result."""
        return channels

    def steps(self, parameters):
        """The leaf layers in their order, each with its parameters (None at inference)."""
        return [(self, parameters)]

    @property
    def uses_range(self):
        """Does it need to know the value range? It finds it in its parameters, then."""
        return hasattr(self, "value_range")

    def range_after(self, value_range, acting=True):
        """The `ranges.ValueRange` (or `Unknown`) of the result; not acting: as at inference."""
        return value_range

    def ranged(self, value_range, acting=True):
        """The leaf layers, as `steps` has them, each with the range of the images it gets."""
        return [(self, value_range)]

    def merges(self, group):
        """Can this layer share one lookup with the steps before it?"""
        return False

    def aim(self, parameters, batch):
        """The drawn parameters, completed by what the batch shows.

        Called for the first layer of a group only, since later ones would need what the
        earlier ones have not yet made: a layer that aims must not merge (see `merges`).
        """
        return parameters

    def by_picture(self, group, size):
        """Does a group that starts with this layer read a pixel more than once, or out of order?

        On a CPU it gains by being through with a picture before it turns to the next.
        """
        return False

    def run(self, group, batch):
        """Applies a group of steps that starts with this layer to a `Batch`."""
        raise NotImplementedError(f"{type(self).__name__} must derive from one of the three kinds.")

    # --- The public way in ---

    @backend.left_to_run
    def __call__(self, data, masks=None, sample_weights=None, training=None):
        sample = Sample(self, data, masks, sample_weights)
        with backend.ops_of(sample.images):
            if backend.is_foreign(sample.images):
                # Keras' own `__call__` would ask its backend to convert TensorFlow's tensors.
                return sample.write(self.call(sample.tensors, training is not False))
            if training is None and backend.called_by_a_network():
                training = False
            said = {} if training is None else {"training": training}
            return sample.write(super().__call__(sample.tensors, **said))

    def draw_all(self, draws):
        """The drawn parameters and, where it is not certain, whether the layer acts at all."""
        if not self.random:
            return {}
        if self.probability == 1.0:
            return self.draw(draws)
        return {"applied": draws.bernoulli(self.probability), **self.draw(draws)}

    def _apply(self, sample, parameters, size=None):
        layouts = sample.layouts()
        packed = keras.tree.map_structure_up_to(
            sample.tensors, lambda tensor, layout: layout.pack(tensor), sample.tensors, layouts
        )
        masks, weights = packed.get("masks", []), packed.get("sample_weights", [])
        flat = keras.tree.flatten
        batch = Batch(packed["images"], flat(masks), flat(weights))
        dtype = self.compute_dtype
        if size is None:
            batch = run(ranges.completed(self, parameters, sample.images), batch, dtype)
        else:
            batch = undo(self.steps(parameters), batch, size, dtype)
        result = {"images": batch.images}
        for role, tensors in (("masks", batch.masks), ("sample_weights", batch.weights)):
            if role in packed:
                result[role] = keras.tree.pack_sequence_as(packed[role], tensors)
        return keras.tree.map_structure_up_to(
            sample.tensors, lambda tensor, layout: layout.unpack(tensor), result, layouts
        )

    # --- Keras ---

    def build(self, input_shape=None):
        self._seed = python_random.randrange(1 << 32) if self.seed is None else self.seed
        self._state = self.add_weight(
            name="random_state",
            shape=(3,),
            dtype=backend.state_dtype(),
            initializer=backend.initial_state(self._seed % (1 << 32)),
            trainable=False,
            autocast=False,
        )

    def call(self, data, training=True):
        sample = Sample(self, data, checked=True)
        key = self._next_key() if training and self.random else None
        try:
            return self._run_program(sample, key)
        except Exception:
            if key is not None and backend.is_eager(sample.images):
                backend.step_back(self._state)
            raise

    def _run_program(self, sample, key):
        ranges.look_at(self, sample.images, acting=key is not None)
        size = sample.layouts()["images"].packed_shape(sample.images.shape)[1:3]
        return self._program(sample.tensors, key, size)

    def _augment(self, tensors, key):
        sample = Sample(self, tensors, checked=True)
        drawn = None if key is None else self.draw_parameters(ops.shape(sample.images), key)
        return self._apply(sample, drawn)

    def _next_key(self):
        if not self.built:
            self.build()
        if backend.name() == keras.backend.backend():
            return backend.next_key(self._state)
        if self._tensorflow_state is None:
            self._tensorflow_state = backend.tensorflow_state(self._state)
        return backend.next_key(self._tensorflow_state)

    def compute_output_spec(self, data, training=True):
        sample = Sample(self, data, checked=True)
        layouts = sample.layouts()

        def spec(tensor, layout, dtype=None, channels=lambda count: count):
            batch, height, width, count = layout.packed_shape(tensor.shape)
            shape = (batch, *self.output_size(height, width), channels(count))
            return keras.KerasTensor(layout.unpacked_shape(shape), dtype or tensor.dtype)

        result = {"images": spec(sample.images, layouts["images"], self.compute_dtype)}
        for role, channels in (("masks", self.mask_channels), ("sample_weights", lambda n: n)):
            if role in sample.tensors:
                result[role] = keras.tree.map_structure(
                    lambda tensor, layout, channels=channels: spec(
                        tensor, layout, channels=channels
                    ),
                    sample.tensors[role],
                    layouts[role],
                )
        return result

    def save_own_variables(self, store):
        if self._tensorflow_state is not None:
            self._state.assign(self._tensorflow_state.numpy().astype(backend.state_dtype()))
        super().save_own_variables(store)

    def get_config(self):
        config = super().get_config()
        for argument in arguments_of(type(self)):
            # An underscore after a name that Keras has taken (`weights`).
            value = getattr(self, f"{argument}_", None) or getattr(self, argument)
            config[argument] = keras.saving.serialize_keras_object(value)
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**{k: keras.saving.deserialize_keras_object(v) for k, v in config.items()})


setattr(AugmentationLayer, backend.AUTOGRAPH_MARK, {})


def arguments_of(cls):
    """The names of all `__init__` arguments of a layer class, its bases' included."""
    return {
        parameter.name: None
        for base in cls.__mro__[: cls.__mro__.index(AugmentationLayer) + 1]
        if "__init__" in vars(base)
        for parameter in list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        if parameter.kind is not parameter.VAR_KEYWORD
    }
