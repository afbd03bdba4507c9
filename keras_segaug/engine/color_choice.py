"""One of several colors for each image, and no other is computed."""

from keras_segaug.core.backend import ops
from keras_segaug.engine import colors
from keras_segaug.engine.operations import Color, ColorChoice
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.values import replace
from keras_segaug.kernels.xla_cpu.switches import one_of_each, switches
from keras_segaug.kernels.xla_cpu.tables import can_tabulate, tabulated


def are_colors(branch):
    """Can these operations be a branch of a `ColorChoice`?"""
    return all(isinstance(each, Color) and each.source is None for each in branch)


def alternatives(chosen, branches, rounds=False):
    """(operations other than colors, color operations) that do what each sample has drawn.

    Args:
        chosen: int32 (B,), the number of the branch of each sample; or (B, turns), one after the
            other.
        branches: lists of operations, each of which acts only on the samples of its branch.
        rounds: see `ColorChoice`.
    """
    others, colored, choice = [], [], 0 * chosen - 1
    for number, branch in enumerate(branches):
        mine = chosen == number
        if not branch or not are_colors(branch):
            others += branch
            colored.append(())
            continue
        acts, *different = {id(each.acts): each.acts for each in branch}.values()
        if not different and acts is not None:
            # One condition for all of them, checked when the branch is chosen.
            branch = [replace(each, acts=None) for each in branch]
            mine = mine & (acts if len(mine.shape) == 1 else acts[:, None])
        choice = ops.where(mine, number, choice)
        colored.append(tuple(branch))
    if not any(colored):
        return others, []
    return others, [ColorChoice(choice=choice, branches=tuple(colored), rounds=rounds)]


def run(operation, images, masks):
    """Images (B, *size, C), each changed by the branches that it has drawn, one after the other."""
    choice = operation.choice
    choice = choice if len(choice.shape) == 2 else choice[:, None]
    if operation.acts is not None:
        choice = ops.where(operation.acts[:, None], choice, -1)
    operation = replace(operation, acts=None, choice=choice)
    dtype = "uint8" if operation.rounds and dtype_of(images) == "uint8" else "float32"
    turns = choice.shape[1]
    if turns > 1:
        images = colors.as_dtype(images, dtype)
    if not switches(images):
        for turn in range(turns):
            images = _all(_of_turn(operation, turn), operation.branches, images, masks, dtype)
        return images
    tables: list = []
    others: list = []
    for number, branch in enumerate(operation.branches):
        tabular = can_tabulate(images) and all(each.tabular for each in branch)
        (tables if tabular else others).append(number)
    # The first case looks values up, or does nothing; each of the others is one branch.
    case = 0 * choice
    for place, number in enumerate(others, 1):
        case = ops.where(choice == number, place, case)

    def by_table(turn, image, operation, masks):
        tabular = [b if n in tables else () for n, b in enumerate(operation.branches)]
        if not any(tabular):
            return colors.as_dtype(image, dtype)
        of_turn = _of_turn(operation, turn)
        return tabulated(lambda values: _all(of_turn, tabular, values, masks, dtype), image)

    def by_branch(number):
        def run_branch(turn, image, operation, masks):
            return _branch(operation.branches[number], image, masks, dtype)

        return run_branch

    cases = [by_table, *map(by_branch, others)]
    return one_of_each(case, cases, images, operation, masks)


def _of_turn(operation, turn):
    return replace(operation, choice=operation.choice[:, turn])


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
