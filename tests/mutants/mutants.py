"""Small mistakes in the package's own code, and the tests that must notice them."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """In `file`, `before` (which stands there once) becomes `after`; `tests` must then fail."""

    file: str
    before: str
    after: str
    tests: str


MUTANTS = [
    # Engine
    Mutant(
        "engine/fuse.py",
        "    return not differences(warps, warp)",
        "    return True",
        "tests/joint/test_windows.py tests/inspect/test_check.py",
    ),
    Mutant(
        "engine/fuse.py",
        'else "constant", step.size)',
        'else "constant", self.size)',
        "tests/contract/test_operations.py -k window_of_what",
    ),
    Mutant(
        "kernels/fields.py",
        "turned = stretch < -1.0 / 3.0",
        "turned = stretch < -3.0",
        "tests/kernels/test_fields.py -k twice",
    ),
    Mutant("engine/fuse.py", "side < 0.0", "side > 0.0", "tests/joint/test_class_swap.py"),
    Mutant(
        "engine/fuse.py",
        "maps.select(warp.acts, first, rest[0])",
        "maps.select(warp.acts, rest[0], first)",
        "tests/contract/test_compositions.py -k gate",
    ),
    Mutant(
        "engine/fuse.py",
        "for warp in reversed(warps)])",
        "for warp in warps])",
        "tests/joint/test_invert.py",
    ),
    Mutant(
        "engine/fuse.py",
        "if alone or (warps[0].mixes and warp.class_swap):",
        "if alone:",
        "tests/contract/test_operations.py",
    ),
    Mutant(
        "engine/writing.py",
        "int(channel == label)",
        "int(channel >= label)",
        "tests/contract/test_masks.py -k one_hot",
    ),
    Mutant(
        "engine/execute.py",
        "enumerate(others, 1)",
        "enumerate(others, 0)",
        "tests/contract/test_compositions.py -k choice",
    ),
    Mutant(
        "engine/writing.py",
        "(1.0 - weight) * other",
        "(1.0 - weight) * values",
        "tests/contract/test_operations.py -k blended",
    ),
    Mutant(
        "engine/writing.py",
        "weights = [written(0, each)",
        "weights = [written(1, each)",
        'tests/contract/test_chains.py -k "chain[7]"',
    ),
    Mutant(
        "engine/follow.py",
        "reversed(warps) if back else warps",
        "warps if back else reversed(warps)",
        "tests/contract/test_points.py",
    ),
    Mutant(
        "core/node.py",
        "origin=self, acts=acts)",
        "origin=self)",
        "tests/contract/test_compositions.py",
    ),
    # Kernels
    Mutant(
        "kernels/samplers.py",
        "ops.floor(position + 0.5)",
        "ops.floor(position + 0.4)",
        "tests/kernels/test_samplers.py",
    ),
    Mutant(
        "kernels/samplers.py",
        "(index, 1.0 - t), (index + step, t)",
        "(index, t), (index + step, 1.0 - t)",
        "tests/kernels/test_samplers.py",
    ),
    Mutant(
        "kernels/samplers.py",
        "period = 2.0 * size",
        "period = 2.0 * size - 2.0",
        "tests/kernels/test_samplers.py",
    ),
    Mutant(
        "kernels/packed_sampler.py",
        "word = ops.where(lower < 0.5,",
        "word = ops.where(lower < 0.4,",
        "tests/kernels/test_packed_sampler.py",
    ),
    Mutant(
        "kernels/matrices.py",
        "y = (*y[: dimensions - 2], cosine, sine, 0.0)",
        "y = (*y[: dimensions - 2], cosine, -sine, 0.0)",
        "tests/joint/test_conventions.py",
    ),
    Mutant(
        "kernels/matrices.py",
        "middle = [(as_float(n) - 1.0) / 2.0",
        "middle = [as_float(n) / 2.0",
        "tests/joint/test_conventions.py",
    ),
    Mutant(
        "kernels/copies.py",
        "for row in reversed(rows)) < 0.0",
        "for row in reversed(rows)) > 0.0",
        "tests/kernels/test_copies.py",
    ),
    Mutant(
        "kernels/windows.py",
        "fraction * (room + 1.0)",
        "fraction * room",
        "tests/joint/test_draws.py tests/joint/test_windows.py",
    ),
    Mutant(
        "kernels/windows.py",
        "inside = ops.clip(position, start, start + size - 1.0)",
        "inside = position",
        "tests/joint/test_windows.py",
    ),
    Mutant("kernels/color.py", "+ 6.0 * shift", "+ 3.0 * shift", "tests/kernels/test_color.py"),
    Mutant("kernels/blur.py", "ops.exp(-0.5 *", "ops.exp(-0.45 *", "tests/kernels/test_blur.py"),
    Mutant(
        "kernels/labels.py",
        "ops.where(mask == right, left, swapped)",
        "ops.where(mask == right, right, swapped)",
        "tests/joint/test_class_swap.py",
    ),
    Mutant(
        "kernels/crop_selection.py",
        "ops.argmin(ops.where(present, priority, np.inf)",
        "ops.argmax(ops.where(present, priority, -np.inf)",
        "tests/joint/test_aimed_crop.py",
    ),
    # Draws and inputs
    Mutant(
        "core/threefry.py", "((13, 15, 26, 6)", "((13, 15, 26, 7)", "tests/kernels/test_random.py"
    ),
    Mutant(
        "core/random.py",
        "self._family.unit(_GATE_STREAM, 1, self._place, 0)",
        "self._unit()",
        "tests/contract/test_streams.py -k nothing_else_it_draws",
    ),
    Mutant(
        "core/counter.py",
        "count * STEP & 0xFFFFFFFF, count >> 24, seed",
        "count * STEP & 0xFFFFFFFF, count >> 25, seed",
        "tests/contract/test_streams.py -k two_words",
    ),
    Mutant(
        "core/value_ranges.py",
        "return ValueRange(0.0, float(checks.integer_limits(dtype)[1]))",
        "return ValueRange(0.0, 255.0)",
        "tests/image_only/test_value_ranges.py",
    ),
    Mutant(
        "core/inputs.py",
        "targets.refuse_what_stays(self._owner, rest, self.images, self.image_layout)",
        "pass",
        "tests/contract/test_targets_refused.py",
    ),
    # Loader
    Mutant(
        "data/reading.py", "if turn >= 5", "if turn >= 6", "tests/data_files/test_orientation.py"
    ),
    Mutant(
        "data/oversampling.py",
        "max((of_class[n] for n in ids), default=1.0)",
        "min((of_class[n] for n in ids), default=1.0)",
        "tests/data_files/test_oversampling.py -k factors",
    ),
    Mutant(
        "data/directory.py",
        'is not None and part != "validation"',
        "is not None",
        "tests/data_files/test_oversampling.py -k validation",
    ),
    Mutant(
        "data/augment.py",
        "sample * num_shards + shard_index, stage)",
        "sample * num_shards + shard_index)",
        "tests/data_files/test_augment_dataset.py tests/contract/test_streams.py -k stage",
    ),
    # Training
    Mutant(
        "training/views.py",
        "return path.invert(predictions, parameters, predictions=True), None",
        "return path.apply(predictions, parameters), None",
        "tests/training/test_test_time_augmentation.py -k called",
    ),
    Mutant(
        "training/views.py",
        "random.key(layer.seed or 0, number)",
        "random.key(0, number)",
        "tests/training/test_test_time_augmentation.py -k others_are_drawn",
    ),
    Mutant(
        "training/views.py",
        'turns=each.get("quarter_turns", 0) % 2 == 1',
        "turns=False",
        "tests/training/test_test_time_augmentation.py -k at_once",
    ),
    Mutant(
        "training/merging.py",
        "larger if shown is None else ops.where(shown, larger, self.found)",
        "larger",
        "tests/training/test_test_time_augmentation.py -k affine_views",
    ),
    Mutant(
        "training/tiles.py",
        "self.reach = _ceiling(tile, step)",
        "self.reach = 1",
        "tests/training/test_test_time_augmentation.py -k blended",
    ),
    Mutant(
        "training/augmented_model.py",
        "super().test_step(*state, self._as_it_is(data))",
        "super().test_step(*state, self._augmented(data))",
        "tests/training/test_augmented_model.py -k do_not_augment",
    ),
    Mutant(
        "training/weights.py",
        "ops.where((ids < 0) | (ids > last), last, ids)",
        "ops.clip(ids, 0, last - 1)",
        "tests/training/test_augmented_model.py -k named",
    ),
    Mutant(
        "training/schedule_callback.py",
        "        self.value = self._value_in(epoch)",
        "        self.value = self._value_in(epoch + 1)",
        "tests/training/test_schedule.py -k policy",
    ),
    Mutant(
        "training/parameters_file.py",
        "not isinstance(version, int) or version > _FORMAT",
        "not isinstance(version, int)",
        "tests/training/test_parameters_file.py -k newer",
    ),
    Mutant(
        "training/export.py",
        "functools.partial(model, training=False)",
        "functools.partial(model, training=True)",
        "tests/training/test_export_augmentation.py -k its_augmentation",
    ),
]
