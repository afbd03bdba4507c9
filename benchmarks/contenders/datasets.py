"""A `tf.data` pipeline as a job; for keras_segaug and Keras' own layers alike."""

import tensorflow as tf

from benchmarks.work import Job


def limit_threads(threads):
    """Must be called before TensorFlow does anything else."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def dataset_job(function, elements, batch, threads):
    """`dataset.map(function)` over these elements, repeated forever."""
    dataset = tf.data.Dataset.from_tensor_slices(elements).repeat()
    if batch and batch > 1:
        dataset = dataset.batch(batch, drop_remainder=True)
    parallel = threads if threads > 1 else None
    dataset = dataset.map(function, num_parallel_calls=parallel)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    # By default TensorFlow prefetches: results would be made for free while others have their turn.
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    iterator = iter(dataset.with_options(options))
    unit = batch or 1

    def run(count):
        for _ in range(count // unit):
            next(iterator)

    def settle():
        # A parallel map also makes results in advance between two rounds, which are not timed.
        for _ in range(2 * threads if parallel else 0):
            next(iterator)

    return Job(run, unit, settle=settle)
