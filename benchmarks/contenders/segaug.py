"""keras_segaug itself: in `tf.data`, eager on a batch, and inside `fit`."""

import sys
import time

import keras
import numpy as np

import keras_segaug as ks
from benchmarks import work
from benchmarks.work import AbsentError, Job

packages = ("keras", keras.backend.backend())
own_versions = {"keras_segaug": ks.__version__}
BATCH = 16


# --- Layers ----------------------------------------------------------------------------------


def affine():
    return ks.JointRandomAffine(
        rotation_factor=work.DEGREES / 360,
        zoom_height_factor=work.ZOOM,
        translation_height_factor=work.TRANSLATION,
        translation_width_factor=work.TRANSLATION,
        dtype="uint8",
    )


def chain(dtype):
    layers = [
        ks.JointRandomFlip("horizontal"),
        ks.JointRandomRotation(work.DEGREES / 360),
        ks.JointRandomZoom(work.ZOOM),
        ks.JointRandomTranslation(work.TRANSLATION, work.TRANSLATION),
        ks.ImageOnlyBrightness(work.BRIGHTNESS),
        ks.ImageOnlyContrast(work.CONTRAST),
    ]
    return ks.Pipeline(layers, dtype=dtype)


def geometry(count):
    """`count` geometric layers; after the sixth the list starts again."""
    makers = (
        lambda: ks.JointRandomRotation(work.DEGREES / 360),
        lambda: ks.JointRandomFlip("horizontal"),
        lambda: ks.JointRandomZoom(work.ZOOM),
        lambda: ks.JointRandomTranslation(work.TRANSLATION, work.TRANSLATION),
        lambda: ks.JointRandomShear(work.SHEAR_DEGREES / 360),
        lambda: ks.JointRandomRotation(work.SECOND_DEGREES / 360),
    )
    return ks.Pipeline(work.repeated(makers, count), dtype="uint8")


def color_jitter():
    return ks.ImageOnlyColorJitter(
        brightness_factor=work.BRIGHTNESS,
        contrast_factor=work.CONTRAST,
        saturation_factor=(0.5 - work.SATURATION / 2, 0.5 + work.SATURATION / 2),
        hue_factor=work.HUE,
        dtype="uint8",
    )


def crop(**rule):
    return ks.JointRandomCrop(work.WINDOW, work.WINDOW, **rule, dtype="uint8")


MAKERS = {
    "flip": lambda: ks.JointRandomFlip("horizontal", dtype="uint8"),
    "affine": affine,
    work.CHAIN: lambda: chain("uint8"),
    work.CHAIN_FLOAT: lambda: chain("float32"),
    work.CHAIN_NINE: lambda: chain("uint8"),
    work.CHAIN_16: lambda: chain("uint16"),
    "jitter": color_jitter,
    "blur": lambda: ks.ImageOnlyGaussianBlur(
        kernel_size=work.KERNEL, sigma=work.SIGMA, dtype="uint8"
    ),
    "elastic": lambda: ks.JointRandomElasticTransform(dtype="uint8"),
    work.CROP: crop,
    work.CROP_AIMED: lambda: crop(
        foreground_probability=1.0, foreground_classes=list(work.AIMED_AT)
    ),
    work.CROP_SHARE: lambda: crop(max_class_fraction=work.LARGEST_SHARE),
    work.CUT_MIX: lambda: ks.JointCutMix(dtype="uint8"),
    work.CLASS_MIX: lambda: ks.JointClassMix(dtype="uint8"),
}


def public_layers():
    """The names of all layers, in the order in which the package lists them."""
    return [
        name
        for name, value in vars(ks).items()
        if isinstance(value, type)
        and not getattr(value, "is_abstract", True)
        # Its result is several views, each of which costs what its layer costs.
        and value is not ks.MultiView
    ]


def layer_of_the_case_list(name, side):
    """A layer with the arguments that its tests use, with windows fitted to the image."""
    if not hasattr(ks, name):
        raise AbsentError("no such layer")
    from tests.cases import CASES, MIXING

    cases = [case for case in [*CASES, *MIXING] if case.layer.__name__ == name]
    arguments = dict(cases[0].arguments) if cases else {}
    if "height" in arguments and "width" in arguments:
        other = side * (5 if name == "JointPadding" else 3) // 4
        arguments.update(height=other, width=other)
    # Layers that normalize do not give gray levels.
    floats = ("ImageOnlyNormalization", "ImageOnlyRescaling")
    dtype = "float32" if name in floats else "uint8"
    return getattr(ks, name)(**arguments, dtype=dtype)


