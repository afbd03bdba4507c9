"""What there is to report about each argument of two old generators."""

from keras_segaug.migration.arguments import GEOMETRY
from keras_segaug.migration.report import ArgumentFinding, MigrationReport
from keras_segaug.migration.steps import interpolation, missing_statistics

COLOR = ("channel_shift_range", "brightness_range")
_SHIFTS = ("height_shift_range", "width_shift_range")

# Arguments of the image generator that are carried over as they are.
KEPT = {
    "rotation_range": "degrees, uniform in (-r, r); now `LegacyAffine`.",
    "height_shift_range": "now `LegacyAffine`; see there for what floats, integers and lists mean.",
    "width_shift_range": "now `LegacyAffine`; see there for what floats, integers and lists mean.",
    "shear_range": "degrees, uniform in (-r, r); now `LegacyAffine`.",
    "zoom_range": "height and width are drawn separately, above 1 zooms out; now `LegacyAffine`.",
    "horizontal_flip": "with chance 1/2, independent of the vertical flip; now `JointRandomFlip`.",
    "vertical_flip": "with chance 1/2, independent of the horizontal flip; now `JointRandomFlip`.",
    "channel_shift_range": "one amount for all channels, clipped to the image's own range; now "
    "`LegacyChannelShift`.",
    "brightness_range": "multiplied in whole gray levels, as Pillow does; now `LegacyBrightness`.",
    "preprocessing_function": "runs after the geometry and brightness, on one image at a time; now "
    "the step named 'preprocessing'. It is Python, so the pipeline is not compiled: a layer of "
    "your own (derived from `ImageOnlyLayer`) would be.",
    "rescale": "after everything random, for the images only; now `ImageOnlyRescaling`.",
    "samplewise_center": "each image's own mean, after `rescale`.",
    "samplewise_std_normalization": "each image's own mean and deviation, after `rescale`; now "
    "`ImageOnlyNormalization(per_image=True)`.",
    "featurewise_center": "the means of `fit`, after `rescale`; now `ImageOnlyNormalization`.",
    "featurewise_std_normalization": "the deviations of `fit`; now `ImageOnlyNormalization`.",
    "zca_whitening": "now `LegacyWhitening`, after everything else.",
    "zca_epsilon": "added to the deviations, as in Keras 3 (in 1.1.2: to the variances), when "
    "`migration.fit` computes the matrix.",
    "fill_mode": "the border, for images and masks.",
    "cval": "what lies outside, with fill_mode='constant'.",
    "interpolation_order": "for the images.",
    "data_format": "of images and masks.",
    "dtype": "of the images that come out; masks keep their own.",
    "validation_split": "no augmentation: give `validation_split` and `subset` to "
    "`segmentation_dataset_from_directory`.",
}

# What the same argument did to class ids.
MASK_HARM = {
    "rescale": "made class ids fractions (ids 1 and 2 times 1/255 are 0.0039 and 0.0078). Masks "
    "are not rescaled any more: let the loss see whole ids.",
    "brightness_range": "multiplied class ids with the brightness. Masks keep their ids.",
    "channel_shift_range": "added gray levels to class ids. Masks keep their ids.",
    "preprocessing_function": "also ran on masks. It is not carried over for them: where it coded "
    "classes, use `MaskOnlyColorToClass` or `MaskOnlyOneHot`.",
    "samplewise_center": "subtracted the mean from class ids. Masks keep their ids.",
    "samplewise_std_normalization": "divided class ids by their deviation. Masks keep their ids.",
    "featurewise_center": "subtracted a mean from class ids. Masks keep their ids.",
    "featurewise_std_normalization": "divided class ids by a deviation. Masks keep their ids.",
    "zca_whitening": "whitened class ids. Masks keep their ids.",
    "zca_epsilon": "belongs to `zca_whitening`, which masks do not get.",
    "dtype": "set the dtype of masks. They now keep the dtype they come in.",
}


def examine(images, masks):
    """The report on the arguments of both generators."""
    findings = [
        *_stream(images, masks),
        *_mask_values(masks),
        *_mask_geometry(images, masks),
        *_shifts(images),
        *_defects(images),
        *_overridden(images, masks),
        *_differences(images, masks),
    ]
    said = {(finding.role, finding.argument) for finding in findings if finding.kind == "changed"}
    for name, value in images.changed.items():
        if ("images", name) not in said and ("both", name) not in said:
            shared = name in (*GEOMETRY, "fill_mode", "cval", "data_format")
            role = "both" if shared and masks[name] == value else "images"
            findings.append(ArgumentFinding("kept", KEPT[name], role, name, value))
    return MigrationReport(findings)


def _stream(images, masks):
    """Both generators drew from one stream of numbers: they must draw equally many, in order."""
    for name in GEOMETRY[:5]:
        if images.draws(name) != masks.draws(name):
            yield ArgumentFinding(
                "wrong",
                f"the images drew {images.draws(name)} and the masks {masks.draws(name)} numbers "
                "for it, so every number after it differed, and no pair was aligned. Parameters "
                "are now drawn once, from the image arguments.",
                "both",
                name,
                (images[name], masks[name]),
            )
    for name in COLOR:
        if images.draws(name) != masks.draws(name):
            owner = images if images.draws(name) else masks
            yield ArgumentFinding(
                "wrong",
                "drew a number that the other generator did not draw: only the first sample of "
                "each batch was aligned with its mask. Parameters are now drawn once for both.",
                "images" if owner is images else "masks",
                name,
                owner[name],
            )


