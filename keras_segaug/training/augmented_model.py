"""A model that augments its training data."""

import inspect
from typing import Any

import keras

from keras_segaug.core import backend, training_backend
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.training import fit_checks
from keras_segaug.training import weights as pixel_weights
from keras_segaug.training.entries import Entries


@keras.saving.register_keras_serializable("keras_segaug")
class AugmentedModel(keras.Model):
    """Trains a model on augmented images and masks; predicts and evaluates without augmentation.

    `fit` and `train_on_batch` augment each batch on the device, inside the train step, which is
    compiled together with the model on TensorFlow and JAX. `evaluate`, `predict`, calls and
    validation go straight to the model.

    Data may be `(images, masks)` or `(images, masks, sample_weights)`, as arrays, a dataset or
    whatever else Keras takes; or a dataset of mappings as the layers take them, such as
    `{"images": ..., "segmentation_masks": ...}`. From a mapping a model gets the images or, if its
    inputs are a mapping, the entries that they name. Further inputs that must move with the images
    are named in `targets` of the augmentation: by their key in a mapping
    (`fit({"images": images, "depth": depth}, masks)`), or in a list by their number, counted from 3
    (`fit([images, depth], masks)` has the depth at 3).

    The loss gets masks in their own dtype, the model gets images in the augmentation's compute
    dtype. Weights of pixels (B, H, W) move with the masks, and are 0 where an image shows nothing
    of the original. One weight per sample stays as it is, for losses of whole samples. For losses
    of pixels it is refused, since Keras would take it for a row of pixel weights: repeat it for
    each pixel. `class_weight` weights every pixel by its class after the augmentation, and
    multiplies any given weights; for one-hot and soft masks the weights of the channels are added
    up. A class that it does not name has the weight 1.

    The n-th step since the model was made draws what the augmentation's n-th call draws: it is
    `augmentation.augment(batch, augmentation.call_key(n))`. The position in the stream of draws is
    saved with the model and its weights, so that training goes on with new draws after loading, and
    after `keras.callbacks.BackupAndRestore`.

    `save` writes a `.keras` file, which loads after `import keras_segaug`. `export` writes the
    model alone.

    Args:
        model: a `keras.Model`, functional or subclassed. A model of KerasHub must have no
            preprocessor. It is trained in place: `.model` has the weights.
        augmentation: a layer of this package, such as a `Pipeline`. Whatever it does only in
            training must be random: `ImageOnlyRescaling` and the like belong in the model.
            Resizing, padding and cropping are accepted.
        mask_transform: None, or a function or Keras layer that turns the (augmented) masks into the
            targets of the loss: one-hot masks, edges, masks resized for each of several outputs (a
            list or mapping like the outputs). It also runs in `evaluate`, and must be registered
            with `keras.saving.register_keras_serializable` to be loaded. Weights of pixels are
            adapted to targets of other sizes.
        **kwargs: `name`, `dtype`, `trainable`, as in `keras.Model`; the dtype is the model's.

    Raises:
        ValueError: for arguments that do not fit; by `fit`, before the first step, without masks,
            for masks of another size than the output, for images of another size than the
            model's input, for text and ragged data.

    Example:

    >>> network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)])
    >>> model = keras_segaug.AugmentedModel(
    ...     network, keras_segaug.JointRandomFlip("horizontal", seed=1)
    ... )
    >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    >>> model.compile("sgd", loss)
    >>> history = model.fit(np.zeros((4, 8, 8, 3)), np.ones((4, 8, 8), "uint8"), verbose=0)
    >>> model.predict(np.zeros((1, 8, 8, 3)), verbose=0).shape
    (1, 8, 8, 2)
    """

    def __init__(
        self,
        model: keras.Model,
        augmentation: AugmentationLayer,
        mask_transform: Any = None,
        **kwargs: Any,
    ) -> None:
        fit_checks.check_model(self, model)
        fit_checks.check_augmentation(self, augmentation)
        fit_checks.check_mask_transform(self, mask_transform)
        # The model casts its inputs itself.
        super().__init__(**{"dtype": model.dtype_policy, "autocast": False, **kwargs})
        self.model = model
        self.augmentation = augmentation
        self.mask_transform = mask_transform
        self._fitting = _Fitting()
        # The stream's state is a weight of this model, so it must exist before training begins.
        augmentation._stream_of_calls()
        self.built = model.built

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.model(inputs, training=training)

    # --- Training ---

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.fit`, on augmented data; `class_weight` applies to each pixel's class."""
        return self._trained("fit", args, kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`, on augmented data."""
        return self._trained("train_on_batch", args, kwargs)

    def _trained(self, method, args, kwargs):
        function = getattr(super(), method)
        bound = inspect.signature(function).bind(*args, **kwargs)
        given = bound.arguments
        fit_checks.check_arrays(self, given.get("x"), given.get("y"))
        # Keras' own class weights are for one label per sample.
        table = pixel_weights.table(self, given.pop("class_weight", None))
        if table != self._fitting.table:
            self._fitting.table, self.train_function = table, None
        self._look_before(given)
        self._fitting.begins = True
        try:
            return function(*bound.args, **bound.kwargs)
        except (TypeError, ValueError):
            # Keras' own errors about text and lists from a generator suggest no cure.
            fit_checks.check_arrays(self, *fit_checks.next_of(given.get("x")))
            raise
        finally:
            self._fitting.begins = False

    def _look_before(self, given):
        """Checks the data of `fit` if they are arrays: a compiled step cannot see their values."""
        data = tuple(given.get(name) for name in ("x", "y", "sample_weight"))
        if not fit_checks.are_arrays(data):
            return
        self._checked(data)
        ranks = [len(each.shape) for each in keras.tree.flatten(data) if each is not None]
        if ranks != self._fitting.ranks:
            # TensorFlow would trace one program for both, in which the number of axes is unknown.
            self._fitting.ranks, self.train_function = ranks, None
        its_own = given.get("validation_data")
        if its_own is None and given.get("validation_split"):
            its_own = data
        if fit_checks.are_arrays(its_own):
            fit_checks.check_validation(self, Entries(self, its_own).x)

    def train_step(self, *arguments: Any) -> Any:
        return training_backend.after(self._augmented, self, super().train_step, arguments)

    def test_step(self, *arguments: Any) -> Any:
        *state, data = arguments
        return super().test_step(*state, self._as_it_is(data))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """As `keras.Model.compute_loss`, with weights of pixels for what is a loss of pixels."""
        if sample_weight is not None:
            sample_weight = fit_checks.weights_of_the_loss(self, y, y_pred, sample_weight)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def predict_step(self, *arguments: Any) -> Any:
        *state, data = arguments
        x = Entries(self, data).x
        return super().predict_step(*state, keras.utils.pack_x_y_sample_weight(x))

    def _augmented(self, data):
        """What the loss and the model get from a training batch."""
        self._checked(data)
        entries = Entries(self, data)
        augmented = self.augmentation(entries.joined(), training=True)
        x, y, weights = entries.apart(augmented)
        return self._for_the_loss(x, y, weights, self._fitting.table)

    def _as_it_is(self, data):
        entries = Entries(self, data)
        return self._for_the_loss(entries.x, entries.y, entries.weights, None)

    def _for_the_loss(self, x, y, weights, table):
        layout = self.augmentation.data_format
        if table is not None:
            weights = pixel_weights.of_classes(self, table, y, weights, layout)
        if self.mask_transform is not None and y is not None:
            y = self.mask_transform(y)
            weights = pixel_weights.fitting(self, weights, y, layout)
        return keras.utils.pack_x_y_sample_weight(x, y, weights)

    # --- Before the first step ---

    def _checked(self, data):
        """What a step makes of such data, as `keras.KerasTensor`s; each kind is checked once."""
        Entries(self, data).check()
        if self.loss is not self._fitting.loss:
            # The model was compiled again.
            self._fitting.loss, self._fitting.specs = self.loss, {}
        kind = (self._fitting.table is None, *_kind_of(data))
        if kind not in self._fitting.specs:
            fit_checks.check_weights_of(self, self.augmentation)
            self._fitting.specs[kind] = self._spec_of_a_step(data)
        return self._fitting.specs[kind]

    def _spec_of_a_step(self, data):
        """What `_augmented` gives; raises where augmentation, model and data do not fit."""
        # Ragged and sparse data have no such shape and are refused here.
        entries = Entries(self, fit_checks.first_samples(data))
        self.augmentation._look_at(Inputs(self.augmentation, entries.joined()), True)
        entries = Entries(self, keras.tree.map_structure(_spec, data, none_is_leaf=False))
        inputs = Inputs(self.augmentation, entries.joined())
        made = self.augmentation.compute_output_spec(inputs.tensors, training=True)
        x, y, weights = entries.apart(inputs.write(made))
        fit_checks.check_input(self, entries.x, x)
        table = self._fitting.table
        given = training_backend.output_spec(
            lambda x, y, weights: self._for_the_loss(x, y, weights, table), x, y, weights
        )
        _, targets, weights = keras.utils.unpack_x_y_sample_weight(given)
        if backend.in_stateless_scope():
            # Within a step, JAX has taken the values out of the variables.
            count = keras.tree.flatten(data)[0].shape[0]
            outputs = training_backend.output_spec_in_a_step(self, x, count, training=False)
        else:
            outputs = training_backend.output_spec(self, x, training=False)
        fit_checks.check_output(self, targets, outputs)
        fit_checks.weights_of_the_loss(self, targets, outputs, weights)
        return given

    def _symbolic_build(self, iterator=None, data_batch=None):
        """Keras' hook before the first step, with what the step will see."""
        training, self._fitting.begins = self._fitting.begins, False
        if data_batch is None:
            data_batch = training_backend.first_batch(iterator)
        if training:
            data_batch = self._checked(data_batch)
        else:
            specs = keras.tree.map_structure(_spec, data_batch, none_is_leaf=False)
            data_batch = training_backend.output_spec(self._as_it_is, specs)
        getattr(super(), training_backend.BUILD_HOOK)(data_batch=data_batch)

    # --- Saving ---

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.export`, of the model alone: nothing in the file augments."""
        return self.model.export(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize(self.dtype_policy),
            "model": serialize(self.model),
            "augmentation": serialize(self.augmentation),
            "mask_transform": serialize(self.mask_transform),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AugmentedModel":
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{k: deserialize(v, custom_objects) for k, v in config.items()})


class _Fitting:
    """State of the running `fit`, which is never saved.

    `table`: the weights of classes; `begins`: has `fit` been called, but no data been seen yet?
    `specs`: what a step makes of the kinds of data seen so far, with this `loss`; `ranks`: the
    numbers of axes of the arrays of the last `fit`.
    """

    def __init__(self):
        self.table = None
        self.begins = False
        self.specs = {}
        self.loss = self.ranks = None


def _spec(tensor):
    """The spec of a tensor, for any batch size."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return keras.KerasTensor((None, *tensor.shape[1:]), dtype)


def _kind_of(data):
    """Everything that decides whether data fit."""
    leaves = keras.tree.flatten_with_path(data)
    dtype_of = keras.backend.standardize_dtype
    return tuple(
        (path, tuple(each.shape[1:]), dtype_of(each.dtype))
        for path, each in leaves
        if each is not None
    )
