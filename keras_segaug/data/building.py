"""Builds a `tf.data.Dataset` of the pairs that passed the check, with attributes about them."""

import math
from collections import Counter

import numpy as np

from keras_segaug.data.problems import owned_by, owner
from keras_segaug.data.promises import Promise
from keras_segaug.data.reading import COLOR_MODES
from keras_segaug.data.survey import count, one_by_one

# The numbers that `Dataset.random` gives are below this.
WORDS = 1 << 32


def import_tensorflow():
    try:
        import tensorflow
    except ImportError:
        raise ImportError(
            f"{owner()} gives a tf.data.Dataset, whatever the Keras backend, and needs TensorFlow "
            "for it: pip install tensorflow"
        ) from None
    return tensorflow


def dataset_of(reader, survey, labels, options, verbose):
    """The dataset of a survey's pairs, with the attributes that Keras' users know."""
    tf = import_tensorflow()
    dataset = _places(survey, options)
    promise = Promise(survey, labels)
    load = _loading(reader, survey.pairs, promise, options)
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    if options.batch_size is not None:
        dataset = dataset.batch(options.batch_size)
    dataset = dataset.prefetch(tf.data.AUTOTUNE)
    dataset.steps_per_epoch = math.ceil(_length(survey) / (options.batch_size or 1))
    add_knowledge(dataset, reader, survey, labels, promise, verbose)
    return dataset


def add_knowledge(dataset, reader, survey, labels, promise, verbose):
    """Stores what is known about the pairs in attributes of the dataset or source."""
    statistics = Statistics(reader, survey, labels, promise, verbose)
    dataset.class_names = labels.class_names
    dataset.ignore_index = labels.ignore_index
    dataset.class_colors = labels.colors_of(survey.table)
    dataset.file_paths = list(survey.pairs)
    dataset.pixel_counts = statistics.pixel_counts
    dataset.class_weights = statistics.class_weights


def _length(survey):
    """The number of pairs in an epoch, on average."""
    return len(survey.pairs) if survey.oversampling is None else survey.oversampling.length


def _places(survey, options):
    """The places of the pairs, in the order in which the dataset gives them."""
    tf = import_tensorflow()
    if survey.oversampling is None:
        most = len(survey.pairs)
        dataset = tf.data.Dataset.range(most)
    else:
        factors = survey.oversampling.factors
        most = int(np.ceil(factors).sum())
        dataset = repeated(factors, options.seed)
    return dataset.shuffle(most, seed=options.seed) if options.shuffle else dataset


def repeated(factors, seed):
    """The places 0, 1, ... in order, each repeated by its factor, drawn anew in every pass.

    A factor of 2.3 gives two repeats, and in three passes of ten one more. Passes are counted as in
    `shuffle`: by the iterations of the dataset so far.
    """
    tf = import_tensorflow()
    whole = np.floor(factors).astype("int64")
    limits = ((np.array(factors) - whole) * WORDS).astype("int64")

    def places(words):
        repeats = whole + tf.cast(words < limits, "int64")
        return tf.repeat(tf.range(len(limits), dtype="int64"), repeats)

    words = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
    words = words.batch(len(limits), drop_remainder=True).take(1)
    return words.map(places).unbatch()


def _loading(reader, pairs, promise, options):
    """From the place of a pair to an element of the dataset."""
    tf = import_tensorflow()
    size = promise.size or (None, None)
    channels = COLOR_MODES[reader.color_mode]

    def read(place):
        return reader.read(pairs[place], promise)

    def load(place):
        dtypes = [tf.as_dtype(promise.image_dtype), tf.as_dtype(promise.mask_dtype)]
        image, mask = tf.numpy_function(read, [place], dtypes)
        image, mask = tf.ensure_shape(image, (*size, channels)), tf.ensure_shape(mask, size)
        if options.image_size is not None:
            image, mask = _resized(image, mask, options)
        if options.output == "dict":
            return {"images": image, "segmentation_masks": mask}
        return image, mask

    return load


def _resized(image, mask, options):
    """Resizes both with pixels as areas whose outer edges coincide, so they stay aligned."""
    tf = import_tensorflow()
    resized = tf.image.resize(
        image, options.image_size, options.interpolation, antialias=options.antialias
    )
    if resized.dtype != image.dtype:
        resized = tf.saturate_cast(tf.floor(resized + 0.5), image.dtype)
    return resized, tf.image.resize(mask[..., None], options.image_size, "nearest")[..., 0]


class Statistics:
    """How often each class occurs in the files of a dataset."""

    def __init__(self, reader, survey, labels, promise, verbose):
        self._reader, self._pairs, self._counts = reader, survey.pairs, survey.counts
        self._labels, self._promise, self._verbose = labels, promise, verbose
        self._owner = owner()

    def pixel_counts(self):
        """From id to number of pixels, including known ids that do not occur."""
        if self._counts is None:
            # Stored only once complete: a file may turn out broken on the way.
            whole: Counter = Counter()
            for counts in one_by_one(self._count, self._pairs, "Counting", self._verbose):
                whole.update(counts)
            self._counts = whole
        known = dict.fromkeys(self._labels.ids or (), 0) | self._counts
        return dict(sorted(known.items()))

    def _count(self, pair):
        # This runs in a thread, which does not inherit the owner of the thread that started it.
        with owned_by(self._owner):
            return count(self._reader.mask(pair, self._promise))

    def class_weights(self):
        """From id to total / (classes present * pixels of the class), without `ignore_index`."""
        counts = self.pixel_counts()
        counts.pop(self._labels.ignore_index, None)
        present = sum(pixels > 0 for pixels in counts.values())
        total = sum(counts.values())
        return {
            class_id: total / (present * pixels) if pixels else 0.0
            for class_id, pixels in counts.items()
        }
