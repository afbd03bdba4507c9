"""One of several functions for each image; only that one is computed."""

from keras_segaug.core.backend import compiling_for_cpu, ops
from keras_segaug.core.devices import runs_python_on_cpu
from keras_segaug.kernels.xla_cpu.blocks import map_chunks


def switches(images):
    """Is it cheaper to go through the images one by one than to compute every function for all?

    An accelerator has room for all images at once, and reading a number there means waiting for
    it. Without a compiler a loop over images costs more than it saves, except on torch, whose loop
    is one of Python; a program that torch exports holds no such loop.
    """
    first = images[0] if isinstance(images, list) else images
    if first.shape[0] == 0:
        return False
    return compiling_for_cpu() or runs_python_on_cpu(first)


def one_of_each(case, functions, images, *nest):
    """Applies to each image the functions of these numbers, one after the other.

    The functions are compiled once, however many turns there are.

    Args:
        case: int32 (B, turns).
        functions: take the number of the turn, an image (1, *size, C) and the values of the nest
            for it, and return an image; all return the same dtype.
        images: (B, *size, C); for several turns they have that dtype.
        *nest: values as in `kernels.values`, whose tensors are (B, ...).
    """
    turns = case.shape[1]

    def chosen(image, case, *nest):
        def after(turn, image):
            def called(function):
                return lambda: function(turn, image, *nest)

            return ops.switch(case[0, turn], [called(function) for function in functions])

        return [after(0, image) if turns == 1 else ops.fori_loop(0, turns, after, image)]

    [result] = map_chunks(chosen, images, case, *nest, at_once=1)
    return result
