"""One of several colors for each image, and no other is computed."""

from keras_segaug.core.backend import ops
from keras_segaug.engine import colors
from keras_segaug.engine.operations import Color, ColorChoice
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.values import replace
from keras_segaug.kernels.xla_cpu.switches import one_of_each, switches
from keras_segaug.kernels.xla_cpu.tables import can_tabulate, tabulated


def alternatives(chosen, branches, rounds=False):
    """(operations that are no colors, those that are), which do for each sample what it has drawn.

    Args:
        chosen: int32 (B,), the number of the branch of each sample.
        branches: lists of operations, each of which acts on no other samples than these.
        rounds: see `ColorChoice`.
    """
    others, colored, choice = [], [], 0 * chosen - 1
    for number, branch in enumerate(branches):
        if not branch or not all(isinstance(e, Color) and e.source is None for e in branch):
            others += branch
            colored.append(())
            continue
        acts, *different = {id(each.acts): each.acts for each in branch}.values()
        if not different and acts is not None:
            # Asked once for all of them, when the branch is chosen.
            branch = [replace(each, acts=None) for each in branch]
            choice = ops.where(acts, number, choice)
        else:
            choice = ops.where(chosen == number, number, choice)
        colored.append(tuple(branch))
    if not any(colored):
        return others, []
    return others, [ColorChoice(choice=choice, branches=tuple(colored), rounds=rounds)]


def run(operation, images, masks):
    """Images (B, *size, C), each changed by the branch that it has drawn."""
    if operation.acts is not None:
        chosen = ops.where(operation.acts, operation.choice, -1)
        operation = replace(operation, acts=None, choice=chosen)
    byte = operation.rounds and dtype_of(images) == "uint8"
    dtype = "uint8" if byte else "float32"
    if not switches(images):
        return _all(operation, operation.branches, images, masks, dtype)
    tables: list = []
    others: list = []
    for number, branch in enumerate(operation.branches):
        tabular = can_tabulate(images) and all(each.tabular for each in branch)
        (tables if tabular else others).append(number)
    # The first case looks values up, or does nothing; the others are one a branch.
    case = 0 * operation.choice
    for place, number in enumerate(others, 1):
        case = ops.where(operation.choice == number, place, case)

    def by_table(operation, images, masks):
        tabular = [b if n in tables else () for n, b in enumerate(operation.branches)]
        if not any(tabular):
            return colors.as_dtype(images, dtype)
        return tabulated(lambda values: _all(operation, tabular, values, masks, dtype), images)

    def by_branch(number):
        return lambda operation, images, masks: _branch(
            operation.branches[number], images, masks, dtype
        )

    cases = [by_table, *map(by_branch, others)]
    return one_of_each(case, cases, images, operation, masks)


def _all(operation, branches, images, masks, dtype):
    """Computes every branch, and takes each image's own."""
    result = colors.as_dtype(images, dtype)
    for number, branch in enumerate(branches):
        if branch:
            changed = _branch(branch, images, masks, dtype)
            result = colors.where(operation.choice == number, changed, result)
    return result


def _branch(branch, images, masks, dtype):
    for each in branch:
        images = colors.run_color(each, images, masks)
    return colors.as_dtype(images, dtype)
