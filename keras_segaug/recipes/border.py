"""How recipes fill what lies outside the image."""

from typing import Any

from keras_segaug import checks
from keras_segaug.core.types import ValueRange


def filled(
    recipe: str, value_range: ValueRange, ignore_class: int | None, gray: bool = False
) -> dict[str, Any]:
    """The border settings of a layer that fills with a constant, and masks with no class.

    Args:
        recipe: the name of the recipe, for error messages.
        value_range: of the images, or None.
        ignore_class: what masks are filled with; None: class 0.
        gray: True fills images with the middle of their range, not with its lowest value.
    """
    low, high = checks.optional_value_range(recipe, value_range) or (0.0, 0.0)
    return {
        "fill_mode": "constant",
        "fill_value": 0.5 * (low + high) if gray else low,
        "mask_fill_value": 0 if ignore_class is None else ignore_class,
    }
