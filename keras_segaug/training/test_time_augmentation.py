"""Predicts several views of an image, and in windows, and merges the predictions."""

import inspect
from collections.abc import Sequence
from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.checks import test_time
from keras_segaug.core import backend, training_backend
from keras_segaug.core.backend import ops
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import Tensor
from keras_segaug.training import merging, tiles
from keras_segaug.training.prediction import predicted
from keras_segaug.training.views import checked as checked_views
from keras_segaug.training.views import views_of


@keras.saving.register_keras_serializable("keras_segaug")
class TestTimeAugmentation(keras.Model):
    """Predicts several views of each image, moves the predictions back, and merges them.

    A model around a model: `tta(images)` and `tta.predict(images)` give a map of class scores in
    float32, like the model itself. The unchanged image is always the first view, so that every
    pixel is seen. Pixels that another view does not show do not count in that view (pixels that it
    shows erased or in other colors do), and the classes of a `class_swap` are swapped back in the
    channels of mirrored views. Flips and quarter turns are copied; other geometry is interpolated
    once each way. The model always infers (`training=False`), and gets images as float32.

    A view is the same for all images and all calls, so that no prediction depends on the rest of
    its batch. Several outputs (a list or mapping), all of the images' size, are each merged.

    Args:
        model: a Keras model (or layer) that takes images (B, H, W, C) and gives scores, floats (B,
            H, W, K), one channel per class; or several such maps.
        views: which views to add to the unchanged image:

            - "flips": mirrored horizontally, vertically, and both: 4 views in all.
            - "d4": the symmetries of a square, including quarter turns: 8 views in all. Images
              that are not square would change their shape with a quarter turn: they get "flips".
            - a layer of this package: `JointRandomFlip` and `JointRandomRotate90` give one view
              for each of their outcomes (with their `class_swap`); a deterministic layer gives one
              view; any other layer is drawn 7 times, from its `seed`, or 0 where it has none.
            - a list of layers: one draw of each, from its `seed` and its place in the list. (Flips
              and quarter turns again give all their outcomes.) `[layer] * 3` is three draws of one
              layer.
            - None: no further views, to use `tile` alone.

            A layer may change the size (JointResizing, crops) if the model takes any size.
        merge: "mean": the mean of what the model gives. "geometric_mean": that of probabilities,
            divided by their sum (for one channel, the sum over both classes); needs `logits`.
            "max": the largest value of each channel. "vote": the share of the views, in [0, 1], in
            which the class is the first with the highest score (for one channel, in which its
            probability is above 0.5; this needs `logits`).
        uncertainty: also return, for each pixel, the entropy of the merged probabilities in nats,
            (B, H, W), and the standard deviation of the views in each class, (B, H, W, K): the
            tuple (merged, entropy, deviation). Needs `logits`.
        tile: None, or (height, width): images of any size are predicted in overlapping windows of
            this size; each pixel is a mean weighted by Hann's window, which is nowhere 0. The
            memory needed is that of one window (of each image of the batch) and its views, plus the
            images and the result. Images smaller than a window are mirrored at their edges.
        overlap: share of a window, in [0, 1), that the next one also shows.
        batch_views: how many views at most are predicted as one batch, which limits the memory.
            None: all that have the same size.
        logits: what the model gives. True: logits, to which a softmax over the channels is applied
            first (a sigmoid for one channel); False: probabilities. None: not stated, and what the
            model gives is merged as it is.
        data_format: "channels_last" or "channels_first", of images and maps; None takes Keras'
            setting. (The `data_format` of the layers in `views` is ignored.)
        **kwargs: `name`, `dtype`, `trainable`, as in `keras.layers.Layer`.

    Raises:
        ValueError: for a layer that cannot be moved back (one that mixes samples, or looks at
            masks), for an unknown `merge`, where `logits` is needed but None, for a `tile` or a
            view of another size than the model takes, and for outputs that are not maps of the
            images' size.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.Conv2D(2, 3, padding="same")(inputs))
    >>> tta = keras_segaug.TestTimeAugmentation(network, "flips", tile=(8, 8), batch_views=2)
    >>> tuple(tta(np.ones((1, 8, 12, 3), "float32")).shape)
    (1, 8, 12, 2)
    """

    # Unlike the layers, not a base to derive from; and not a test for pytest to collect.
    is_abstract = False
    __test__ = False

    def __init__(
        self,
        model: Any,
        views: str | AugmentationLayer | Sequence[AugmentationLayer] | None = "flips",
        merge: str = "mean",
        uncertainty: bool = False,
        tile: Sequence[int] | None = None,
        overlap: float = 0.5,
        batch_views: int | None = None,
        logits: bool | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        test_time.model(self, model)
        super().__init__(autocast=False, **kwargs)
        self.model = model
        self.views = checked_views(self, views)
        self.merge = checks.one_of(self, "merge", merge, merging.MERGES)
        self.uncertainty = checks.one_of(self, "uncertainty", uncertainty, (True, False))
        # A tuple, which Keras does not turn into a tracked list.
        self.tile = test_time.tile(self, tile)
        self.overlap = test_time.overlap(self, overlap)
        if batch_views is not None:
            checks.positive_integer(self, "batch_views", batch_views)
        self.batch_views = batch_views
        self.logits = checks.one_of(self, "logits", logits, (None, True, False))
        self.data_format = data_format or keras.config.image_data_format()
        checks.one_of(self, "data_format", self.data_format, ("channels_last", "channels_first"))
        # Hidden from Keras' tracking: they hold layers that it already tracks.
        object.__setattr__(self, "_ways", views_of(views))
        test_time.logits_said(self)
        test_time.fits(self, self._input_shape(), self._ways)
        shape = self._shape_of_images()
        if shape is not None:
            self.build(shape)

    # --- Keras ---

    def build(self, input_shape):
        test_time.shape_of_images(self, input_shape)
        if not self.model.built:
            shape = self._last(input_shape)
            shape = self._ordered((shape[0], *(self.tile or shape[1:3]), shape[3]))
            # A call builds the model's layers, even if a subclassed model has no `build`.
            spec = keras.KerasTensor(shape, "float32")
            training_backend.output_spec(self.model, spec, **self._said())
        self.built = True

    def call(self, images: Tensor, training: bool | None = None) -> Any:
        test_time.images(self, images)
        images = self._to_last(ops.cast(images, "float32"))
        if self.tile is None:
            maps, like = self._merged(images, self._views_of(images.shape[1:3]))
        else:
            maps, like = self._blended(images)
        count = len(keras.tree.flatten(like))
        results = [[self._to_own(each) for each in maps[:count]]]
        if self.uncertainty:
            results.append([merging.entropy(each) for each in maps[:count]])
            results.append([self._to_own(each) for each in maps[count:]])
        packed = tuple(keras.tree.pack_sequence_as(like, each) for each in results)
        return packed if self.uncertainty else packed[0]

    def compute_output_spec(self, images, training=None):
        test_time.images(self, images)
        shape = self._last(images.shape)
        maps = self._spec_of_maps(shape if self.tile is None else (shape[0], *self.tile, shape[3]))

        def spec(each):
            channels = self._last(each.shape)[3]
            return keras.KerasTensor(self._ordered((*shape[:3], channels)), "float32")

        def flat(_):
            return keras.KerasTensor(shape[:3], "float32")

        # Each tensor is a separate object: a functional model identifies it by that.
        found = [keras.tree.map_structure(each, maps) for each in (spec, flat, spec)]
        return tuple(found) if self.uncertainty else found[0]

    def export(self, filepath: Any, format: str = "tf_saved_model", **kwargs: Any) -> None:
        """As `keras.Model.export`, for the image sizes that the model takes; any size with tiles.

        Args:
            filepath: where to write to.
            format: as Keras calls it.
            **kwargs: see `keras.Model.export`. Without `input_signature` one is made from the input
                of the model, if that is known, for float32.
        """
        shape = self._shape_of_images()
        if shape is not None and kwargs.get("input_signature") is None:
            kwargs["input_signature"] = [keras.InputSpec(shape=shape, dtype="float32")]
        super().export(filepath, format=format, **kwargs)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: train the inner model instead."""
        test_time.no_training(self, "fit")

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Refused, like `fit`."""
        test_time.no_training(self, "train_on_batch")

    def get_config(self):
        names = ("merge", "uncertainty", "tile", "overlap", "batch_views", "logits", "data_format")
        return {
            **super().get_config(),
            "model": keras.saving.serialize_keras_object(self.model),
            "views": keras.saving.serialize_keras_object(self.views),
            **{name: getattr(self, name) for name in names},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        read = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("model", "views")
        }
        return cls(**{**config, **read})

    # --- Prediction ---

    def _merged(self, images, views):
        """(the merged maps, then their deviations if requested; a structure like the outputs)."""
        structures = []

        def predict(images):
            outputs = self.model(self._to_own(images), **self._said())
            structures.append(test_time.maps(self, outputs, tuple(images.shape)))
            flat = [self._to_last(ops.cast(x, "float32")) for x in keras.tree.flatten(outputs)]
            return [merging.probabilities(each, self.logits) for each in flat]

        running = predicted(self, predict, images, views, self.batch_views)
        maps = [each.merged() for each in running]
        if self.uncertainty:
            maps += [each.deviation() for each in running]
        return maps, structures[0]

    def _blended(self, images):
        """As `_merged`, but in windows."""
        like = self._spec_of_maps((images.shape[0], *self.tile, images.shape[3]))
        channels = [self._last(each.shape)[3] for each in keras.tree.flatten(like)]
        views = self._views_of(self.tile)
        found = tiles.blended(
            lambda window: self._merged(window, views)[0],
            images,
            self.tile,
            self.overlap,
            channels * (2 if self.uncertainty else 1),
        )
        return found, like

    def _views_of(self, size):
        # For an image that is not square, a quarter turn becomes a half turn, which is there
        # already.
        oblong = None not in size and size[0] != size[1]
        return [view for view in self._ways if not (oblong and view.turns)]

    def _spec_of_maps(self, shape):
        """What the model gives for images of a shape with the channels last."""
        images = keras.KerasTensor(self._ordered(shape), "float32")
        said, known = self._said(), isinstance(shape[0], int)
        if known and backend.runs_on("jax") and backend.in_stateless_scope():
            # Within a step, the variables of a subclassed model are empty.
            found = training_backend.output_spec_in_a_step(self.model, images, shape[0], **said)
        else:
            found = self.model.compute_output_spec(images, **said)
        return test_time.maps(self, found, shape)

    def _said(self):
        takes_it = "training" in inspect.signature(self.model.call).parameters
        return {"training": False} if takes_it else {}

    # --- The order of axes ---

    def _input_shape(self):
        """The model's input shape, channels last; None if the model does not state it."""
        shape = test_time.shapes_of(self.model, "input")
        return None if shape is None or len(shape) != 4 else self._last(shape)

    def _shape_of_images(self):
        """The shape of images that this model takes, in its own order of axes; or None."""
        shape = self._input_shape()
        if shape is None:
            return None
        _, height, width, channels = shape
        size = (height, width) if self.tile is None else (None, None)
        return self._ordered((None, *size, channels))

    def _last(self, shape):
        shape = tuple(shape)
        return shape if self.data_format == "channels_last" else (shape[0], *shape[2:], shape[1])

    def _ordered(self, shape):
        shape = tuple(shape)
        return shape if self.data_format == "channels_last" else (shape[0], shape[3], *shape[1:3])

    def _to_last(self, tensor):
        return (
            tensor if self.data_format == "channels_last" else ops.transpose(tensor, (0, 2, 3, 1))
        )

    def _to_own(self, tensor):
        return (
            tensor if self.data_format == "channels_last" else ops.transpose(tensor, (0, 3, 1, 2))
        )


setattr(TestTimeAugmentation, backend.AUTOGRAPH_MARK, {})
