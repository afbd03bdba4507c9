"""Checks of what `MultiView` is given: its views, and a prediction to be moved."""

from collections.abc import Mapping

from keras_segaug import checks
from keras_segaug.core import backend
from keras_segaug.core.tensor_layout import Layout, shape_of

# Configs and JSON texts mark classes by these keys.
_TAKEN = ("class", "class_name")


def one_result(owner, augmentation):
    """Raises for a layer that gives several views."""
    if getattr(augmentation, "_gives_views", False):
        raise ValueError(
            f"{checks.name_of(owner)}: the augmentation must give one result. Received a "
            f"{type(augmentation).__name__}. Give its views, one after the other: "
            f"`layer.views[{next(iter(augmentation.views))!r}]`, or `layer.shared`."
        )


def names(owner, views):
    """Raises for what is not a mapping from names to something."""
    accepted = 'a non-empty mapping from names to layers, {"weak": layer, "strong": other}'
    if not isinstance(views, Mapping) or not views:
        checks.fail(owner, "views", accepted, views)
    for name in views:
        if not isinstance(name, str) or not name or name in _TAKEN:
            taken = " or ".join(map(repr, _TAKEN))
            checks.fail(owner, "views", f"{accepted}; a name is text, and not {taken}", name)


def name(owner, argument, value, views):
    """The name of one of the views."""
    if not isinstance(value, str) or value not in views:
        accepted = f"the name of a view, {' or '.join(map(repr, views))}"
        checks.fail(owner, argument, accepted, value)
    return value


def interpolation(owner, value, scores):
    """How a prediction is read: scores bilinearly by default, labels always as nearest."""
    if value is None:
        return "bilinear" if scores else "nearest"
    checks.one_of(owner, "interpolation", value, checks.INTERPOLATIONS)
    if not scores and value != "nearest":
        accepted = (
            'None or "nearest" for labels, which have no mean; scores, floats with one channel a '
            "class, are interpolated"
        )
        checks.fail(owner, "interpolation", accepted, value)
    return value


def prediction(owner, prediction):
    """The `Layout` of a prediction: floats (B, H, W, K), or integers (B, H, W) or (B, H, W, K)."""
    accepted = (
        "scores, floats (batch, height, width, classes), or labels, integers (batch, height, "
        "width) or (batch, height, width, 1)"
    )
    shape, dtype = shape_of(prediction), str(getattr(prediction, "dtype", ""))
    ranks = (4,) if "float" in dtype else (3, 4)
    if not hasattr(prediction, "dtype") or shape is None or len(shape) not in ranks:
        received = f"shape {shape}, {dtype}" if dtype else type(prediction).__name__
        checks.fail(owner, "prediction", accepted, received)
    checks.numeric(owner, "predictions", prediction)
    first = owner.data_format == "channels_first"
    channels = None if len(shape) == 3 else "first" if first else "last"
    layout = Layout(True, channels, first)
    checks.known_channels(owner, "prediction", layout.packed_shape(shape)[-1])
    return layout


def shows(owner, source, shape, count, size):
    """Checks that a prediction (B, H, W, K) is of so many samples and of the size of its view."""
    batch, *found, _ = shape
    if _differ([batch], [count]):
        raise ValueError(
            f"{checks.name_of(owner)}: `parameters` were drawn for {count} samples. Received a "
            f"prediction for {batch}."
        )
    if _differ(found, size):
        raise ValueError(
            f"{checks.name_of(owner)}: `prediction` must have the height and width of the view "
            f"{source!r}, {tuple(size)}. Received {tuple(found)}. Resize it first, with "
            "`keras.ops.image.resize`, or name the view that it is of."
        )


def known_size(owner, target, size):
    """Refuses a traced size on JAX, which compiles for known sizes."""
    if backend.name() == "jax" and not all(isinstance(n, int) for n in size):
        raise ValueError(
            f"{checks.name_of(owner)}: the size of the view {target!r} must be known inside "
            "`jax.jit`. Received parameters whose size is traced. Let the view end in a fixed "
            "size, such as JointResizing or JointRandomCrop, or call the layer and `transfer` "
            "in one compiled function."
        )


def _differ(found, expected):
    pairs = zip(found, expected, strict=True)
    return any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)


def why_not(owner, parameters):
    """Says what shows that the parameters are not those of these views; None if nothing does."""
    if not isinstance(parameters["views"], Mapping):
        return f"takes a mapping in 'views'. Received {checks.shown(parameters['views'])}"
    if parameters["views"].keys() != owner.views.keys():
        return f"takes the views {list(owner.views)}. Received {list(parameters['views'])}"
    inner = {name: (owner.views[name], drawn) for name, drawn in parameters["views"].items()}
    if owner.shared is not None:
        inner["shared"] = owner.shared, parameters["shared"]
    for name, (layer, drawn) in inner.items():
        why = layer._why_not(drawn)
        if why is not None:
            return f"holds {name!r}, a {type(layer).__name__}, which {why}"
    return None
