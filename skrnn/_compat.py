"""The one place for private names of scikit-learn, Keras, scikeras and TensorFlow.

Each piece says when it may go. Nothing here imports TensorFlow.
"""

import os

# Stays until scikit-learn makes its parameter validation public (private in 1.9).
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

# Stays until scikit-learn says publicly which container `transform` is to return.
from sklearn.utils._set_output import _get_output_config

# Stay until scikit-learn has public ones (private in 1.9).
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

from skrnn._version import SITE

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # stays until 1.9 is the oldest scikit-learn

    class CallbackSupportMixin:
        """There are no callbacks to support."""


__all__ = [
    "CallbackSupportMixin",
    "FitTask",
    "HasMethods",
    "Interval",
    "LinkedHTML",
    "ScikerasHooks",
    "StrOptions",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "forget_kernels",
    "give_sessions_own_threads",
    "returns_frame",
    "session_callable",
    "without_all_reduce",
]


def returns_frame(transformer):
    """Tell whether `set_output` asks a transformer for a DataFrame."""
    return _get_output_config("transform", transformer)["dense"] != "default"


def give_sessions_own_threads():
    """Have TensorFlow give each session the threads it asks for, once it starts.

    Otherwise all sessions share those of the first, or of eager mode. TensorFlow reads
    this variable as it starts, but does not document it (2.18 to 2.21). Stays until a
    session, or a function, can be told publicly to run on one thread.
    """
    os.environ.setdefault("TF_OVERRIDE_GLOBAL_THREADPOOL", "1")


def session_callable(session, fetched, fed):
    """Return what `session.make_callable` does, at a third of its cost.

    The documented one looks at every argument in Python: 0.08 of the 0.11 ms that a
    small program takes. Stays until TensorFlow makes this one public (it is not in
    2.18 to 2.21); where it is gone, the documented one serves.

    Parameters
    ----------
    session : tf.compat.v1.Session
        Of the graph that the tensors are of.
    fetched : tf.Tensor
        What to compute.
    fed : list of tf.Tensor
        Placeholders; arguments must be arrays or NumPy scalars of just their dtypes.
    """
    try:
        from tensorflow.core.protobuf.config_pb2 import CallableOptions

        make = session._make_callable_from_options
    except (ImportError, AttributeError):
        return session.make_callable(fetched, fed)
    options = CallableOptions(feed=[t.name for t in fed], fetch=[fetched.name])
    run = make(options)
    return lambda *arrays: run(*arrays)[0]


def without_all_reduce(optimizer):
    """Spare an optimizer the sum of its gradients over replicas, where there is one.

    In a graph TensorFlow sums by a custom gradient, of which it registers another
    each time and forgets none, and with it the whole graph stays in memory, of every
    network ever trained. Stays until Keras spares itself the sum over one
    replica (it does not in 3.15).

    Returns
    -------
    keras.optimizers.Optimizer
        The optimizer.
    """
    from tensorflow import distribute

    all_reduce = optimizer._all_reduce_sum_gradients

    def sum_over_replicas(gradients_and_variables):
        if distribute.get_strategy().num_replicas_in_sync == 1:
            return list(gradients_and_variables)
        return all_reduce(gradients_and_variables)

    optimizer._all_reduce_sum_gradients = sum_over_replicas
    return optimizer


def forget_kernels():
    """Empty TensorFlow's cache of kernels, in which it keeps what no program needs.

    It holds all that ever ran, also the programs of networks that are gone; what runs
    on enters it anew. Stays until TensorFlow bounds it, or lets it be emptied by a
    public name (2.18 to 2.21 do not; Keras does it so in `clear_session`).
    """
    from tensorflow.python.eager import context

    context.context().clear_kernel_cache()


class LinkedHTML:
    """Links from scikit-learn's HTML of an estimator to our pages, and more in it.

    scikit-learn describes these names for third parties in a docstring of 1.6 to 1.9.
    May go when they are public.
    """

    _doc_link_module = "skrnn"
    _doc_link_template = f"{SITE}/generated/skrnn.{{name}}.html"

    def _doc_link_url_param_generator(self):
        return {"name": type(self).__name__}

    def _get_fitted_attr_html(self, doc_link=""):  # called from 1.9 on
        table = super()._get_fitted_attr_html(doc_link)
        attributes = table._repr_html_inner
        table._repr_html_inner = lambda: attributes() + self._more_html()
        return table

    def _more_html(self):
        """Return HTML to show below the fitted attributes."""
        return ""


class FitTask:
    """A fit as scikit-learn's callbacks are told of it; before 1.9 none is.

    scikit-learn documents `_init_callback_context` for third parties under this
    name; `_skl_callbacks` has no public form in 1.9.

    Parameters
    ----------
    estimator : BaseEstimator
        What is fitted.
    max_epochs : int
        Parts of the fit of which callbacks are told, at most.
    X, y
        The data of `fit`.
    sample_weight : array-like, default=None
        Weights of the samples.
    """

    def __init__(self, estimator, max_epochs, X, y, sample_weight=None):
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": weights}
        self._context = None
        self.is_watched = bool(getattr(estimator, "_skl_callbacks", ()))
        if hasattr(estimator, "_init_callback_context"):
            self._context = estimator._init_callback_context(max_subtasks=max_epochs)
            self._context.call_on_fit_task_begin(**self._told)

    def begin_epoch(self):
        """Tell that an epoch begins."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self, attributes):
        """Tell that the epoch ended; return whether training is to stop.

        Parameters
        ----------
        attributes : callable
            Returns what makes a copy of the estimator a fitted one.
        """
        return self._epoch.call_on_fit_task_end(
            **self._told, reconstruction_attributes=attributes
        )

    def end(self):
        """Tell that the fit ended."""
        if self._context is not None:
            self._context.call_on_fit_task_end(
                **self._told, reconstruction_attributes=dict
            )


class ScikerasHooks:
    """Hand the training and prediction of a scikeras wrapper to public methods.

    To be placed before `scikeras.wrappers.BaseWrapper`. May go when scikeras has
    public hooks and accepts missing values (neither in 0.13).
    """

    def _keras_build_fn(self, compile_kwargs):
        return self.build(compile_kwargs)

    # The estimator has validated the data; scikeras would change their dtypes.

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        return X, y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        return X, y, sample_weight

    def _check_model_compatibility(self, y):
        """Nothing: network and loss were built for this very target."""

    def _fit_keras_model(self, X, y, sample_weight, warm_start, epochs, initial_epoch):
        self.train(X, epochs)
