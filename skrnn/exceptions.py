"""Warnings that skrnn issues about data and training, each a class of its own."""

__all__ = [
    "IgnoredIndexWarning",
    "MissingInputWarning",
    "MissingStepsWarning",
    "NoWindowsWarning",
    "NothingLearnedWarning",
    "RowsLeftOutWarning",
    "SkrnnWarning",
    "UnscaledWarning",
]


class SkrnnWarning(UserWarning):
    """Base of the warnings about data and training.

    A filter for this class applies to all of them.

    See Also
    --------
    UnscaledWarning : Features are not scaled.
    NothingLearnedWarning : The network is no better than a constant.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import SkrnnWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", SkrnnWarning)
    """


class MissingStepsWarning(SkrnnWarning):
    """Windows to predict have too few observed steps.

    Issued by `predict` and `predict_quantiles` of the recurrent regressors for windows
    without an observed step. If no step was missing in the windows used for training,
    it is also issued for windows with fewer than half of their steps observed. Windows
    that reach back before the start of their series only count if most of the
    windows to predict have so few observed steps.

    See Also
    --------
    RowsLeftOutWarning : The same for training.
    """


class RowsLeftOutWarning(SkrnnWarning):
    """More than a tenth of the rows are not used for training.

    Issued by `fit` and `partial_fit` of the recurrent regressors, as windows that
    start with a missing step are not used for training. Windows that reach back
    before the start of their series do not count.

    See Also
    --------
    MissingStepsWarning : The same for predictions.
    """


class NothingLearnedWarning(SkrnnWarning):
    """The training loss is not below that of the best constant prediction.

    Issued by `fit` of the recurrent regressors for the losses squared error, absolute
    error and quantile, if the loss is not at least 1 % below. Up to 10 % above, it is
    only issued if one value of the windows explains more than 10 % of the variance of a
    target, as otherwise the target may be noise. Not issued after fewer than 10 epochs
    or 100 batches, on fewer than 50 windows, or on windows of fewer than 3 steps.

    See Also
    --------
    UnscaledWarning : A frequent reason.
    """


class UnscaledWarning(SkrnnWarning):
    """Features have a large standard deviation, or a mean far from zero.

    Issued by `fit` and `partial_fit` of the recurrent regressors for features with a
    standard deviation over 100. For features with values outside of [-1, 1] in windows
    of at least 3 steps, it is also issued if the mean is over 10 standard deviations
    from zero.

    See Also
    --------
    NothingLearnedWarning : A frequent consequence.
    """


class NoWindowsWarning(SkrnnWarning):
    """The columns of a DataFrame look like features, not like steps of a window.

    Issued by `fit` and `partial_fit` of all regressors.

    See Also
    --------
    skrnn.SequenceWindower : Makes windows of rows in time order.
    """


class IgnoredIndexWarning(SkrnnWarning):
    """The index of a DataFrame holds times as strings, which are not used.

    Issued by `fit` of :class:`~skrnn.SequenceWindower`.

    See Also
    --------
    skrnn.SequenceWindower : Uses an index of times.
    """


class MissingInputWarning(SkrnnWarning):
    """An input of a row to forecast is missing.

    Issued by the methods of :class:`~skrnn.Forecaster` that forecast, for columns that
    are known ahead of time, that is, not named in its `past_features`.

    See Also
    --------
    MissingStepsWarning : Windows with too few observed steps.
    """
