"""Checks arguments and data as they come in; all error messages about them are in here."""

from keras_segaug.checks.ranges import *  # noqa: F403
from keras_segaug.checks.references import *  # noqa: F403
from keras_segaug.checks.tensors import *  # noqa: F403
from keras_segaug.checks.values import *  # noqa: F403
from keras_segaug.checks.window_arguments import *  # noqa: F403
