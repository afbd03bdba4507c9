"""One of several functions for each image, of which only that one is computed."""

from keras_segaug.core.backend import compiling_for_cpu, ops, runs_on
from keras_segaug.kernels.xla_cpu.blocks import map_chunks


def switches(images):
    """Is it cheaper to turn to the images one by one than to compute every function for all?

    An accelerator has room for all images at once. Without a compiler a loop over images costs
    more than it saves, but for torch, whose loop is one of Python.
    """
    if images.shape[0] == 0:
        return False
    return compiling_for_cpu() or runs_on("torch")


def one_of_each(case, functions, images, *nest):
    """For each image the result of the function of this number: a tensor (B, ...).

    Args:
        case: int32 (B,).
        functions: take an image (1, *size, C) and the values of the nest for it.
        images: (B, *size, C).
        *nest: values as in `kernels.values`, whose tensors are (B, ...).
    """

    def chosen(image, case, *nest):
        def called(function):
            return lambda: function(*nest[:1], image, *nest[1:])

        return [ops.switch(case[0], [called(function) for function in functions])]

    [result] = map_chunks(chosen, images, case, *nest, at_once=1)
    return result