def _mask_values(masks):
    for name, value in masks.changed.items():
        if name in MASK_HARM:
            kind = "changed" if name in ("dtype", "zca_epsilon") else "wrong"
            yield ArgumentFinding(kind, MASK_HARM[name], "masks", name, value)
    order = masks["interpolation_order"]
    if order == 0:
        yield ArgumentFinding(
            "kept",
            "masks take the nearest pixel, never a blend.",
            "masks",
            "interpolation_order",
            0,
        )
    elif any(masks.draws(name) for name in GEOMETRY[:5]):
        text = "blended class ids at every edge, which invents classes. Masks now always take "
        yield ArgumentFinding(
            "wrong", text + "the nearest pixel.", "masks", "interpolation_order", order
        )
    elif order > 1:
        text = "masks always take the nearest pixel, never a blend."
        yield ArgumentFinding("changed", text, "masks", "interpolation_order", order)


def _mask_geometry(images, masks):
    """Where masks had other arguments than the images, without drawing more or fewer numbers."""
    for name in GEOMETRY:
        # A flip is drawn even where it is off.
        alike = name.endswith("flip") or images.draws(name) == masks.draws(name)
        if alike and images[name] != masks[name]:
            yield ArgumentFinding(
                "wrong",
                f"the images had {images[name]!r}, so masks moved differently from their images. "
                "They now follow the images.",
                "masks",
                name,
                masks[name],
            )
    for name in ("fill_mode", "cval", "data_format", "validation_split"):
        if images[name] == masks[name]:
            continue
        text = "images and masks now share what the images had."
        if name == "cval":
            text = f"is now `mask_fill_value`; the images keep {images[name]!r}."
        elif name == "validation_split":
            text = f"the images had {images[name]!r}, so they were paired with masks of other "
            text += "files. Both now use it."
        kind = "wrong" if name == "validation_split" else "changed"
        yield ArgumentFinding(kind, text, "masks", name, masks[name])


def _shifts(images):
    """Which way the shifts went, and what a list meant."""
    shifts = {name: images[name] for name in _SHIFTS if images.draws(name)}
    for name, value in shifts.items():
        if images[_SHIFTS[0]] != images[_SHIFTS[1]]:
            up_and_down = name == "height_shift_range"
            yield ArgumentFinding(
                "wrong",
                f"the class inside Keras 3 shifted {'sideways' if up_and_down else 'up and down'} "
                "(Keras-Preprocessing 1.1.2 did not). It now does what was documented.",
                "both",
                name,
                value,
            )
        if isinstance(value, tuple):
            yield ArgumentFinding(
                "changed",
                "kept as it was, but note: it meant one of these numbers, with a random sign, and "
                "never a range. Now `LegacyAffine`.",
                "both",
                name,
                value,
            )


def _defects(images):
    """Where the old class did not do what it documented."""
    if any(images.draws(name) for name in ("rotation_range", "shear_range", "zoom_range")):
        name = next(n for n in GEOMETRY if n not in _SHIFTS and images.draws(n))
        yield ArgumentFinding(
            "wrong",
            "did not move about the center: it was one pixel off in Keras-Preprocessing 1.1.2, "
            "and in the class inside Keras 3, for images that are not square, off by half the "
            "difference of height and width. It now does. 1.1.2 also sheared columns; now rows "
            "are sheared, as in Keras 3.",
            "both",
            name,
            images[name],
        )
    if images["brightness_range"] is not None:
        yield ArgumentFinding(
            "wrong",
            "Keras-Preprocessing 1.1.2 first stretched every image to 0 .. 255; the class inside "
            "Keras 3 cut images in [0, 1] down to zeros and ones. Neither happens now; give "
            "`value_range=(0, 1)` where images are in [0, 1] before `rescale`.",
            "images",
            "brightness_range",
            images["brightness_range"],
        )


def _overridden(images, masks):
    name = "featurewise_std_normalization"
    for role, arguments in (("images", images), ("masks", masks)):
        if arguments["zca_whitening"] and arguments.given.get(name):
            text = "`zca_whitening` switches it off, as it did in the old class."
            yield ArgumentFinding("changed", text, role, name, True)


def _differences(images, masks):
    moves = any(images.draws(name) for name in GEOMETRY[:5])
    missing = missing_statistics(images)
    for name in missing:
        text = "needs statistics: call `migration.fit(images)`, as you called `fit` before."
        yield ArgumentFinding("changed", text, "images", name, images[name])
    order = images["interpolation_order"]
    if order > 1:
        text = f"a spline of order {order} is now {interpolation(images)}, the nearest there is."
        yield ArgumentFinding("changed", text, "images", "interpolation_order", order)
    if moves and images["fill_mode"] == "wrap":
        text = "SciPy let the last pixel of a row overlap with the first; now they follow each "
        text += "other, one pixel further."
        yield ArgumentFinding("changed", text, "both", "fill_mode", "wrap")
    if moves and images["fill_mode"] == "constant":
        text = "SciPy filled from the last pixel's center on; now the border is blended with the "
        text += "fill over one pixel."
        yield ArgumentFinding("changed", text, "both", "fill_mode", "constant")
        if not float(masks["cval"]).is_integer():
            text = "no class id: masks are filled with 0. Set `mask_fill_value` for another."
            yield ArgumentFinding("changed", text, "masks", "cval", masks["cval"])
    if moves:
        text = "8-bit images are rounded to whole levels after the lookup, where the old class "
        text += "worked in floats: cast them to float32 before the pipeline where half a level "
        text += "matters."
        yield ArgumentFinding("changed", text, "images", "uint8", None)
    split = images["validation_split"]
    if split:
        role = "both" if masks["validation_split"] == split else "images"
        yield ArgumentFinding("changed", KEPT["validation_split"], role, "validation_split", split)
