"""Scheduled arguments act as in a layer made with the value, everywhere, compiled once."""

import copy
import pickle
from functools import partial

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core import backend, scheduling
from tests.cases import CASES, MIXING, ids

BACKEND = keras.backend.backend()
CLOSE = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5)
KINDS = [case for case in ids([*CASES, *MIXING])["argvalues"] if case.make().random]


def sample(count=3):
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 14, 3), dtype="uint8")
    masks = np.random.default_rng(1).integers(0, 5, (count, 16, 14), dtype="uint8")
    return images, masks


def flat(structure):
    return [np.asarray(backend.to_numpy(each), float) for each in keras.tree.flatten(structure)]


def inside(value):
    """Another value that is accepted wherever this one is."""
    if not isinstance(value, tuple):
        return 0.5 * value
    return tuple(0.75 * one + 0.25 * other for one, other in (value, value[::-1]))


def movable():
    """For each layer of the package, all arguments that may move, and values to move them to."""
    found = {}
    for case in KINDS:
        layer = case.make()
        # Whether a layer acts is drawn in one place for all; its consequences differ in these.
        values = {"probability": 0.4} if layer._children or layer._mixes() else {}
        for name in scheduling.drawn_arguments(layer):
            if not isinstance(np.ravel(getattr(layer, name))[0], np.integer):
                values[name] = inside(getattr(layer, name))
        for name, value in values.items():
            found.setdefault((case.layer, name), (case, name, value))
    return list(found.values())


# These must be Python numbers: their logarithm is taken, or they are the order of a distribution.
NUMBERS = {"ratio", "sigma", "alpha"}


@pytest.mark.parametrize(
    ("case", "name", "value"), movable(), ids=lambda x: getattr(x, "id", None) or str(x)
)
def test_as_a_layer_made_with_the_value(case, name, value):
    layer = case.make()
    if name in NUMBERS and BACKEND != "torch":
        with pytest.raises(ValueError, match=f"`{name}` cannot follow a schedule: its `draw`"):
            ks.AugmentationSchedule(layer, name, lambda epoch: value)
        assert not layer._moving
        return
    ks.AugmentationSchedule(layer, name, lambda epoch: value)
    made = case.make(**{name: value})
    found, expected = (each.augment(sample(), 5, return_parameters=True) for each in (layer, made))
    for one, other in zip(flat(found[1]), flat(expected[1]), strict=True):
        CLOSE(one, other)
    # A difference in the last digit may move a pixel to the next level, or to another label.
    for one, other in zip(flat(found[0]), flat(expected[0]), strict=True):
        assert np.mean(np.abs(one - other) > 2e-2) < 0.01


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (partial(ks.JointRandAugment, 2), "magnitude"),
        (ks.JointTrivialAugment, "magnitude"),
        (partial(ks.ImageOnlyAugMix, width=1), "severity"),
    ],
)
def test_the_layers_of_a_policy_follow_its_magnitude(make, name):
    policy = make(**{name: 0.2}, seed=1)
    schedule = ks.AugmentationSchedule(policy, name, ks.LinearSchedule(0.0, 1.0, epochs=4))
    for epoch in (0, 1, 4):
        schedule.on_epoch_begin(epoch)
        assert schedule.value == epoch / 4
        found, made = (
            each.draw_parameters((3, 16, 14, 3), 1)
            for each in (policy, make(**{name: epoch / 4}, seed=1))
        )
        for one, other in zip(flat(found), flat(made), strict=True):
            CLOSE(one, other)
    with pytest.raises(ValueError, match=f"`{name}` must be a number in"):
        ks.AugmentationSchedule(policy, name, lambda epoch: 1.5)


def test_whole_numbers_that_are_drawn():
    bits = ks.ImageOnlyPosterize((2, 3), value_range=(0, 255), seed=1)
    schedule = ks.AugmentationSchedule(bits, "factor", lambda epoch: (4, 4) if epoch else (2, 3))
    schedule.on_epoch_begin(1)
    drawn = bits.draw_parameters((3, 16, 14, 3), 1)["bits"]
    assert keras.backend.standardize_dtype(drawn.dtype) == "int32"
    assert backend.to_numpy(drawn).tolist() == [4, 4, 4]
    with pytest.raises(ValueError, match="ImageOnlyPosterize: `factor` must be an integer"):
        ks.AugmentationSchedule(bits, "factor", lambda epoch: 2.5)


