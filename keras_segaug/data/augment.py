"""Augments a dataset so that every element gets the same draw wherever it is computed."""

from typing import Any

from keras_segaug import checks
from keras_segaug.core import backend, random
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.targets import IMAGE_ROLES
from keras_segaug.data.accepted import a_layer

_OWNER = "augment_dataset"
# A call number that no layer reaches, so that these draws differ from the layer's own.
_CALL = (1 << 32) - 1


def augment_dataset(
    dataset: Any,
    augmentation: AugmentationLayer,
    seed: int | None = None,
    *,
    epoch: Any = 0,
    advance: bool = True,
    stage: int = 0,
    start: int = 0,
    num_shards: int = 1,
    shard_index: int = 0,
    num_parallel_calls: int | None = None,
) -> Any:
    """Augments a dataset; what happens to a sample depends only on its number and the epoch.

    `dataset.map(layer)` numbers its calls in the order in which they happen to run, goes on
    counting from one run to the next, and draws for a whole batch at once. That is enough for most
    training. Use this function where a run must be repeated bit for bit: it gives the same result
    for any `num_parallel_calls`, batch size and number of machines, and goes on after a stop as if
    there had been none. The price: samples of a batch are augmented one by one. For a layer that
    mixes samples, all this holds for batches, not samples: give it a dataset of batches that always
    hold the same samples.

    On the workers of `tf.data.experimental.service` the numbers start over, like everything that a
    dataset counts: there, call `augment` with keys made from the records' own numbers
    (docs/guides/many_machines.md).

    A sample is identified by its place in `dataset`, so augment before `shuffle`, or give `shuffle`
    a seed. Results are equal bit for bit on machines of one kind; another processor, or another
    version of TensorFlow, may round the last bit of a float differently. Even then labels and 8-bit
    geometry are the same, except at points that lie exactly between two pixels.

    Args:
        dataset: a `tf.data.Dataset` whose elements the layer accepts, single images or batches. Any
            Keras backend will do.
        augmentation: a keras_segaug layer. Its own counter is neither used nor advanced.
        seed: an integer; None takes the layer's `seed`.
        epoch: the number of the first epoch; or an integer `tf.Variable` that holds it, which
            can be saved in a `tf.train.Checkpoint` or set by a callback (see below).
        advance: whether each new iteration is the next epoch. False leaves the epoch alone, so that
            every iteration repeats it until the variable is set to another value. With an integer
            the dataset then has no state at all, and its iterator can be saved in a
            `tf.train.Checkpoint`.
        stage: where several calls follow each other on one dataset with the same seed, a different
            number for each; otherwise layers of the same class would draw the same numbers.
        start: how many elements (batches, where the elements are batches) to leave out of epoch
            `epoch`: those that were seen before a stop. They are read, but not augmented.
        num_shards: among how many machines the samples are divided, by
            `dataset.shard(num_shards, shard_index)` before batching.
        shard_index: which of these shards `dataset` is.
        num_parallel_calls: how many elements are augmented at once; `tf.data.AUTOTUNE` decides
            by itself. The order of elements is always kept.

    Returns:
        A `tf.data.Dataset` of elements of the same structure.

    An epoch is counted when an iteration begins, so looking at the first element uses up an epoch,
    as does `fit` of a model that is not built. For the same epochs as `fit`, also after a restart
    with `initial_epoch`, let a callback set them:

    ```python
    epoch = tf.Variable(0, dtype="int64")
    dataset = ks.augment_dataset(dataset, augmentation, 1, epoch=epoch, advance=False)
    tell = keras.callbacks.LambdaCallback(on_epoch_begin=lambda number, logs: epoch.assign(number))
    model.fit(dataset, epochs=20, initial_epoch=12, callbacks=[tell])
    ```

    Example:

    >>> import tensorflow as tf
    >>> pairs = np.zeros((5, 8, 8, 3), "uint8"), np.ones((5, 8, 8), "uint8")
    >>> dataset = tf.data.Dataset.from_tensor_slices(pairs)
    >>> flip = keras_segaug.JointRandomFlip()
    >>> dataset = keras_segaug.augment_dataset(dataset, flip, seed=1, num_parallel_calls=2)
    >>> len(dataset)
    5
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        checks.fail(_OWNER, "dataset", "a `tf.data.Dataset`", dataset, TypeError)
    a_layer(_OWNER, augmentation)
    seed = augmentation.seed if seed is None else checks.seed(_OWNER, seed)
    if seed is None:
        checks.fail(_OWNER, "seed", "an integer where the layer has no seed", seed)
    checks.one_of(_OWNER, "advance", advance, (True, False))
    stage = checks.natural_number(_OWNER, "stage", stage)
    start = checks.natural_number(_OWNER, "start", start)
    num_shards = checks.positive_integer(_OWNER, "num_shards", num_shards)
    if checks.natural_number(_OWNER, "shard_index", shard_index) >= num_shards:
        checks.fail(_OWNER, "shard_index", f"below num_shards={num_shards}", shard_index)

    epoch = _epoch_holder(epoch, advance)
    numbered = dataset.scan(
        (tf.constant(-1, "int64"), tf.constant(0, "int64"), tf.constant(0, "int64")),
        _Numbering(augmentation, epoch, advance),
    )
    if start:
        first = int(epoch)
        numbered = numbered.filter(lambda epoch, place, *_: (epoch != first) | (place >= start))

    def augment(epoch, place, sample, element):
        keys = sample_keys(seed, epoch, sample * num_shards + shard_index, stage)
        return _augment_one_by_one(augmentation, element, keys)

    # One at a time is in order anyway, and TensorFlow warns if it is asked for.
    in_order = True if num_parallel_calls else None
    return numbered.map(augment, num_parallel_calls=num_parallel_calls, deterministic=in_order)


def sample_keys(seed, epoch, numbers, stage=0):
    """The keys (..., 2) that `augment_dataset` gives the samples of these numbers.

    `layer.apply(data, layer.draw_parameters(data, keys))` replays what it did to a batch, except
    for the last bits, which a program for a batch may round differently.
    """
    with backend.ops_of(numbers):
        root = random.fold_in(random.key(seed, _CALL), stage)
        return random.fold_in(random.fold_in(root, epoch), numbers)


def _epoch_holder(epoch, advance):
    """A variable if the epoch changes, else a number."""
    import tensorflow as tf

    if not isinstance(epoch, tf.Variable):
        epoch = checks.natural_number(_OWNER, "epoch", epoch)
        if not advance:
            return epoch
        # `tf.data` runs on the CPU.
        with tf.init_scope(), tf.device("CPU:0"):
            return tf.Variable(epoch, dtype="int64", trainable=False, name="epoch")
    if not epoch.dtype.is_integer or epoch.shape.rank != 0:
        checks.fail(_OWNER, "epoch", "an integer or a scalar integer `tf.Variable`", epoch)
    return epoch


class _Numbering:
    """Prepends to each element its epoch, its place, and the numbers of its samples.

    This is the function of a `scan`, so that its state is part of the iterator and saved with it.
    """

    def __init__(self, layer, epoch, advance):
        self._layer = layer
        self._epoch = epoch
        self._advance = advance

    def __call__(self, state, *element):
        import tensorflow as tf

        epoch, place, sample = state
        element = element[0] if len(element) == 1 else element
        images = Inputs(self._layer, element).images
        epoch = tf.cond(epoch < 0, self._begin, lambda: epoch)
        numbers = sample
        count = tf.constant(1, "int64")
        if len(images.shape) == 4:
            count = tf.shape(images, out_type="int64")[0]
            numbers = sample + tf.range(count)
        return (epoch, place + 1, sample + count), (epoch, place, numbers, element)

    def _begin(self):
        import tensorflow as tf

        if self._advance:
            return tf.cast(self._epoch.assign_add(1, read_value=True) - 1, "int64")
        return tf.cast(self._epoch, "int64")


setattr(_Numbering, backend.AUTOGRAPH_MARK, {})


def _augment_one_by_one(layer, element, keys):
    """One program per image, whatever the batch: programs for other sizes round differently."""
    import tensorflow as tf

    inputs = Inputs(layer, element)
    if layer._mixes():
        # A sample's partners are in its batch.
        return layer.augment(element, keys)
    if len(inputs.images.shape) == 3:
        return layer.augment(element, keys[None])

    def one(arguments):
        tensors, key = arguments
        return layer.augment(Inputs(layer, tensors, checked=True), key[None])

    dtypes = {
        role: [layer.compute_dtype if role in IMAGE_ROLES else x.dtype for x in tensors]
        for role, tensors in inputs.flat().items()
    }
    dtypes = inputs.structured(dtypes)
    if layer._gives_views:
        dtypes = dict.fromkeys(layer.views, dtypes)
    return layer._write(inputs, tf.map_fn(one, (inputs.tensors, keys), fn_output_signature=dtypes))
