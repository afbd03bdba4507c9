"""No draw comes twice: threads, worker processes, replicas, `tf.data`, copies, other layers."""

import contextlib
import copy
import json
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.core import counter, processes
from tests.contract.test_randomness import drawn_by, flat
from tests.data import labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

BACKEND = keras.backend.backend()
GREY = np.full((1, 1, 1), 128, "float32")


def brightness(seed=1, **more):
    return ks.ImageOnlyBrightness(0.4, seed=seed, jit_compile=False, **more)


def drawn(layer):
    return to_numpy(layer(GREY)).item()


# --- One seed, several layers ---


def flipped_and_brighter(flip, bright):
    images = np.zeros((200, 1, 2, 1), "float32") + np.array([100, 150], "float32")[:, None]
    moved, lit = to_numpy(flip(images)), to_numpy(bright(images))
    return moved[:, 0, 0, 0] == 150, lit[:, 0, 0, 0] > 100


@pytest.mark.parametrize("way", ["calls", "keys", "nested"])
def test_other_layers_draw_independently_from_one_seed(way):
    flip = ks.Pipeline([ks.JointRandomFlip("horizontal")], seed=1, jit_compile=False)
    bright = ks.Pipeline([brightness()], seed=1, jit_compile=False)
    if way == "nested":
        bright = ks.Pipeline([bright], seed=1, jit_compile=False)
    if way == "keys":
        found = flipped_and_brighter(
            lambda images: flip.augment(images, key=7), lambda images: bright.augment(images, key=7)
        )
    else:
        found = flipped_and_brighter(flip, bright)
    flipped, brighter = found
    for side in (flipped, ~flipped):
        assert 0.3 < brighter[side].mean() < 0.7


def test_a_probability_moves_no_other_draw():
    layers = [brightness(probability=p) for p in (1.0, 0.999, 0.3)]
    for layer in (lambda x: x, lambda x: ks.Pipeline([x, ks.JointRandomFlip()])):
        drawn = [layer(each).draw_parameters((50, 8, 8, 3), 4) for each in layers]
        inner = [each.get("layers", [each])[0] for each in drawn]
        for each in inner[1:]:
            np.testing.assert_array_equal(to_numpy(each["delta"]), to_numpy(inner[0]["delta"]))
    choices = [
        ks.RandomChoice([ks.JointRandomFlip(), brightness()], probability=p).draw_parameters(
            (50, 8, 8, 3), 4
        )
        for p in (1.0, 0.5)
    ]
    np.testing.assert_array_equal(*[to_numpy(each["choice"]) for each in choices])


def test_whether_a_layer_acts_depends_on_nothing_else_it_draws():
    first, last = (ks.random.Draws(ks.random.key(1), 50) for _ in range(2))
    last.uniform()
    acts = [to_numpy(draws.gate(0.5)) for draws in (first, last)]
    np.testing.assert_array_equal(*acts)
    assert 10 < acts[0].sum() < 40


def test_one_layer_used_twice_draws_twice():
    layer = brightness()
    first, second = ks.Pipeline([layer, layer]).draw_parameters((50, 1, 1, 1), 1)["layers"]
    assert (to_numpy(first["delta"]) != to_numpy(second["delta"])).all()


@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_stages_of_a_dataset_draw_independently():
    pairs = tf.data.Dataset.from_tensor_slices(np.zeros((40, 1, 1, 1), "float32") + 100)
    found = []
    for stage in (0, 1, 1):
        staged = ks.augment_dataset(pairs, brightness(), seed=1, stage=stage)
        found.append(np.stack(list(staged.as_numpy_iterator())).ravel())
    assert abs(np.corrcoef(found[0], found[1])[0, 1]) < 0.5
    np.testing.assert_array_equal(found[1], found[2])


# --- Parameters that are complete ---


def aimed():
    crop = ks.JointRandomCrop(6, 6, foreground_probability=1.0, foreground_classes=[3])
    return ks.Pipeline([ks.JointRandomRotation(0.5), crop, ks.JointRandomFlip()], jit_compile=False)


def test_parameters_of_layers_that_look_at_masks_are_complete():
    """They give the same window without the masks, so for images alone, too."""
    images, masks = random_images(8), labels(8)
    layer = aimed()
    parameters = layer.draw_parameters((images, masks), 3)
    assert {"row", "column"} <= set(parameters["layers"][1])
    expected = to_numpy(layer.augment((images, masks), 3))
    found = to_numpy(layer.apply((images, masks), parameters))
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[0], expected[0], atol=1.01)
    np.testing.assert_array_equal(to_numpy(layer.apply(images, parameters)), found[0])


