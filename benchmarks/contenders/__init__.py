"""The contenders: one entry each, with the module that does its work.

A module is imported only in its own process. It has

    packages: the distributions whose versions are recorded; a missing one means "not installed"
    prepare(task, variant, threads): a `work.Job`; raises `work.AbsentError` where the library
        has nothing that does this row's work
"""

from dataclasses import dataclass, field

# Every time is divided by this contender's time in the same row.
REFERENCE = "segaug"


@dataclass(frozen=True)
class Contender:
    title: str
    module: str
    note: str
    variant: str = ""
    environment: dict = field(default_factory=dict)
    # None: every row it knows.
    rows: tuple | None = None
    # Cores in addition to those that all contenders share, for threads that only wait.
    spare_cores: int = 0


TENSORFLOW = {"KERAS_BACKEND": "tensorflow"}
JAX = {"KERAS_BACKEND": "jax"}
TORCH = {"KERAS_BACKEND": "torch"}
# Neither may look online for newer versions or send telemetry.
QUIET = {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "ALBUMENTATIONS_NO_TELEMETRY": "1",
    "ALBUMENTATIONS_OFFLINE": "1",
}

CONTENDERS = {
    REFERENCE: Contender(
        "keras_segaug",
        "segaug",
        "`dataset.map(layer)` on TensorFlow, one image a call",
        "dataset",
        TENSORFLOW,
    ),
    "segaug-eager": Contender(
        "keras_segaug, eager batch, TensorFlow",
        "segaug",
        "`layer(images, masks)` on a batch of 16",
        "eager",
        TENSORFLOW,
    ),
    "segaug-jax": Contender(
        "keras_segaug, eager batch, JAX",
        "segaug",
        "`layer(images, masks)` on a batch of 16",
        "eager",
        JAX,
    ),
    "segaug-torch": Contender(
        "keras_segaug, eager batch, torch",
        "segaug",
        "`layer(images, masks)` on a batch of 16",
        "eager",
        TORCH,
    ),
    "segaug-torch-compiled": Contender(
        "keras_segaug, eager batch, torch, compiled",
        "segaug",
        "likewise, with `jit_compile=True`; only where torch finds a compiler of C++",
        "compiled",
        TORCH,
        ("chain", "chain-float", "affine", "elastic", "flip"),
    ),
    "segaug-fit": Contender(
        "keras_segaug, inside fit",
        "segaug",
        "a layer of a model, batches of 16: time of `fit` with it less the time without it; as "
        "many working threads as the others, but one core more for those of `fit` that wait: on "
        "one core they take turns, and the difference was anything from 0.7 to 2.5",
        "fit",
        TENSORFLOW,
        ("chain", "chain-float"),
        spare_cores=1,
    ),
    "keras": Contender(
        "Keras' layers",
        "keras_layers",
        "`keras.layers.Pipeline` in `dataset.map`, one image a call; no affine layer, so "
        "rotation, zoom and translation one after the other; uint8 by `tf.saturate_cast`",
        "",
        TENSORFLOW,
    ),
    "albumentations": Contender(
        "Albumentations",
        "albumentations_peer",
        "`A.Compose`, one image a call; the chain is flip + one Affine + "
        "RandomBrightnessContrast; borders reflected, as ours; float32 by `A.ToFloat`",
        "albumentations",
        QUIET,
    ),
    "albumentations-map": Contender(
        "Albumentations in tf.data",
        "albumentations_pipelines",
        "`A.Compose` by `tf.numpy_function` in `dataset.map`, one image a call, as many parallel "
        "calls as threads; main rows only",
        "map",
        QUIET,
    ),
    "albumentations-loader": Contender(
        "Albumentations in a DataLoader",
        "albumentations_pipelines",
        "`A.Compose` in torch's `DataLoader`, as many workers as threads, collated to batches of "
        "16; the workers are already running, and nothing is made before the clock starts",
        "loader",
        QUIET,
        ("flip", "affine", "chain", "chain-float", "chain-9-channels", "chain-16-bit", "elastic"),
    ),
    "albumentationsx": Contender(
        "AlbumentationsX",
        "albumentations_peer",
        "as Albumentations; AGPL, so only when asked for, with its telemetry off",
        "albumentationsx",
        QUIET,
    ),
    "torchvision": Contender(
        "torchvision v2",
        "torchvision_peer",
        "`v2.Compose` on uint8 `tv_tensors`, one image a call; has constant borders only",
    ),
    "kornia": Contender(
        "Kornia",
        "kornia_peer",
        "`AugmentationSequential` on a batch of 16, images cast to float32 in [0, 1] and back",
    ),
    "kornia-compiled": Contender(
        "Kornia, compiled",
        "kornia_peer",
        "likewise, by `torch.compile` of all of it",
        "compiled",
        rows=("chain", "chain-float", "affine", "elastic", "flip"),
    ),
    "fuse-augmentations": Contender(
        "fuse-augmentations",
        "fuse_peer",
        "its `Compose` of Kornia's transforms, which become one warp, on a batch of 16; cast as "
        "for Kornia",
    ),
    "medicai": Contender(
        "medicai",
        "medicai_peer",
        "its `Compose` of dict transforms in `dataset.map`, one image a call; rotates only "
        "volumes, so an image is one slice; constant borders",
        "",
        TENSORFLOW,
    ),
    "opencv": Contender(
        "cv2.warpAffine",
        "opencv_peer",
        "the floor: nothing but the warp of image and mask",
    ),
}


def is_peer(name):
    """Is it neither one of our own contenders nor the floor, which does only a part of the work?"""
    return not name.startswith(REFERENCE) and name != "opencv"


# AlbumentationsX uses the import name of Albumentations, so it needs a separate environment.
OPT_IN = ("albumentationsx",)