@pytest.mark.parametrize("jit_compile", ["auto", False])
def test_one_program_for_all_values(jit_compile):
    traces = []

    class Traced(ks.ImageOnlyLayer):
        def __init__(self, level=(0.0, 1.0), **kwargs):
            super().__init__(**kwargs)
            self.level = ks.checks.bounds(self, "level", level, 0.0, 1.0)

        def draw(self, draws):
            traces.append(draws)
            return {"level": draws.uniform(*self.level)}

        def transform_values(self, values, parameters):
            return values + parameters["level"]

    inner = Traced(probability=0.9)
    layer = ks.Pipeline([ks.Identity(), inner], seed=1, jit_compile=jit_compile)
    schedules = [
        ks.AugmentationSchedule(inner, "level", lambda epoch: (0.1 * epoch, 0.1 * epoch)),
        ks.AugmentationSchedule(inner, "probability", lambda epoch: float(epoch > 0)),
        ks.AugmentationSchedule(layer, "probability", lambda epoch: float(epoch < 3)),
    ]
    shown, counts = [], []
    for epoch in range(4):
        for schedule in schedules:
            schedule.on_epoch_begin(epoch)
        # The second batch is padded.
        for count in (3, 2):
            shown.append(float(np.max(flat(layer(np.zeros((count, 8, 8, 1), "float32"))))))
        counts.append(len(traces))
    CLOSE(shown, [0.0, 0.0, 0.1, 0.1, 0.2, 0.2, 0.0, 0.0])
    if BACKEND != "torch" and jit_compile:
        assert counts[0] == counts[-1]


@pytest.mark.slow
def test_a_mapped_dataset_follows():
    import tensorflow as tf

    shift = ks.ImageOnlyBrightness((0.5, 0.5), value_range=(0, 1), seed=1)
    schedule = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.1 * epoch, 0.1 * epoch))
    images = np.zeros((4, 8, 8, 3), "float32")
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(2)
    pipeline = ks.Pipeline([shift], jit_compile=False)
    by_key = dataset.map(lambda x: pipeline.augment(x, 3))
    dataset = dataset.map(shift, num_parallel_calls=2)
    for epoch in (1, 2):
        schedule.on_epoch_begin(epoch)
        for each in [*dataset, *by_key]:
            CLOSE(each, 0.1 * epoch)
    assert schedule.value == (0.2, 0.2)


def test_a_dataset_that_was_mapped_before_is_told_of():
    import tensorflow as tf

    flip = ks.JointRandomFlip(seed=1)
    tf.data.Dataset.from_tensors(np.zeros((2, 8, 8, 3))).map(ks.Pipeline([flip]))
    with pytest.warns(UserWarning, match=r"was mapped with this JointRandomFlip .*Make the sched"):
        ks.AugmentationSchedule(flip, "probability", lambda epoch: 0.5)


def shifting_model(**more):
    """A model whose loss is the shift in brightness."""
    shift = ks.ImageOnlyBrightness((0.0, 0.0), value_range=(0, 1), seed=1, name="shift")
    pipeline = ks.Pipeline([ks.Identity(), shift], seed=1)
    last = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((8, 8, 1)), pipeline, last])
    loss = keras.losses.MeanAbsoluteError()
    model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=BACKEND != "torch", **more)
    return model, shift


DATA = {"x": np.zeros((6, 8, 8, 1), "float32"), "y": np.zeros((6, 8, 8, 1)), "batch_size": 2}


def losses(model, **more):
    return model.fit(**DATA, verbose=0, **more).history["loss"]


@pytest.mark.slow
def test_in_a_model_that_trains(tmp_path):
    model, shift = shifting_model(steps_per_execution=1)
    # A model that has been compiled is compiled again, once.
    CLOSE(losses(model), [0.0])
    schedule = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.1 * epoch,) * 2)
    CLOSE(losses(model, epochs=4, callbacks=[schedule]), [0.0, 0.1, 0.2, 0.3])
    CLOSE(losses(model, epochs=3, initial_epoch=2, callbacks=[schedule]), [0.2])
    # The value is saved with the model, which does not need the schedule.
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    CLOSE(losses(loaded), [0.2])
    other, shift = shifting_model()
    later = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.4, 0.4))
    other.load_weights(tmp_path / "model.weights.h5")
    CLOSE(losses(other), [0.2])
    CLOSE(losses(other, callbacks=[later]), [0.4])
    assert not model.trainable_variables[0].path.startswith("shift")
    assert model.predict(DATA["x"], verbose=0).max() == 0.0


def test_a_backup_goes_on_where_it_stood(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def run(*callbacks):
        model, shift = shifting_model()
        schedule = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.1 * epoch,) * 2)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        return losses(model, epochs=4, callbacks=[backup, schedule, *callbacks])

    with pytest.raises(KeyboardInterrupt):
        run(Stop())
    CLOSE(run(), [0.2, 0.3])


def test_copies_keep_the_value():
    shift = ks.ImageOnlyBrightness((0.0, 0.0), value_range=(0, 1), seed=1)
    pipeline = ks.Pipeline([ks.Identity(), shift], seed=1)
    ks.AugmentationSchedule(shift, "factor", ks.LinearSchedule((0.3, 0.3), (0.5, 0.5), 2))
    for each in (copy.deepcopy(pipeline), pickle.loads(pickle.dumps(pipeline))):
        CLOSE(backend.to_numpy(each(DATA["x"])), 0.3)
    # The layer still reports the argument that it was made with.
    assert shift.factor == (0.0, 0.0)
    CLOSE(flat(ks.Pipeline.from_json(pipeline.to_json())(DATA["x"])), 0.0)


