"""A `tf.data.Dataset` of the pairs that passed, and what it knows about them."""

from collections import Counter

from keras_segaug.data.problems import OWNER
from keras_segaug.data.reading import COLOR_MODES
from keras_segaug.data.survey import count, one_by_one


def import_tensorflow():
    try:
        import tensorflow
    except ImportError:
        raise ImportError(
            f"{OWNER} gives a tf.data.Dataset, whatever the Keras backend, and needs TensorFlow "
            "for it: pip install tensorflow"
        ) from None
    return tensorflow


def dataset_of(reader, survey, labels, options, report, verbose):
    tf = import_tensorflow()
    pairs = survey.pairs
    (image_dtype,) = survey.image_dtypes
    mask_dtype = survey.mask_dtype(labels.ids)
    size = next(iter(survey.sizes)) if len(survey.sizes) == 1 else (None, None)
    channels = COLOR_MODES[reader.color_mode]

    def load(index):
        arrays = tf.numpy_function(
            lambda place: reader.read(pairs[place], mask_dtype),
            [index],
            [tf.as_dtype(image_dtype), tf.as_dtype(mask_dtype)],
        )
        return tf.ensure_shape(arrays[0], (*size, channels)), tf.ensure_shape(arrays[1], size)

    def resize(image, mask):
        if options.image_size is None:
            return image, mask
        resized = tf.image.resize(
            image, options.image_size, options.interpolation, antialias=options.antialias
        )
        if resized.dtype != image.dtype:
            resized = tf.saturate_cast(tf.floor(resized + 0.5), image.dtype)
        return resized, tf.image.resize(mask[..., None], options.image_size, "nearest")[..., 0]

    def named(image, mask):
        if options.output == "dict":
            return {"images": image, "segmentation_masks": mask}
        return image, mask

    dataset = tf.data.Dataset.range(len(pairs))
    if options.shuffle:
        dataset = dataset.shuffle(len(pairs), seed=options.seed)
    dataset = dataset.map(
        lambda index: named(*resize(*load(index))), num_parallel_calls=tf.data.AUTOTUNE
    )
    if options.batch_size is not None:
        dataset = dataset.batch(options.batch_size)
    dataset = dataset.prefetch(tf.data.AUTOTUNE)
    statistics = Statistics(reader, pairs, labels, survey.counts, verbose)
    dataset.class_names = labels.class_names
    dataset.ignore_index = labels.ignore_index
    dataset.class_colors = labels.class_colors or survey.class_colors
    dataset.file_paths = list(pairs)
    dataset.report = report
    dataset.pixel_counts = statistics.pixel_counts
    dataset.class_weights = statistics.class_weights
    return dataset


class Statistics:
    """How often each class occurs in the files of a dataset."""

    def __init__(self, reader, pairs, labels, counts, verbose):
        self._reader, self._pairs, self._labels = reader, pairs, labels
        self._counts, self._verbose = counts, verbose

    def pixel_counts(self):
        """From id to number of pixels, ids that do not occur included where they are known."""
        if self._counts is None:
            self._counts = Counter()
            for counts in one_by_one(self._count, self._pairs, "Counting", self._verbose):
                self._counts.update(counts)
        known = dict.fromkeys(self._labels.ids or (), 0) | self._counts
        return dict(sorted(known.items()))

    def _count(self, pair):
        return count(self._reader.mask(pair))

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
