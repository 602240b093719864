"""Private hooks of scikeras."""


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
