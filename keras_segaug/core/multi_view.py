"""Several views of each sample, and the geometry between them."""

from collections.abc import Mapping
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import batches, branches
from keras_segaug.checks import views as view_checks
from keras_segaug.core import backend, describe, value_ranges
from keras_segaug.core.apply import apply, specs_after
from keras_segaug.core.backend import ops
from keras_segaug.core.composition import at_inference_elsewhere, layer_or_fail
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.parameters import known_size_of, size_of, taken, why_not_of
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.core.types import Parameters, Tensor, ValueRange
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.transfer import Path, transfer
from keras_segaug.engine.view import View


class MultiView(AugmentationLayer):
    """Several views of each sample, for consistency and semi-supervised learning.

    A call returns a dict with, for each name, what the view's layer makes of the data, in the
    caller's structure: `{"weak": (images, masks), "strong": (images, masks)}`. Each view draws
    independently. What `shared` does is drawn once and is the same in all views; its geometry and
    that of a view share one lookup.

    `transfer` moves what a network predicts for one view into the frame of another one.

    It must be the outermost layer: it cannot be in a `Pipeline`, and what comes before all views
    is `shared`. At inference random layers do nothing in any view; deterministic ones act. With
    `return_parameters=True` the parameters are {"shared": ..., "views": {name: ...}, "input_size":
    ...}; those of a view are for its layer, which is `views[name]`.

    Args:
        views: a mapping from names to keras_segaug layers. The draws of a view depend on its place
            in the mapping, not on its name.
        shared: None, or the layer that is applied before the views separate, such as a `Pipeline`.
        value_range: as in `Pipeline`.
        probability: chance, drawn for each sample separately, that the shared layer and the views
            act. Where they do not, all views of the sample are as at inference.
        **kwargs: see `AugmentationLayer`. The `seed`, `data_format`, `dtype`, `targets` and
            `jit_compile` of the layers inside are ignored.

    Raises:
        ValueError: for views that are not a mapping from names to layers.

    Example:

    >>> views = keras_segaug.MultiView(
    ...     {
    ...         "weak": keras_segaug.JointRandomFlip("horizontal"),
    ...         "strong": keras_segaug.Pipeline(
    ...             [keras_segaug.JointRandomRotation(0.1), keras_segaug.ImageOnlyContrast(0.3)]
    ...         ),
    ...     },
    ...     shared=keras_segaug.JointRandomCrop(6, 6),
    ...     seed=1,
    ... )
    >>> shown, parameters = views(np.zeros((2, 8, 8, 3)), return_parameters=True)
    >>> {name: tuple(images.shape) for name, images in shown.items()}
    {'weak': (2, 6, 6, 3), 'strong': (2, 6, 6, 3)}
    >>> scores = keras.ops.ones((2, 6, 6, 5))  # what a network says of shown["weak"]
    >>> moved, valid = views.transfer(scores, parameters, source="weak", target="strong")
    >>> tuple(moved.shape), tuple(valid.shape)
    ((2, 6, 6, 5), (2, 6, 6))
    """

    _gives_views = True

    def __init__(
        self,
        views: Mapping[str, AugmentationLayer],
        shared: AugmentationLayer | None = None,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        view_checks.names(self, views)
        inner = list(views.values()) + ([] if shared is None else [shared])
        for name, layer in views.items():
            layer_or_fail(self, f"views[{name!r}]", layer)
        if shared is not None:
            layer_or_fail(self, "shared", shared)
        # The base asks `random` while it checks `probability`.
        object.__setattr__(self, "_children", tuple(inner))
        super().__init__(value_range=value_range, **kwargs)
        self.views = dict(views)
        self.shared = shared
        # Hidden from Keras, which already tracks the layers that they hold.
        object.__setattr__(self, "_paths", {name: self._path_of(views[name]) for name in views})

    def _path_of(self, layer):
        layers = [layer] if self.shared is None else [self.shared, layer]
        settings = {"dtype": self.dtype_policy, "data_format": self.data_format}
        return Pipeline(layers, value_range=self.value_range, name="view", **settings)

    @property
    def random(self):  # type: ignore[override]  # decided by what it holds
        return any(layer.random for layer in self._children)

    def transfer(
        self,
        prediction: Tensor,
        parameters: Parameters,
        source: str = "weak",
        target: str = "strong",
        interpolation: str | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Moves a prediction for one view into the frame of another one.

        Undoes the source's geometry and applies the target's, in one lookup; exact for flips and
        quarter turns, smooth fields to 0.1 pixel. The classes of a `class_swap` are swapped in
        mirrored samples. Colors, erased regions and mask coding move nothing. Both views may have
        any size.

        Args:
            prediction: a network's output for the view `source`: scores (logits or probabilities),
                floats (B, H, W, K), which are interpolated; or labels, integers (B, H, W) or
                (B, H, W, 1), which are looked up as nearest.
            parameters: those of the call that gave the views.
            source: the name of the view that was predicted.
            target: the name of the view to move to.
            interpolation: of scores, "nearest", "bilinear" or "bicubic". None: "bilinear".

        Returns:
            `(moved, valid)`. `moved` has the target's height and width and the dtype of the
            prediction. `valid`, bool (B, H, W), marks the pixels that both views show. Such a
            pixel lies inside of the image that came in, and not in what a border was filled with,
            in the target and, with all pixels it is read from, in the source. A pixel reaches half
            a pixel beyond its center: at a border the image of a valid pixel may be blended with
            up to half of the fill, but its label is the image's. Elsewhere `moved` is 0.

        Raises:
            ValueError: for a prediction of another size, for parameters of layers that mix
                samples, and for those of `training=False`, which are None.
        """
        for argument, name in (("source", source), ("target", target)):
            view_checks.name(self, argument, name, self.views)
        layout = view_checks.prediction(self, prediction)
        scores = "float" in str(prediction.dtype)
        interpolation = view_checks.interpolation(self, interpolation, scores)
        if not isinstance(parameters, Mapping) or "input_size" not in parameters:
            accepted = "what a call with `return_parameters=True`, or `draw_parameters`, returned"
            checks.fail(self, "parameters", f"{accepted}, not at inference", parameters)
        with backend.ops_of(prediction):
            packed, parameters = layout.pack(prediction), taken(self, parameters)
            size = self._original_size(packed, parameters, source)
            start, end = (self._traced(parameters, name, size) for name in (source, target))
            count = parameters["input_size"].shape[0]
            view_checks.shows(self, source, packed.shape, count, start.size)
            view_checks.known_size(self, target, end.size)
            moved, valid = transfer(packed, start, end, interpolation)
            return layout.unpack(moved), valid

    def _said(self, parameters, number):
        parts = [(name, self.views[name], parameters["views"][name]) for name in self.views]
        if self.shared is not None:
            parts.insert(0, ("shared", self.shared, parameters["shared"]))
        return [
            f"{name}: {each}"
            for name, layer, drawn in parts
            for each in describe.sentences(layer, drawn, number)
        ]

    def invert(self, data, parameters, size=None, predictions=None):
        """Refused: the data would be those of one view. See `transfer`."""
        raise ValueError(
            "MultiView: `invert` is for layers with one result. Received a call of it. Move from "
            "view to view with `transfer(prediction, parameters, source, target)`; an `Identity()` "
            "among the views has the frame of what came in."
        )

    # --- What the base calls ---

    def _draw_all(self, draws):
        first, *others = draws.children(1 + len(self.views))
        layers = list(self.views.items())
        drawn = {
            "shared": {} if self.shared is None else self.shared._draw_all(first),
            "views": {
                name: layer._draw_all(each)
                for (name, layer), each in zip(layers, others, strict=True)
            },
        }
        if self._always_acts:
            return drawn
        moving = self._moving.get("probability")
        applied = draws.gate(draws.moving[moving] if moving else self.probability)
        return {"applied": applied, **self._each(at_inference_elsewhere, drawn, applied)}

    def _each(self, function, drawn, condition):
        shared = drawn["shared"]
        return {
            "shared": shared if self.shared is None else function(self.shared, shared, condition),
            "views": {
                name: function(layer, drawn["views"][name], condition)
                for name, layer in self.views.items()
            },
        }

    def _why_not(self, parameters):
        return why_not_of(self, parameters, ("shared", "views")) or view_checks.why_not(
            self, parameters
        )

    def _tree(self):
        first = "" if self.shared is None else self.shared._tree()
        return f"MultiView({','.join([first, *(each._tree() for each in self.views.values())])})"

    def _leaves(self, spec):
        for path in self._paths.values():
            yield from path._leaves(spec)

    def _planned(self, parameters, view):
        """({name: operations}, the parameters, finished)."""
        operations = {}
        for name in self._paths:
            found, parameters = self._along(
                name, parameters, lambda path, drawn: path._planned(drawn, view)
            )
            operations[name] = found
        return operations, parameters

    def _apply(self, inputs, parameters):
        results = {}
        for name in self._paths:
            moved, parameters = self._along(
                name, parameters, lambda path, drawn: apply(path, inputs, drawn)
            )
            results[name] = inputs.unpacked(moved)
        return results, parameters

    def _along(self, name, parameters, function):
        """(the function's result for a view's path and parameters, all parameters, finished)."""
        path = self._paths[name]
        if parameters is None:
            return function(path, None)[0], None
        drawn = parameters["views"][name]
        layers = (drawn,) if self.shared is None else (parameters["shared"], drawn)
        found, finished = function(path, {"layers": layers})
        *shared, drawn = finished["layers"]
        views = {**parameters["views"], name: drawn}
        # What one view has finished of the shared part holds for the others, too.
        return found, {**parameters, "shared": shared[0] if shared else {}, "views": views}

    def _write(self, inputs, tensors):
        # JAX sorts the keys of compiled results: restore the order of the views.
        return {name: inputs.write(tensors[name]) for name in self.views}

    def _look_at(self, inputs, acting):
        for path in self._paths.values():
            value_ranges.look_at(path, inputs, acting)
        batches.check(self, inputs, acting)

    def compute_output_spec(self, data, training=True):
        inputs = Inputs(self, data, checked=True)
        acting = training is not False
        return {
            name: inputs.structured(specs_after(path, inputs, acting))
            for name, path in self._paths.items()
        }

    # --- Transfer ---

    def _original_size(self, prediction, parameters, source):
        """(height, width) of the images that came in, as numbers where they can be known."""
        size = known_size_of(parameters)
        if size is None and branches.size_given(self._paths[source]) == "kept":
            return tuple(ops.shape(prediction)[1:3])
        if size is None and backend.is_eager(parameters["input_size"]):
            accepted = "those of images whose height and width are known"
            checks.fail(self, "parameters", accepted, parameters["input_size"])
        return size_of(parameters, ops.shape(prediction)[1:3])

    def _traced(self, parameters, name, size):
        """The `Path` of a view of images of this size."""
        path = self._paths[name]
        view = View(Spec(size, value_ranges.ANY), owner=self)
        operations, _ = self._along(name, parameters, lambda each, x: each._planned(x, view))
        count = 0
        if self.shared is not None:
            count = len(self.shared._planned(parameters["shared"], view)[0])
        end = path.output_spec(view.spec).size
        return Path(tuple(operations[:count]), tuple(operations[count:]), tuple(end))


setattr(MultiView.transfer, backend.AUTOGRAPH_MARK, {})
