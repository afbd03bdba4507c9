"""Checks of how a layer that moves pixels treats the outside and the places between pixels."""

from keras_segaug.checks import classes
from keras_segaug.checks.values import FILL_MODES, INTERPOLATIONS, fail, fill_value, one_of

SETTINGS = ("fill_mode", "fill_value", "mask_fill_value", "interpolation")


def border(owner, mode, value, label, interpolation):
    """The four settings, checked; a fill value where nothing is filled is refused."""
    checked = (
        one_of(owner, "fill_mode", mode, FILL_MODES),
        fill_value(owner, "fill_value", value),
        classes.label(owner, "mask_fill_value", label),
        one_of(owner, "interpolation", interpolation, INTERPOLATIONS),
    )
    fillers = (("fill_value", value, "image"), ("mask_fill_value", label, "mask"))
    for argument, given, what in fillers:
        if given != 0 and mode != "constant":
            accepted = (
                f"0 with fill_mode={mode!r}, which fills from the {what} itself; to fill with a "
                'constant write fill_mode="constant"'
            )
            fail(owner, argument, accepted, given)
    return checked
