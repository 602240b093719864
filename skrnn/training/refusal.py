"""Finds reasons why the compiled engine cannot train a network."""

import keras
import tensorflow as tf

# Events the engine does not emit. The Keras trainer does.
_NOT_TOLD = [
    f"on_{what}_{when}"
    for what in ("batch", "train_batch", "test_batch", "test")
    for when in ("begin", "end")
]


class RefusedError(Exception):
    """Raised when only `keras.Model.fit` can train this network."""


def has_gpu():
    """Return whether TensorFlow sees a GPU, where Keras with cuDNN is faster."""
    return bool(tf.config.get_visible_devices("GPU"))


def refuse_if_needed(callbacks):
    """Raise a RefusedError if there is a GPU, or callbacks need events of batches."""
    if has_gpu():
        raise RefusedError("TensorFlow sees a GPU")
    for callback in callbacks:
        if (
            type(callback) is keras.callbacks.ModelCheckpoint
            and callback.save_freq == "epoch"
        ):
            continue  # its batch methods do nothing in this case
        for event in _NOT_TOLD:
            method = getattr(getattr(callback, event), "__func__", None)
            if method is not getattr(keras.callbacks.Callback, event):
                raise RefusedError(
                    f"the callback {type(callback).__name__} has a method {event}"
                )