def test_a_shape_is_not_enough_for_layers_that_look_at_masks():
    with pytest.raises(ValueError, match=r"Pipeline: `data` must be images and masks"):
        aimed().draw_parameters((8, 16, 14, 3), 3)


def test_parameters_hold_the_size_they_were_drawn_for():
    layer = ks.JointRandomCrop(6, 5, jit_compile=False)
    images = random_images(4)
    for shape_or_data in (images, images.shape, tf.TensorShape(images.shape), images[0]):
        parameters = layer.draw_parameters(shape_or_data, 1)
        assert to_numpy(parameters["input_size"])[0].tolist() == [16, 14]
    cut = keras.tree.map_structure(lambda x: x[1:3], layer.draw_parameters(images, 1))
    assert to_numpy(layer.apply(images[1:3], cut)).shape == (2, 6, 5, 3)
    parameters = layer.draw_parameters(images, 1)
    with pytest.raises(ValueError, match=r"drawn for images of 16 x 14.*Received images of 16 x 9"):
        layer.apply(random_images(4, 16, 9), parameters)
    assert to_numpy(layer.invert(layer.apply(images, parameters), parameters)).shape == (
        4,
        16,
        14,
        3,
    )


@pytest.mark.parametrize("count", [0, 1, 2**24 - 1, 2**24, 2**24 + 5, 2**40 + 3])
def test_a_count_comes_back_from_its_two_words(count):
    words = counter.words_of(count, 7, "int64")
    assert words[0] < 2**32
    assert counter.count_of(words) == count


def test_the_key_of_a_call():
    layer = brightness(seed=5)
    found = [drawn(layer) for _ in range(3)]
    for number, value in enumerate(found):
        key = layer.call_key(number)
        assert to_numpy(layer.augment(GREY, key)).item() == pytest.approx(value, abs=1e-4)
    with pytest.raises(ValueError, match="`call_key` is for random layers"):
        ks.ImageOnlyRescaling(0.5).call_key(0)
    with pytest.raises(ValueError, match="`number` must be an integer of at least 0"):
        layer.call_key(-1)


# --- Threads ---


@pytest.mark.slow
def test_ten_thousand_keys_from_eight_threads():
    layer = brightness()
    stream = layer._stream_of_calls()
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: tuple(to_numpy(stream.next())), range(10_000)))
    assert len(set(keys)) == 10_000


@pytest.mark.slow
def test_calls_from_threads_never_draw_the_same():
    layer = brightness()
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: drawn(layer), range(400)))
    assert len(set(values)) == 400


@pytest.mark.parametrize("jit_compile", [False, "auto"])
def test_the_first_call_may_come_from_several_threads(jit_compile):
    for _ in range(5):
        layer = ks.Pipeline([ks.ImageOnlyBrightness(0.4)], seed=1, jit_compile=jit_compile)
        barrier = threading.Barrier(6)

        def first(_, layer=layer, barrier=barrier):
            barrier.wait()
            return drawn(layer)

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(first, range(6)))) == 6
        assert len(layer.variables) == 1


def test_a_failed_call_gives_no_number_back_that_others_have_passed():
    layer = brightness()
    stream = layer._stream_of_calls()
    failed, other = stream.next(), stream.next()
    stream.step_back(failed)
    assert to_numpy(stream.next())[1] == to_numpy(other)[1] + 1


def test_nobody_counts_while_a_number_is_given_back():
    stream = brightness()._stream_of_calls()
    with ThreadPoolExecutor(1) as threads:
        with processes.lock():
            other = threads.submit(stream.next)
            assert not wait([other], timeout=0.3).done
        other.result()


# --- Copies ---


def test_a_copy_in_this_process_goes_on_with_the_stream():
    layer = brightness(name="mine")
    drawn(layer)
    model = keras.Sequential([keras.Input((1, 1, 1)), layer])
    copies = [
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),
        pickle.loads(pickle.dumps(model)).layers[0],
    ]
    expected = drawn(layer)
    assert [drawn(each) for each in copies] == [expected] * 3
    assert "home" not in copies[0].get_config()


def test_a_copy_of_a_layer_without_seed_has_a_seed_of_its_own_until_it_is_built():
    keras.utils.set_random_seed(4)
    first = drawn(brightness(seed=None))
    keras.utils.set_random_seed(4)
    assert drawn(pickle.loads(pickle.dumps(brightness(seed=None)))) == first


