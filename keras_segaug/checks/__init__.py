"""Looks at arguments as they come in; all errors about arguments are worded in here."""

from keras_segaug.checks.values import *  # noqa: F403
from keras_segaug.checks.window_arguments import *  # noqa: F403
