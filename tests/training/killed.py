"""A training run that kills itself in mid-epoch: python killed.py FOLDER STEP.

After each step it prints which draw comes next, and a checksum of the weights.
"""

import os
import signal
import sys

import keras

import keras_segaug as ks
from tests.training.networks import compiled, images_and_masks, network, number_of_draws, pipeline


def main(folder, last):
    model = compiled(ks.AugmentedModel(network(), pipeline()))
    images, masks = images_and_masks()

    def report(*_, **__):
        # Access to a callback's `model` brings JAX' variables up to date.
        its = callback.model
        weights = sum(float(abs(each).sum()) for each in its.model.get_weights())
        print(number_of_draws(its), f"{weights:.4f}", flush=True)
        if number_of_draws(its) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    callback = keras.callbacks.LambdaCallback(on_train_begin=report, on_train_batch_end=report)
    backup = keras.callbacks.BackupAndRestore(folder, save_freq=1, double_checkpoint=True)
    options = {"batch_size": 2, "epochs": 2, "shuffle": False, "verbose": 0}
    model.fit(images, masks, callbacks=[backup, callback], **options)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