def make_layer(row, side):
    kind, _, argument = row.partition(":")
    if kind == "layer":
        return layer_of_the_case_list(argument, side)
    if kind == "layers":
        return geometry(int(argument))
    if row == work.IDENTITY:
        return lambda image, mask: (image, mask)
    if row == work.MOSAIC:
        return ks.JointMosaic(side, side, dtype="uint8")
    return MAKERS[row]()


def mixes(row):
    """Does it need a batch?"""
    name = row.partition(":")[2]
    return row in work.MIXING_ROWS or issubclass(getattr(ks, name, object), ks.MixingLayer)


# --- Ways to call them -----------------------------------------------------------------------


def prepare(task, variant, threads):
    if task.row == work.IDENTITY and variant != "dataset":
        raise AbsentError("only in a dataset")
    if task.row == work.CHAIN_16 and keras.backend.backend() == "torch":
        raise AbsentError("uint16 comes back as int32")
    batch = task.batch or (1 if variant == "dataset" and not mixes(task.row) else BATCH)
    images, masks = work.pairs_of(task, batch)
    if task.row == "layer:MaskOnlyColorToClass":
        masks = np.repeat(masks[..., None] % 5, 3, axis=-1)
    if keras.backend.backend() == "tensorflow":
        from benchmarks.contenders.datasets import limit_threads

        limit_threads(threads)
    layer = make_layer(task.row, task.side)
    if variant == "dataset":
        from benchmarks.contenders.datasets import dataset_job

        return dataset_job(layer, (images, masks), batch, threads)
    if variant == "compiled":
        layer = type(layer).from_config({**layer.get_config(), "jit_compile": True})
    make = fit_job if variant == "fit" else eager_job
    return make(task.row, layer, images[:batch], masks[:batch])


def wait(tensors):
    """JAX returns before the work is done."""
    jax = sys.modules.get("jax")
    if keras.backend.backend() == "jax" and jax:
        jax.block_until_ready(tensors)


def eager_job(row, layer, images, masks):
    data = keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(masks)

    def run(count):
        for _ in range(count // len(images)):
            wait(layer(data))

    measured = keras.backend.backend() == "jax" and row in (work.CHAIN, work.CHAIN_FLOAT)
    return Job(run, len(images), facts={"memory": memory_of(layer, data)} if measured else {})


def memory_of(layer, data):
    """The peak memory of a call, as XLA plans it, divided by that of its own input and output."""
    import jax

    program = jax.jit(lambda data, key: layer.augment(data, key))
    plan = program.lower(data, ks.random.key(0)).compile().memory_analysis()
    own = plan.argument_size_in_bytes + plan.output_size_in_bytes
    return (own + plan.temp_size_in_bytes) / own


def fit_job(row, layer, images, masks):
    """The time of `fit` with the layer minus that without it, with as little else as possible."""
    import tensorflow as tf

    inputs = {"images": images, "masks": masks}
    element = inputs, np.zeros((len(images), 1), "float32")
    dataset = tf.data.Dataset.from_tensors(element).repeat()
    with_layer, without = small_network(inputs, layer), small_network(inputs, lambda x: x)

    def seconds(model, steps):
        start = time.perf_counter()
        model.fit(dataset, steps_per_epoch=steps, verbose=0)
        return time.perf_counter() - start

    def run(count):
        steps = count // len(images)
        return seconds(with_layer, steps) - seconds(without, steps)

    # The fixed cost of an epoch is in both times, but is not exactly the same.
    return Job(run, len(images), least=8 * len(images))


def small_network(arrays, layer):
    """A network that needs every pixel of image and mask, so that no work is optimized away."""
    inputs = {
        name: keras.Input(array.shape[1:], dtype=array.dtype.name, name=name)
        for name, array in arrays.items()
    }
    result = layer(inputs)
    images, masks = (keras.ops.cast(result[name], "float32") for name in ("images", "masks"))
    features = keras.layers.Conv2D(2, 4, strides=4)(images / 255.0)
    features = keras.layers.GlobalAveragePooling2D()(features)
    share = keras.ops.mean(masks, axis=(1, 2))[:, None]
    model = keras.Model(
        inputs, keras.layers.Dense(1)(keras.layers.Concatenate()([features, share]))
    )
    model.compile("sgd", "mse")
    return model