def test_deterministic_layers_have_no_variables():
    for layer in (
        ks.ImageOnlyRescaling(0.5),
        ks.JointResizing(4, 4),
        ks.Pipeline([ks.MaskOnlyOneHot(3), ks.JointCenterCrop(2, 2)]),
    ):
        layer((random_images(2), labels(2, classes=3)))
        assert layer.variables == []


def test_eager_calls_and_datasets_count_together():
    layer = brightness()
    dataset = tf.data.Dataset.from_tensors(GREY).map(layer)
    found = [drawn(layer)]
    for _ in range(2):
        found += [x.item() for x in dataset.as_numpy_iterator()]
        found.append(drawn(layer))
    expected = [to_numpy(layer.augment(GREY, layer.call_key(n))).item() for n in range(5)]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow counts whatever it is given")
def test_a_constant_in_a_dataset_is_refused():
    """The layer would run once, while the dataset is traced."""
    layer = brightness()
    with pytest.raises(ValueError, match="all elements would get the same"):
        tf.data.Dataset.range(3).map(lambda _: layer(GREY))
    dataset = tf.data.Dataset.range(3).map(lambda _: layer(tf.convert_to_tensor(GREY)))
    found = [x.item() for _ in "ab" for x in dataset.as_numpy_iterator()]
    assert len(set(found)) == 6


@pytest.mark.skipif(BACKEND != "jax", reason="functions without side effects are those of JAX")
def test_a_call_without_side_effects_may_be_traced_by_tensorflow():
    """Its draws come from the state that it is given, as in an exported training step."""
    layer = brightness()
    layer(GREY)

    @tf.function(autograph=False)
    def traced():
        with keras.StatelessScope():
            return keras.ops.convert_to_numpy(layer(GREY)).tolist()

    assert np.shape(traced()) == GREY.shape


def test_loading_weights_rewinds_a_stream_that_was_mapped(tmp_path):
    model = keras.Sequential([keras.Input((1, 1, 1)), brightness()])
    layer = model.layers[0]
    dataset = tf.data.Dataset.from_tensors(GREY).map(layer)
    model.save_weights(tmp_path / "start.weights.h5")
    first = [x.item() for _ in range(2) for x in dataset.as_numpy_iterator()]
    model.load_weights(tmp_path / "start.weights.h5")
    assert [x.item() for _ in range(2) for x in dataset.as_numpy_iterator()] == first


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX has `jax.jit`")
def test_jit_around_a_layer_must_bring_a_key():
    import jax

    layer = brightness()
    drawn(layer)
    with pytest.raises(ValueError, match=r"layer\.augment\(data, key\)"):
        jax.jit(layer)(GREY)
    assert len({drawn(layer) for _ in range(2)}) == 2
    jitted = jax.jit(lambda images, key: layer.augment(images, key))
    key = ks.random.key(3)
    assert to_numpy(jitted(GREY, key)).item() == pytest.approx(
        to_numpy(layer.augment(GREY, key)).item(), abs=1e-3
    )


# --- Ranks of `torch.distributed` ---


@pytest.fixture
def as_rank():
    """Makes this process one rank of a group; the other ranks need not exist."""
    distributed = pytest.importorskip("torch.distributed")
    fake = pytest.importorskip("torch.testing._internal.distributed.fake_pg")

    @contextlib.contextmanager
    def group(rank, size=2):
        distributed.init_process_group("fake", rank=rank, world_size=size, store=fake.FakeStore())
        try:
            yield
        finally:
            distributed.destroy_process_group()

    return group


def test_ranks_draw_apart_from_one_seed_and_alike_from_a_key(as_rank):
    layer = brightness()
    alone = [drawn(layer) for _ in "ab"]
    keyed = to_numpy(layer.augment(GREY, 7)).item()
    found = {}
    for rank, size in ((0, 1), (0, 2), (1, 2)):
        with as_rank(rank, size):
            ranked = brightness()
            found[rank, size] = [drawn(ranked) for _ in "ab"]
            assert to_numpy(ranked.augment(GREY, ranked.call_key(1))).item() == pytest.approx(
                found[rank, size][1], abs=1e-4
            )
            assert to_numpy(ranked.augment(GREY, 7)).item() == keyed
    assert found[0, 1] == alone
    assert len({*alone, *found[0, 2], *found[1, 2]}) == 6


def test_a_failed_call_of_a_rank_gives_its_number_back(as_rank):
    with as_rank(1):
        stream = brightness()._stream_of_calls()
        failed = stream.next()
        stream.step_back(failed)
        np.testing.assert_array_equal(to_numpy(stream.next()), to_numpy(failed))


