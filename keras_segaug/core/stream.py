"""The stream of a layer: a different key for each call, from whichever thread or process.

A key is (seed, number of the call). The number lives in one variable, which is saved with the
layer. Threads share it and never get the same number. A layer that was copied into another
process counts from where its original was, so its keys are salted: with the worker's seed where
the engine provides one (torch), with the process itself elsewhere. Ranks of `torch.distributed` and
replicas of `tf.distribute` fold in their number, and so do, outside of replicas, the processes of a
TensorFlow cluster.
"""

import sys

import keras
import numpy as np

from keras_segaug.core import backend, counter, processes, random

_WORD = 0xFFFFFFFF


class Stream:
    """Hands out the keys of one layer.

    Where Keras does not run on TensorFlow, `tf.data` counts in a variable of its own, since its
    threads can neither see nor wait for Keras' variable. The two are brought together whenever one
    of them is read here.

    Args:
        variable: a Keras variable: the counter in two words (low and high), and the seed.
        home: where the layer was made, as `processes.home()` named it.
    """

    def __init__(self, variable, home):
        self._variable = variable
        self._home = home
        self._mapped = None
        # The count at which both variables last agreed.
        self._agreed = 0

    def next(self):
        """The key of the next call, as `random.key` makes one."""
        if not backend.is_functional(self._variable):
            _refuse_constants_of_a_graph()
        key, replica = self._next(), processes.replica()
        if replica is None:
            return self._salted(key)
        return random.fold_in(_folded(key, _salt(self._home)), replica)

    def key(self, number):
        """The key of the call with this number, in this process."""
        return self._salted(random.key(int(self._read()[2]), number))

    def step_back(self, key):
        """Takes a key back after a call that failed, unless another call has come since."""
        with processes.lock():
            self.agree()
            count = counter.count_of(self._read())
            if count and np.array_equal(*map(backend.to_numpy, (self.key(count - 1), key))):
                self._write(count - 1)

    def read(self):
        """The state: three words, which account for all calls that were made."""
        self.agree()
        return self._read()

    def agree(self):
        """Brings both variables to one count, which then accounts for all calls."""
        if self._mapped is None or backend.is_functional(self._variable):
            return
        kept, mapped = counter.count_of(self._read()), counter.count_of(self._mapped.numpy())
        if kept < self._agreed:
            # The stream was rewound by assigning to Keras' variable.
            self.rewind()
        elif kept > self._agreed:
            # Advanced, not assigned: a running dataset may be counting at this moment.
            counter.skip(self._mapped, kept - self._agreed)
            self._write(mapped + kept - self._agreed)
        elif mapped > kept:
            self._write(mapped)
        self._agreed = counter.count_of(self._read())

    def rewind(self):
        """Makes a dataset continue from Keras' variable, as after loading weights."""
        if self._mapped is not None:
            words = self._read()
            self._agreed = counter.count_of(words)
            self._mapped.assign(counter.words_of(self._agreed, words[2], "int64"))

    def _next(self):
        if backend.name() == "tensorflow" and not backend.runs_on("tensorflow"):
            with processes.lock():
                if self._mapped is None:
                    words = self._read()
                    self._agreed = counter.count_of(words)
                    words = counter.words_of(self._agreed, words[2], "int64")
                    self._mapped = counter.tensorflow_variable(words)
            return counter.next_key(self._mapped)
        with processes.lock():
            if backend.runs_on("tensorflow"):
                # Atomic already; the lock keeps `step_back` from coming in between.
                return counter.next_key(self._variable)
            if self._mapped is None or backend.is_functional(self._variable):
                return counter.next_key(self._variable)
            self.agree()
            number = counter.skip(self._mapped, 1)
            self._agreed = number + 1
            self._write(self._agreed)
            return random.key(int(self._read()[2]), number)

    def _salted(self, key):
        return _folded(key, _salt(self._home) + processes.cluster_task(self._variable.value))

    def _read(self):
        return backend.to_numpy(self._variable.value)

    def _write(self, count):
        dtype = counter.state_dtype()
        self._variable.assign(counter.words_of(count, self._read()[2], dtype))


def _refuse_constants_of_a_graph():
    """Raises where TensorFlow traces a function, but a layer got no tensors of that function."""
    tensorflow = sys.modules.get("tensorflow")
    if backend.name() == "tensorflow" or tensorflow is None or not tensorflow.inside_function():
        return
    raise ValueError(
        "A keras_segaug layer was called in `dataset.map` (or `tf.function`) with arrays instead "
        f"of tensors of TensorFlow, while Keras runs on {keras.backend.backend()}. It would draw "
        "once, and all elements would get the same. Give it what the dataset yields, or "
        "`tf.convert_to_tensor(images)`."
    )


def _folded(key, words):
    for word in words:
        key = random.fold_in(key, word)
    return key


def _salt(home):
    """What distinguishes a layer from its copies in other processes: nothing where there are none.

    Two words for a copy in a worker process, and one for the rank: that of this process, or in a
    worker that of the process that sent the layer. One more for a copy that is not the first there.
    """
    made_in, its_rank, number = home
    seed, rank = processes.worker_seed(), processes.rank()
    if seed is None and made_in == processes.process():
        return () if rank is None else (rank,)
    seed = processes.process() if seed is None else seed
    rank = its_rank if rank is None else rank
    others = [word for word in (rank, number or None) if word is not None]
    return seed & _WORD, seed >> 32 & _WORD, *others
