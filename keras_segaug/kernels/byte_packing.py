"""Up to four 8-bit values of a pixel in one 32-bit word, the first in the lowest byte.

Words are int32: converting float to unsigned has no vector instruction before AVX-512.
"""

from keras_segaug.core.backend import bitcast, name, ops, torch_backend

BYTES = 4


def pack(values):
    """Tensors of one shape, uint8, as words; where one is None, its byte is 0."""
    first, *others = [
        _moved(ops.cast(value, "int32"), place)
        for place, value in enumerate(values)
        if value is not None
    ]
    for word in others:
        first = first | word
    return first


def value(words, place):
    """The values of one byte, 0 .. 255, as int32."""
    return _moved(words, -place) & 0xFF


def bits(place):
    """The word whose bits are 1 in one byte, and 0 elsewhere."""
    return signed(0xFF << 8 * place)


def signed(word):
    """The int32 of the same 32 bits."""
    return word - (1 << 32) if word >= 1 << 31 else word


def rounded(values, place=0):
    """Floats from 0 to 255, rounded (halves to even), in one byte of words, with 0 elsewhere."""
    return _moved(integer(values) & 0xFF, place)


def integer(values):
    """Floats, rounded (halves to even): int32 whose lower 16 bits are those of the number.

    Above 2**23 neighboring float32 are 1 apart, so that the lowest bits are the number: this takes
    one addition, while a cast also has to check for what an integer cannot hold.
    """
    return bitcast(values + 1.5 * 2.0**23, "int32")


def eight_bits(values):
    """Float32 clipped to 0 .. 255 and rounded (halves to even): uint8."""
    if name() == "torch":
        return torch_backend().eight_bits(values)
    return ops.cast(rounded(ops.clip(values, 0.0, 255.0)), "uint8")


def _moved(words, places):
    if places < 0:
        return ops.right_shift(words, -8 * places)
    return ops.left_shift(words, 8 * places) if places else words