@pytest.mark.parametrize("way", ["layer", "model"])
def test_a_worker_that_was_started_anew_knows_whose_it_is(as_rank, monkeypatch, way):
    sent = []
    for rank in (0, 1):
        with as_rank(rank):
            layer = brightness(name="mine")
            model = keras.Sequential([keras.Input((1, 1, 1)), layer])
            sent.append(pickle.dumps(layer if way == "layer" else model))
            expected = drawn(layer)
            here = pickle.loads(sent[-1])
            assert drawn(here if way == "layer" else here.layers[0]) == expected
    # As in a worker: another process, in no group, with the seed that equally seeded ranks give it.
    monkeypatch.setitem(processes._process, "name", processes.process() + 1)
    monkeypatch.setattr(processes, "worker_seed", lambda: 5)
    come = [pickle.loads(each) for each in sent]
    values = [drawn(each if way == "layer" else each.layers[0]) for each in come]
    assert len(set(values)) == 2


# --- Worker processes and replicas, in programs of their own ---


def in_workers(*arguments):
    """The draws of `tests/contract/workers.py`, epoch by epoch."""
    return run_workers(*arguments)[0]


def run_workers(engine, way, workers, epochs, seed=5):
    """(its draws, its error output)."""
    command = [sys.executable, "-m", "tests.contract.workers", engine, way]
    done = subprocess.run(
        [*command, str(workers), str(epochs), str(seed)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "KERAS_BACKEND": BACKEND, "PYTHONWARNINGS": "always"},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("DRAWN ")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[0].removeprefix("DRAWN ")), done.stderr


def all_differ(epochs):
    values = [value for epoch in epochs for value in epoch]
    assert len(values) >= 16
    assert len(set(values)) == len(values)


WORKERS = {
    "tensorflow": [
        ("py", "threads", 4, 3),
        ("py", "processes", 2, 1),
        ("py", "built", 2, 2),
        ("forked", "", 4, 3),
        ("pool", "built", 2, 2),
        ("replicas", "", 2, 1),
        ("cluster", "", 2, 2),
    ],
    "jax": [
        ("py", "threads", 4, 3),
        ("py", "built", 2, 1),
        ("torch", "built", 2, 1),
        ("grain", "plain", 2, 2),
        ("pool", "model", 2, 1),
    ],
    "torch": [
        ("py", "threads", 4, 3),
        ("py", "built", 2, 3),
        ("torch", "plain", 2, 3),
        ("torch", "built", 4, 3),
        ("torch", "model", 2, 1),
        ("torch", "spawned", 2, 3),
        ("pool", "plain", 2, 2),
    ],
}


def installed(engine):
    if engine in ("torch", "grain"):
        pytest.importorskip(engine)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", WORKERS[BACKEND], ids=lambda x: "-".join(map(str, x)))
def test_workers_never_draw_the_same(arguments):
    installed(arguments[0])
    all_differ(in_workers(*arguments))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="JAX warns itself, torch may be forked")
def test_a_forked_process_warns_once():
    drawn, said = run_workers("forked", "", 1, 2)
    all_differ(drawn)
    # Two epochs, each with a process of its own.
    assert said.count("ImageOnlyBrightness: this process was forked") == 2
    assert said.count('multiprocessing.set_start_method("spawn")') == 2


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "torch", reason="forked DataLoaders need the torch backend")
def test_workers_of_a_data_loader_repeat_with_its_seed():
    first, second, other = (in_workers("torch", "built", 2, 2, seed) for seed in (5, 5, 6))
    assert first == second
    assert first != other


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "tensorflow", reason="a forked TensorFlow may not run")
def test_keys_give_the_same_for_any_number_of_workers():
    engine = "torch" if BACKEND == "torch" else "grain"
    installed(engine)
    one, *others = (in_workers(engine, "keyed", workers, 1) for workers in (0, 2, 4))
    assert len(set(one[0])) == 16
    assert others == [one, one]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="runs the same everywhere")
@pytest.mark.slow
def test_parameters_are_the_same_in_another_process():
    from tests.cases import CASES

    case = CASES[0]
    code = (
        "import json; from tests.cases import CASES;"
        "from tests.contract.test_randomness import drawn_by, flat;"
        "print('DRAWN', json.dumps([x.tolist() for x in flat(drawn_by(CASES[0]))]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("DRAWN"))
    for a, b in zip(json.loads(line[5:]), flat(drawn_by(case)), strict=True):
        np.testing.assert_array_equal(a, b)
