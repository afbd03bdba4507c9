import os

# Two cores are shared by the workers of pytest-xdist: one thread each is faster than many.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import pytest


@pytest.fixture
def backend_is():
    """Does Keras run on this backend?"""
    return lambda name: keras.backend.backend() == name


@pytest.fixture(autouse=True)
def _default_settings():
    yield
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
