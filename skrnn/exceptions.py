"""Warnings about data and training; the guide says when each one is issued."""

__all__ = [
    "IgnoredIndexWarning",
    "IrregularIndexWarning",
    "LaterSeriesWarning",
    "MissingInputWarning",
    "MissingStepsWarning",
    "NoWindowsWarning",
    "NothingChosenWarning",
    "NothingLearnedWarning",
    "RowsLeftOutWarning",
    "SkrnnWarning",
    "UnscaledWarning",
]


class SkrnnWarning(UserWarning):
    """Base class of the warnings about data and training.

    A filter for this class applies to all of them.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import SkrnnWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", SkrnnWarning)
    """


class MissingStepsWarning(SkrnnWarning):
    """Warn that windows to predict have too few observed steps.

    Issued by `predict` of the recurrent regressors; by :class:`~skrnn.Forecaster` if
    some forecasts or bounds are NaN, or are made from too little; and by
    :func:`~skrnn.backtest` if more than a tenth of the forecasts of a model are NaN.
    """


class RowsLeftOutWarning(SkrnnWarning):
    """Warn that rows are not used for training, or are not measured.

    Issued by `fit` and `partial_fit` of the recurrent regressors for more than a tenth
    of the rows, by `fit` of :class:`~skrnn.Forecaster` for more than half of the
    windows, and by :func:`~skrnn.metrics.summarize` for more than a tenth of the rows
    and for rows without a scale.
    """


class NothingChosenWarning(SkrnnWarning):
    """Warn that there are too few rows to choose a regressor by.

    Issued by `fit` of :class:`~skrnn.Forecaster` without a `regressor`. It then uses
    the mean of exponential smoothing and Ridge.

    See Also
    --------
    skrnn.MeanRegressor : Predicts the mean of regressors.
    """


class NothingLearnedWarning(SkrnnWarning):
    """Warn that the network predicts no better than a constant.

    Issued by `fit` of the recurrent regressors for the losses squared error, absolute
    error and quantile, if the training loss is not at least 1 % below that of the best
    constant prediction, unless the target may be noise.
    """


class UnscaledWarning(SkrnnWarning):
    """Warn that features have a large standard deviation, or a mean far from zero.

    Issued by `fit` and `partial_fit` of the recurrent regressors; with `normalize`, if
    targets seem to have other units than the feature that they continue; and in later
    calls, if targets are far away from those of the first one.
    """


class NoWindowsWarning(SkrnnWarning):
    """Warn that the columns of X look like features, not like steps of a window.

    Issued by `fit` and `partial_fit` of all regressors.

    See Also
    --------
    skrnn.SequenceWindower : Turns rows in time order into windows.
    """


class IgnoredIndexWarning(SkrnnWarning):
    """Warn that the index of X is not read as times, or was lost, unlike that of y.

    Issued by `fit` of :class:`~skrnn.SequenceWindower` and :class:`~skrnn.Forecaster`.
    """


class IrregularIndexWarning(SkrnnWarning):
    """Warn that an index has a row for fewer than half of its steps.

    Issued by `fit` of :class:`~skrnn.SequenceWindower` and :class:`~skrnn.Forecaster`,
    if no `freq` is set.
    """


class LaterSeriesWarning(SkrnnWarning):
    """Warn that other series of a panel were observed later than the rows to forecast.

    Issued by `predict` of :class:`~skrnn.Forecaster`, for example in the folds of
    :class:`~sklearn.model_selection.TimeSeriesSplit`, which test one series while the
    others are trained on at the same times.

    See Also
    --------
    skrnn.PanelTimeSeriesSplit : Makes folds of panels in time order.
    """


class MissingInputWarning(SkrnnWarning):
    """Warn that an input that is known in advance is missing in a step to forecast.

    Issued by the forecasting methods of :class:`~skrnn.Forecaster`. All columns that
    `past_features` does not name are taken to be known in advance.
    """
