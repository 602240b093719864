"""What the compiled engine does not train."""

import keras
import tensorflow as tf

# Events that the engine does not emit. Callbacks that need them run in Keras's loop.
_NOT_TOLD = [
    f"on_{what}_{when}"
    for what in ("batch", "train_batch", "test_batch", "test")
    for when in ("begin", "end")
]


class RefusedError(Exception):
    """Raised when only `keras.Model.fit` can train a network."""


def has_gpu():
    """Tell whether TensorFlow sees a GPU, on which cuDNN is faster."""
    return bool(tf.config.get_visible_devices("GPU"))


def refuse_if_needed(callbacks):
    """Raise an error if the engine cannot tell callbacks all that they want to know.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        The user's.

    Raises
    ------
    RefusedError
        If there is a GPU, or a callback for batches or evaluations.
    """
    if has_gpu():
        raise RefusedError("TensorFlow sees a GPU")
    for callback in callbacks:
        if (
            type(callback) is keras.callbacks.ModelCheckpoint
            and callback.save_freq == "epoch"
        ):
            continue  # its method for batches does nothing then
        for event in _NOT_TOLD:
            method = getattr(getattr(callback, event), "__func__", None)
            if method is not getattr(keras.callbacks.Callback, event):
                raise RefusedError(
                    f"the callback {type(callback).__name__} has a method {event}"
                )