def test_parameters_are_replayed_whatever_the_value():
    turn = ks.JointRandomRotation(0.2, seed=1)
    drawn = turn.draw_parameters(sample(), 1)
    before = flat(turn.apply(sample(), drawn))
    for name, value in (("factor", 0.0), ("probability", 0.0)):
        ks.AugmentationSchedule(turn, name, lambda epoch, value=value: value)
    assert not flat(turn.draw_parameters(sample(), 1)["applied"])[0].any()
    for one, other in zip(flat(turn.apply(sample(), drawn)), before, strict=True):
        assert np.array_equal(one, other)


def test_views_and_gradients():
    views = ks.MultiView({"a": ks.JointRandomRotation(0.2), "b": ks.Identity()}, seed=1)
    ks.AugmentationSchedule(views, "probability", lambda epoch: 0.0)
    shown = views(sample()[0])
    assert np.array_equal(flat(shown["a"])[0], flat(shown["b"])[0])
    if BACKEND == "tensorflow":
        import tensorflow as tf

        shift = ks.ImageOnlyContrast(0.5, value_range=(0, 1), seed=1)
        ks.AugmentationSchedule(shift, "factor", lambda epoch: 0.25)
        images = tf.constant(np.random.default_rng(0).uniform(0.4, 0.6, (2, 8, 8, 3)), "float32")
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(shift(images) ** 2)
        assert np.abs(tape.gradient(total, images)).min() > 0.0


@pytest.mark.skipif(BACKEND != "jax", reason="about `jax.jit`")
def test_in_jit():
    import jax

    shift = ks.ImageOnlyBrightness((0.0, 0.0), value_range=(0, 1), seed=1)
    schedule = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.1 * epoch,) * 2)
    with pytest.raises(ValueError, match=r"inside `jax.jit` without its state.*stateless_call"):
        jax.jit(lambda images: shift.augment(images, 1))(DATA["x"])
    shift.build(None)
    step = jax.jit(lambda state, images: shift.stateless_call([], state, images))
    for epoch in (1, 3):
        schedule.on_epoch_begin(epoch)
        images, _ = step([each.value for each in shift.non_trainable_variables], DATA["x"])
        CLOSE(images, 0.1 * epoch)


@pytest.mark.parametrize(
    ("layer", "name", "function", "words"),
    [
        (ks.JointRandomCrop(8, 8), "height", lambda epoch: 4, "`height` cannot follow a schedule"),
        (ks.JointRandomFlip(), "p", lambda epoch: 0.5, "`argument` must be the name of an argu"),
        (ks.JointRandomFlip(), "probability", 0.5, "`function_of_epoch` must be a function"),
        (ks.JointRandomFlip(), "probability", lambda epoch: 1.5, "`probability` must be a number"),
        (ks.JointRandomRotation(0.1), "factor", lambda epoch: 30, "JointRandomRotation: `factor`"),
        (
            ks.JointRandomRotation(0.1),
            "factor",
            lambda epoch: "much",
            "`factor` must be a number or",
        ),
        (ks.JointRandomZoom(0.2), "width_factor", lambda epoch: 0.1, "'height_factor'"),
        (ks.JointCenterCrop(4), "probability", lambda epoch: 0.5, "is not random"),
        (ks.ImageOnlyGaussianBlur(), "sigma", lambda epoch: (1, 2), "`sigma` cannot follow"),
        (ks.SomeOf([ks.Identity(), ks.JointRandomFlip()]), "count", int, "`count` cannot follow"),
        (ks.ImageOnlyChannelDropout(count=(1, 2)), "count", lambda epoch: (1, 1), "`count` cannot"),
        (
            ks.JointRandAugment(1, layers=[ks.JointRandomRotation(0.1), ks.Identity()]),
            "magnitude",
            lambda epoch: 0.3,
            "its layers were given",
        ),
        (
            keras.layers.Dense(1),
            "units",
            lambda epoch: 2,
            "`layer` must be a layer of keras_segaug",
        ),
    ],
)
def test_what_cannot_move(layer, name, function, words):
    with pytest.raises(ValueError, match=words):
        ks.AugmentationSchedule(layer, name, function)
    assert not getattr(layer, "_moving", None)


def test_a_wrong_value_in_a_later_epoch_leaves_the_one_before():
    turn = ks.JointRandomRotation(0.1)
    schedule = ks.AugmentationSchedule(turn, "factor", lambda epoch: 0.2 + epoch)
    with pytest.raises(ValueError, match="JointRandomRotation: `factor`"):
        schedule.on_epoch_begin(1)
    CLOSE(backend.to_numpy(turn._moving["factor"].variable.value), (-0.2, 0.2))


def test_ramps():
    assert ks.LinearSchedule(0.0, 1.0, epochs=4)(3) == 0.75
    assert [ks.CosineSchedule(1.0, 0.0, epochs=2)(epoch) for epoch in (0, 2, 9)] == [1.0, 0.0, 0.0]
    CLOSE(ks.CosineSchedule((0.0, 1.0), (1.0, 3.0), epochs=2)(1), (0.5, 2.0))
    for wrong in [("a", 1.0, 1), (0.0, (0.0, 1.0), 1), (0.0, 1.0, 0), (0.0, float("nan"), 1)]:
        with pytest.raises(ValueError, match="LinearSchedule: `"):
            ks.LinearSchedule(*wrong)
