"""The template of every layer, and its three kinds."""

import inspect
import random as python_random

import keras

from keras_segaug import backend, checks, random
from keras_segaug.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kernels.points import Points
from keras_segaug.kernels.resample import resample
from keras_segaug.sample import Batch, Sample


class AugmentationLayer(keras.layers.Layer):
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

    # False for layers that do the same to every sample, also at inference.
    random = True

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

    def __init__(
        self, probability=1.0, seed=None, data_format=None, jit_compile="auto", **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        self.probability = checks.number(self, "probability", probability, 0.0, 1.0)
        if self.probability < 1.0 and not self.random:
            checks.fail(self, "probability", "1 for a layer that is not random", probability)
        self.seed = checks.seed(self, seed)
        self.data_format = data_format or keras.config.image_data_format()
        checks.one_of(self, "data_format", self.data_format, ("channels_last", "channels_first"))
        self.jit_compile = checks.one_of(self, "jit_compile", jit_compile, ("auto", True, False))
        self._program = backend.Compiled(self._augment, self.jit_compile)
        self._state = self._tensorflow_state = None

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

    def merges(self, group):
        """Can this layer share one lookup with the steps before it?"""
        return False

    def run(self, group, batch):
        """Applies a group of steps that starts with this layer to a `Batch`."""
        raise NotImplementedError(f"{type(self).__name__} must derive from one of the three kinds.")

    # --- The public way in ---

    def __call__(self, data, masks=None, sample_weights=None, training=None):
        sample = Sample(self, data, masks, sample_weights)
        with backend.ops_of(sample.images):
            if backend.is_foreign(sample.images):
                # Keras' own `__call__` would ask its backend to convert TensorFlow's tensors.
                return sample.write(self.call(sample.tensors, training is not False))
            training = {} if training is None else {"training": training}
            return sample.write(super().__call__(sample.tensors, **training))

    def sample(self, shape, key):
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
            return self.draw_all(key)

    def draw_all(self, keys):
        """The drawn parameters and, where it is not certain, whether the layer acts at all."""
        if not self.random:
            return {}
        draws = random.Draws(keys)
        if self.probability == 1.0:
            return self.draw(draws)
        return {"applied": draws.bernoulli(self.probability), **self.draw(draws)}

    def apply(self, data, parameters):
        """Applies drawn parameters (or None: as at inference) to any accepted structure."""
        sample = Sample(self, data)
        with backend.ops_of(sample.images):
            layouts = sample.layouts()
            packed = keras.tree.map_structure_up_to(
                sample.tensors, lambda tensor, layout: layout.pack(tensor), sample.tensors, layouts
            )
            masks, weights = packed.get("masks", []), packed.get("sample_weights", [])
            flat = keras.tree.flatten
            batch = Batch(packed["images"], flat(masks), flat(weights))
            batch = run(self.steps(parameters), batch)
            result = {"images": as_dtype(batch.images, self.compute_dtype)}
            for role, tensors in (("masks", batch.masks), ("sample_weights", batch.weights)):
                if role in packed:
                    result[role] = keras.tree.pack_sequence_as(packed[role], tensors)
            result = keras.tree.map_structure_up_to(
                sample.tensors, lambda tensor, layout: layout.unpack(tensor), result, layouts
            )
            return sample.write(result)

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
        key = self._next_key() if training and self.random else None
        sample = Sample(self, data)
        size = sample.layouts()["images"].packed_shape(sample.images.shape)[1:3]
        try:
            return self._program(data, key, static=None not in size)
        except Exception:
            if key is not None and backend.is_eager(sample.images):
                backend.step_back(self._state)
            raise

    def _augment(self, tensors, key):
        images = tensors["images"]
        return self.apply(
            tensors, None if key is None else self.sample(ops.shape(images), key)
        )

    def _next_key(self):
        if not self.built:
            self.build()
        if backend.name() == keras.backend.backend():
            return backend.next_key(self._state)
        if self._tensorflow_state is None:
            self._tensorflow_state = backend.tensorflow_state(self._state)
        return backend.next_key(self._tensorflow_state)

    def compute_output_spec(self, data, training=True):
        sample = Sample(self, data)
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


def run(steps, batch):
    """Runs the steps in order, those that merge as one."""
    groups = []
    for step in steps:
        if groups and step[0].merges(groups[-1]):
            groups[-1].append(step)
        else:
            groups.append([step])
    for group in groups:
        batch = group[0][0].run(group, batch)
    return batch


def as_dtype(images, dtype):
    """Casts; into integers by rounding and clipping to what they can hold."""
    if keras.backend.standardize_dtype(images.dtype) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    rounded = ops.round(ops.cast(images, "float32"))
    return ops.cast(ops.clip(rounded, *checks.integer_limits(dtype)), dtype)


def where_applied(parameters, result, original):
    """Per sample: the result where the layer acts, the original elsewhere."""
    if "applied" not in (parameters or {}):
        return result
    return ops.where(ops.reshape(parameters["applied"], (-1, 1, 1, 1)), result, original)


class JointLayer(AugmentationLayer, abstract=True):
    """Geometry: a layer states where each output pixel looks, image and mask follow alike.

    Hooks: `draw(draws)` and `matrix(parameters, height, width)`.

    Args:
        fill_mode: what lies outside the picture: "reflect", "wrap", "nearest" or
            "constant", as in Keras.
        fill_value: the images' value outside, for "constant".
        mask_fill_value: the class outside, for "constant"; a one-hot mask gets the row of
            that class, or zeros where there is no such class. Weights get 0.
        interpolation: "nearest", "bilinear" or "bicubic", for the images. Masks and
            weights are always looked up as nearest.
        **kwargs: see `AugmentationLayer`.
    """

    # True where points fall on pixels only, so that the lookup needs no interpolation.
    exact = False
    # False where the points never leave the picture, so that the border does not matter.
    leaves_picture = True

    def __init__(
        self,
        fill_mode="reflect",
        fill_value=0.0,
        mask_fill_value=0,
        interpolation="bilinear",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.fill_mode = checks.one_of(self, "fill_mode", fill_mode, checks.FILL_MODES)
        self.fill_value = checks.number(self, "fill_value", fill_value)
        self.mask_fill_value = checks.integer(self, "mask_fill_value", mask_fill_value)
        self.interpolation = checks.one_of(
            self, "interpolation", interpolation, checks.INTERPOLATIONS
        )

    def matrix(self, parameters, height, width):
        """From output to input: a `kernels.matrices` matrix for pictures of this size."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`.")

    def rest_matrix(self, height, width):
        """The matrix at inference, and for samples that the layer leaves alone."""
        return matrices.IDENTITY

    def trace(self, points, parameters, height, width):
        """Follows points of the output of this layer into its input of this size."""
        rest = points.transformed(self.rest_matrix(height, width))
        if parameters is None and self.random:
            return rest
        moved = points.transformed(self.matrix(parameters, height, width))
        if "applied" not in (parameters or {}):
            return moved
        return Points.select(parameters["applied"], moved, rest)

    def lookup(self):
        """(interpolation, fill mode, fill value, mask fill value); None: any will do."""
        border = (self.fill_mode, self.fill_value, self.mask_fill_value)
        if not self.leaves_picture:
            border = (None, None, None)
        elif self.fill_mode != "constant":
            border = (self.fill_mode, None, None)
        return (None if self.exact else self.interpolation, *border)

    def merges(self, group):
        return isinstance(group[0][0], JointLayer) and (
            shared_lookup([layer for layer, _ in group] + [self]) is not None
        )

    def run(self, group, batch):
        sizes = [ops.shape(batch.images)[1:3]]
        for layer, _ in group:
            sizes.append(layer.output_size(*sizes[-1]))
        points = Points(*sizes[-1])
        for (layer, parameters), size in zip(reversed(group), reversed(sizes[:-1]), strict=True):
            points = layer.trace(points, parameters, *size)
        if points.is_identity:
            return batch
        columns, rows = points.grid()
        interpolation, mode, value, mask_value = shared_lookup([layer for layer, _ in group])
        mode = mode or "nearest"

        def read_labels(labels, fill):
            return resample(labels, columns, rows, "nearest", mode, fill)

        return Batch(
            resample(batch.images, columns, rows, interpolation or "nearest", mode, value or 0.0),
            [read_labels(mask, mask_fill(self, mask, mode, mask_value)) for mask in batch.masks],
            [read_labels(weights, 0) for weights in batch.weights],
        )


def shared_lookup(layers):
    """The one setting all these layers can be looked up with, or None where they differ."""
    merged = (None, None, None, None)
    for layer in layers:
        pairs = list(zip(merged, layer.lookup(), strict=True))
        if any(a is not None and b is not None and a != b for a, b in pairs):
            return None
        merged = tuple(b if a is None else a for a, b in pairs)
    return merged


def mask_fill(layer, mask, mode, value):
    """What a filled pixel of this mask holds: the class, or its one-hot row."""
    if mode != "constant":
        return 0
    channels = mask.shape[-1]
    if channels > 1:
        return [int(channel == value) for channel in range(channels)]
    checks.fits_dtype(layer, "mask_fill_value", value, keras.backend.standardize_dtype(mask.dtype))
    return value


class ImageOnlyLayer(AugmentationLayer, abstract=True):
    """Colour, noise, blur: the masks come back bit for bit.

    Hooks: `draw(draws)` and `transform_images(images, parameters)`.
    """

    def transform_images(self, images, parameters):
        """New images from float32 images (B, H, W, C); drawn numbers come as (B, 1, 1, 1)."""
        raise NotImplementedError(f"{type(self).__name__} must define `transform_images`.")

    def run(self, group, batch):
        (_, parameters), *_ = group
        if parameters is None and self.random:
            return batch
        images = ops.cast(batch.images, "float32")
        drawn = {
            name: ops.reshape(value, (-1, 1, 1, 1)) if len(value.shape) == 1 else value
            for name, value in (parameters or {}).items()
        }
        images = where_applied(parameters, self.transform_images(images, drawn), images)
        return Batch(images, batch.masks, batch.weights)


class MaskOnlyLayer(AugmentationLayer, abstract=True):
    """Masks into masks: the image comes back bit for bit.

    Hook: `transform_mask(mask)`, and `mask_channels(channels)` where that changes.
    """

    random = False

    def transform_mask(self, mask):
        """A new mask (B, H, W, K') of the same dtype from a mask (B, H, W, K)."""
        raise NotImplementedError(f"{type(self).__name__} must define `transform_mask`.")

    def run(self, group, batch):
        (_, parameters), *_ = group
        masks = [where_applied(parameters, self.transform_mask(m), m) for m in batch.masks]
        return Batch(batch.images, masks, batch.weights)
