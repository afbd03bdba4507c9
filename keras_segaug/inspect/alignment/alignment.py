"""`check_alignment`: do image and mask stay together under any augmentation?"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_segaug import checks
from keras_segaug.inspect.alignment.callers import OWNER, CallError, caller_of
from keras_segaug.inspect.alignment.judging import judge
from keras_segaug.inspect.alignment.probe import Probe, wide_values
from keras_segaug.inspect.alignment.report import (
    MEANINGS,
    AlignmentFinding,
    AlignmentReport,
    SampleReading,
)
from keras_segaug.inspect.alignment.summary import Outcome, same, summarize
from keras_segaug.inspect.preview.labels import Labels, read_labels


def check_alignment(
    augmentation: Any,
    call: Callable[..., Any] | None = None,
    batched: bool | None = None,
    size: Sequence[int] = (48, 64),
    batch_size: int = 6,
    calls: int = 8,
    image_dtype: str = "uint8",
    value_range: Sequence[float] = (0, 255),
    mask_dtype: str = "uint8",
    mask_channel: bool | None = None,
    labels: Any = None,
    labels_after: Any = None,
    mask_fill: Any = None,
    allow: Sequence[str] = (),
) -> AlignmentReport:
    """Pushes coded images and masks through any augmentation and reports what went wrong.

    Red and blue of the images encode where each pixel came from, green whether they can be trusted,
    and each label encodes its place as well. Where the colors were changed, image and mask are
    registered instead: the best fit must be without a shift.

    Args:
        augmentation: a layer of this package or of Keras, a Keras `Pipeline`, an Albumentations
            or torchvision (v2) transform, a pair of `ImageDataGenerator`s, or a function
            (image, mask) -> (image, mask).
        call: how to call it, if its type does not tell: "layer", "keras", "albumentations",
            "torchvision", "generators", "function", or "map" for a layer or function inside
            `tf.data.Dataset.map`; or a function (augmentation, images, masks) -> (images, masks).
        batched: True passes whole batches, False one image per call; None follows the usual
            practice: batches for layers and generators, one image for everything else.
        size: (height, width) of the images, each in 32 .. 256. The larger they are, the more
            coarsely 8 bits can encode a place: to a quarter of a pixel at 64.
        batch_size: images in a batch.
        calls: how many batches, an even number. In every other batch all images are the same.
        image_dtype: "uint8", "float32" or another dtype.
        value_range: the pair (lowest, highest) that the augmentation expects of images.
        mask_dtype: an integer or float dtype. Wide integers get labels up to 32592, others up to
            224.
        mask_channel: True passes masks (..., 1), False without that axis; None uses what the style
            of call needs.
        labels: number of classes or list of ids, for an augmentation that accepts only certain ids;
            or a list of colors. None uses 112 values with gaps. With few classes, only the pixels
            along their edges reveal a small shift.
        labels_after: what these labels should become, in the same order; None: they stay the same.
            A mask that comes back one-hot is understood.
        mask_fill: label (or list of them) that a filled pixel may hold. None accepts one new value,
            at pixels where the result shows no part of the image either.
        allow: names of findings that are intended, such as ("mask_dtype",).

    Returns:
        An `AlignmentReport`: `.ok`, `.findings`, `.facts`, `.samples`; print it for a table.
        An augmentation that raises is a finding, "raised".

        A pixel counts as aligned if, allowing for rounding, its label could be that of the nearest
        pixel. In a result that was shrunk, pixels at the edge are not compared, since those of an
        antialiased image lie further inside than their labels.

        Some results cannot be judged, and count as unreadable: an image that came back without its
        structure, or with changed colors and either much enlarged or smaller than 32 pixels. Others
        are judged coarsely: with changed colors the image is registered as a whole, so a shift of
        less than three quarters of a pixel, or one that differs from place to place by a few
        pixels, may go unnoticed. So test the geometry alone as well.

        Keras' global seeds are set while testing whether an augmentation without a seed of its own
        is reproducible.

    Example:

    >>> flip = keras_segaug.JointRandomFlip(seed=1, jit_compile=False)
    >>> keras_segaug.check_alignment(flip).ok
    True
    >>> def mirror_the_image_only(image, mask):
    ...     return image[:, ::-1], mask
    >>> print(keras_segaug.check_alignment(mirror_the_image_only).findings[0])
    misaligned: image and mask show different places (48 of 48 samples, 100.0% of their pixels)
    """
    caller = caller_of(augmentation, call, batched)
    low, high = checks.value_range(OWNER, value_range)
    _check_numbers(size, batch_size, calls, allow)
    table = _label_table(labels, labels_after, mask_dtype)
    probes = _probes(size, batch_size, calls, table.count)
    channel = caller.mask_channel if mask_channel is None else bool(mask_channel)
    dtype = _image_dtype(image_dtype)
    batches = [_encoded(each, dtype, (low, high), table, channel) for each in probes]
    outcome = _outcome(augmentation, caller, batches, probes, table, (low, high), allow)
    if isinstance(outcome, AlignmentReport):
        return outcome
    summarize(outcome, mask_fill)
    samples = [_reading(*judged) for judged in outcome.judgements]
    findings = [finding for finding in outcome.findings if finding.kind not in allow]
    return AlignmentReport(_name(augmentation), findings, outcome.facts, samples)


def _outcome(augmentation, caller, batches, probes, table, value_range, allow):
    """The outcome of the batches; a report if the augmentation raised an error."""
    before = [(images.copy(), masks.copy()) for images, masks in batches]
    try:
        results = caller.run(batches)
    except CallError:
        raise
    except Exception as error:
        raised = AlignmentFinding("raised", _said(error, caller, before[0]))
        found = [] if "raised" in allow else [raised]
        return AlignmentReport(_name(augmentation), found, {"error": type(error).__name__})
    return Outcome(
        batches=before,
        results=results,
        judgements=_judgements(results, probes, before, table, value_range),
        labels=table,
        batched=caller.batched,
        intact=all(map(_same_batch, batches, before)),
        reproducible=_reproducible(caller, before[:2]),
    )


def _check_numbers(size, batch_size, calls, allow):
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        checks.fail(OWNER, "size", "a pair (height, width)", size)
    for length in size:
        if not isinstance(length, int) or not 32 <= length <= 256:
            checks.fail(OWNER, "size", "a pair of integers in 32 .. 256", size)
    checks.positive_integer(OWNER, "batch_size", batch_size)
    if checks.positive_integer(OWNER, "calls", calls) % 2:
        checks.fail(OWNER, "calls", "an even number", calls)
    if isinstance(allow, str) or set(allow) - set(MEANINGS):
        checks.fail(OWNER, "allow", f"a tuple of names of findings, of {list(MEANINGS)}", allow)


def _image_dtype(image_dtype):
    accepted = "uint8 or a float dtype"
    try:
        dtype = np.dtype(image_dtype)
    except TypeError:
        checks.fail(OWNER, "image_dtype", accepted, image_dtype)
    if dtype != "uint8" and dtype.kind != "f":
        checks.fail(OWNER, "image_dtype", accepted, image_dtype)
    return dtype


def _label_table(labels, labels_after, mask_dtype):
    try:
        dtype = np.dtype(mask_dtype)
    except TypeError:
        checks.fail(OWNER, "mask_dtype", "a dtype of numpy", mask_dtype)
    wide = labels is None
    values = wide_values(dtype) if wide else read_labels(OWNER, "labels", labels)
    after = None
    if labels_after is not None:
        after = read_labels(OWNER, "labels_after", labels_after)
        if len(after) != len(values):
            checks.fail(OWNER, "labels_after", f"{len(values)} labels, as before", labels_after)
    if not np.array_equal(np.asarray(values).astype(dtype).astype("float64"), values):
        checks.fail(
            OWNER, "mask_dtype", f"a dtype that holds the labels up to {np.max(values)}", mask_dtype
        )
    # Every other label first: neighbors in the image are then not neighbors in value, and a blend
    # of two labels looks like a third one that does not belong there.
    order = range(len(values)) if wide else [*range(0, len(values), 2), *range(1, len(values), 2)]
    after = after and [after[i] for i in order]
    return Labels([values[i] for i in order], after, dtype)


def _probes(size, batch_size, calls, count):
    """The images of each call: all the same in even calls, so that draws can be compared."""
    made = [_probe(tuple(size), number, count) for number in range(batch_size)]
    return [made if call % 2 else made[:1] * batch_size for call in range(calls)]


_probe = functools.lru_cache(64)(Probe)


def _encoded(probes, dtype, value_range, table, channel):
    low, high = value_range
    images = np.stack([probe.image for probe in probes]) * ((high - low) / 255.0) + low
    images = images.round() if dtype.kind == "u" else images
    masks = np.stack([table.encode(probe.codes) for probe in probes])
    return images.astype(dtype), masks[..., None] if channel and masks.ndim == 3 else masks


def _said(error, caller, batch):
    """An error of the augmentation in one line, with the shapes and dtypes it was given."""
    images, masks = batch
    start = 0 if caller.batched else 1
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {' '.join(lines)}"
    return (
        f"{text if len(text) <= 400 else text[:400] + '...'}; it was called with images "
        f"{images.shape[start:]} {images.dtype} and masks {masks.shape[start:]} {masks.dtype}: if "
        "it wants something else, see `batched`, `image_dtype`, `mask_dtype`, `mask_channel`, "
        "`labels`, `size` and `call`"
    )


def _judgements(results, probes, batches, table, value_range):
    images, masks = batches[0]
    # Half a gray level in pixels, and some more for another rounding.
    rounding = 0.6 / 255 if images.dtype.kind == "u" else 0.0
    tolerance = tuple(0.1 + rounding * (length - 1) for length in images.shape[1:3])
    channels = masks.shape[3] if masks.ndim == 4 else 0
    low, high = value_range
    found = []
    for call, pairs in enumerate(results):
        for sample, (image, mask) in enumerate(pairs):
            if image.shape[:2] == mask.shape[:2]:
                units = (np.nan_to_num(image.astype("float64")) - low) * (255.0 / (high - low))
                judged = judge(units, mask, table, channels, probes[call], sample, tolerance)
                found.append((call, sample, judged))
    return found


def _reading(call, sample, found):
    return SampleReading(call, sample, found.state, found.method, found.misaligned, found.offset)


def _same_batch(one, other):
    return all(map(np.array_equal, one, other))


def _reproducible(caller, batches):
    """Do two fresh starts give the same result? None if no fresh start is possible."""
    runs = []
    for _ in range(2):
        copies = [(images.copy(), masks.copy()) for images, masks in batches]
        try:
            with caller.restarted() as fresh:
                runs.append(fresh.run(copies))
        except Exception:
            return None
    pairs = [[pair for batch in run for pair in batch] for run in runs]
    return all(
        same(a, b)
        for one, other in zip(*pairs, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def _name(augmentation):
    if isinstance(augmentation, (tuple, list)):
        return " and ".join(type(each).__name__ for each in augmentation)
    name = getattr(augmentation, "__name__", None) or type(augmentation).__name__
    return str(name)
