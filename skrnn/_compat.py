"""The one place for private names of scikit-learn and scikeras.

Each piece says when it may go. Nothing here imports TensorFlow.
"""

# Stays until scikit-learn makes its parameter validation public (private in 1.9).
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

# Stays until scikit-learn says publicly which container `transform` is to return.
from sklearn.utils._set_output import _get_output_config

# Stay until scikit-learn has public ones (private in 1.9).
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "ScikerasHooks",
    "StrOptions",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "returns_frame",
]


def returns_frame(transformer):
    """Tell whether `set_output` asks a transformer for a DataFrame."""
    return _get_output_config("transform", transformer)["dense"] != "default"


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
