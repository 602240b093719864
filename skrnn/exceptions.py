"""Warnings about data and training. Each has its own class, to filter it by."""

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

    Issued by `predict` and `predict_quantiles` of the recurrent regressors for windows
    without an observed step or with fewer than a tenth of their steps observed. If no
    step was missing in the windows used for training, half of the steps must be
    observed. Windows that reach back before the start of their series are ignored,
    unless most of the windows to predict have too few observed steps.
    :class:`~skrnn.Forecaster` issues it if some of its forecasts or bounds are NaN, if
    a series was never observed, if one has fewer than ten values to make intervals of,
    or if windows end with only some of several targets;
    :func:`~skrnn.backtest` if more than a tenth of the forecasts of a model are NaN.
    """


class RowsLeftOutWarning(SkrnnWarning):
    """Warn that rows are not used for training, or are not measured.

    Issued by `fit` and `partial_fit` of the recurrent regressors for more than a tenth
    of the rows, because windows that start with a missing step are not used for
    training. Windows that reach back before the start of their series are not counted.
    Sequences of different length may be padded at the start.

    `fit` of :class:`~skrnn.Forecaster` issues it if more than half of the windows have
    a missing value and the regressor does not support that.

    :func:`~skrnn.metrics.summarize` issues it if more than a tenth of the observed rows
    are left out because not all models forecast them, and if MASE or RMSSE leave out
    rows without a scale, such as those of a constant series.
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
    constant prediction. If it is less than 10 % above, the target may be noise: the
    warning is then only issued if a single value of the windows explains more than
    10 % of the variance of a target. It is not issued after fewer than 10 epochs or
    100 batches, for fewer than 50 windows, or for windows of fewer than 3 steps.
    """


class UnscaledWarning(SkrnnWarning):
    """Warn that features have a large standard deviation, or a mean far from zero.

    Issued by `fit` and `partial_fit` of the recurrent regressors for features with a
    standard deviation above 100. It is also issued for features whose mean is more
    than 10 standard deviations from zero, if they have values outside of [-1, 1] and
    the windows have at least 3 steps.

    With `normalize`, it is issued instead if targets seem to have other units than the
    feature that they continue: their means differ by more than 3 standard deviations,
    or their standard deviations by more than a factor of 3, and few targets are values
    of the feature.

    `partial_fit`, and `fit` with `warm_start`, issue it for targets that are more than
    10 standard deviations away from those of the first call.
    """


class NoWindowsWarning(SkrnnWarning):
    """Warn that the columns of X look like features, not like steps of a window.

    Issued by `fit` and `partial_fit` of all regressors.

    See Also
    --------
    skrnn.SequenceWindower : Turns rows in time order into windows.
    """


class IgnoredIndexWarning(SkrnnWarning):
    """Warn that the index of X holds times as strings or numbers, not read as times.

    Issued by `fit` of :class:`~skrnn.SequenceWindower` and :class:`~skrnn.Forecaster`.
    Strings and decimal numbers are ignored; integers such as 202412 for a month are
    read as integers.
    """


class IrregularIndexWarning(SkrnnWarning):
    """Warn that an index has a row for fewer than half of its steps.

    Issued by `fit` of :class:`~skrnn.SequenceWindower` and :class:`~skrnn.Forecaster`,
    if no `freq` is set. A single row at an odd time makes the shortest distance between
    rows, which is taken for the step, much too short. Rows that follow each other
    whatever their times should be numbered.
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
