"""ImportanceDisplay: importance of the features and lags of windows."""

import numpy as np

from skrnn.inspection import window_importance
from skrnn.plotting.panels import axes_or_new, ink, wrapped

_MOST_LABELS = 14  # of an axis of lags
_MOST_WRAPPED = 10  # features, for whose names on several lines there is room
_WHAT = "Decrease of the score"


class ImportanceDisplay:
    """Plot the importance of features, of lags, or of each lag of each feature.

    Create it with :meth:`from_estimator` or :meth:`from_importance`.

    Parameters
    ----------
    importances : ndarray of shape (n_features, n_repeats), (n_lags, n_repeats) or \
            (n_features, n_lags, n_repeats)
        The decrease of the score in each repetition.
    features : list of str or None, default=None
        The names of the features, None for the importance of lags.
    lags : list of str or None, default=None
        The names of the lags, None for the importance of features.

    Attributes
    ----------
    bars_ : matplotlib.container.BarContainer or None
        The bars, if there are either features or lags.
    image_ : matplotlib.collections.QuadMesh or None
        The heat map, if there are both.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    skrnn.inspection.window_importance : Computes the importance.
    ForecastDisplay : Observed and predicted values over time.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import Forecaster, ImportanceDisplay
    >>> from skrnn.datasets import load_co2
    >>> co2 = load_co2()["1986":]
    >>> forecaster = Forecaster(Ridge(), window_length=52).fit(y=co2[:"1999"])
    >>> display = ImportanceDisplay.from_estimator(
    ...     forecaster, None, co2["2000":], by="lag", random_state=0
    ... )
    >>> display.ax_.get_ylabel()
    'Decrease of the score'
    """

    def __init__(self, *, importances, features=None, lags=None):
        self.importances = importances
        self.features = features
        self.lags = lags

    def plot(self, ax=None, *, bar_kwargs=None, image_kwargs=None):
        """Draw bars with the standard deviation of the repetitions, or a heat map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        bar_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.bar` for lags, and to `barh` for features.
        image_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.pcolormesh`, for the heat map.

        Returns
        -------
        self : ImportanceDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_or_new(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.bars_ = self.image_ = None
        mean = np.mean(self.importances, axis=-1)
        if mean.ndim == 2:
            self._draw_image(ax, mean, image_kwargs or {})
        else:
            deviation = np.std(self.importances, axis=-1)
            self._draw_bars(ax, mean, deviation, bar_kwargs or {})
        return self

    def _draw_bars(self, ax, mean, deviation, bar_kwargs):
        """Draw horizontal bars of features, the largest on top, or bars of lags."""
        style = {"ecolor": ink(), "error_kw": {"linewidth": 0.8}, **bar_kwargs}
        if self.lags is None:
            order = np.argsort(mean, kind="stable")
            names = np.array(self._names())[order]
            style = {"xerr": deviation[order], "tick_label": names, **style}
            self.bars_ = ax.barh(np.arange(len(order)), mean[order], **style)
            ax.set_xlabel(_WHAT)
            return
        style = {"yerr": deviation, "width": 0.8, **style}
        self.bars_ = ax.bar(np.arange(len(mean)) + 0.5, mean, **style)
        self._label_lags(ax)
        ax.set_ylabel(_WHAT)

    def _draw_image(self, ax, mean, image_kwargs):
        """Draw a heat map with a row for each feature, and its colour bar."""
        self.image_ = ax.pcolormesh(mean, **{"edgecolors": "none", **image_kwargs})
        ax.set_yticks(np.arange(len(mean)) + 0.5, self._names())
        ax.invert_yaxis()
        self._label_lags(ax)
        self.figure_.colorbar(self.image_, ax=ax, label=_WHAT)

    def _names(self):
        """Return the names of the features, on several lines if there is room."""
        names = self.features
        return [wrapped(n) for n in names] if len(names) <= _MOST_WRAPPED else names

    def _label_lags(self, ax):
        """Label every k-th lag, among them the last row observed, and mark its end."""
        n_lags, n_past = len(self.lags), sum("lag" in name for name in self.lags)
        every = -(-n_lags // _MOST_LABELS)
        shown = np.arange((n_past - 1) % every, n_lags, every)
        names = [self.lags[number] for number in shown]
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(shown + 0.5, names, **turned)
        ax.set_xlim(0, n_lags)
        if n_past < n_lags:
            ax.axvline(n_past, **{"color": ink(), "alpha": 0.7, "linestyle": ":"})

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        by="feature",
        n_repeats=5,
        scoring=None,
        random_state=None,
        n_jobs=None,
        ax=None,
        bar_kwargs=None,
        image_kwargs=None,
    ):
        """Compute and draw the importance of features, lags or both.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor on windows, a pipeline with a
            :class:`SequenceWindower`, or a :class:`Forecaster`.
        X : array-like or DataFrame, or None
            Windows, rows or inputs, as in :func:`~skrnn.inspection.window_importance`.
        y : array-like, Series or DataFrame
            The targets of X, or rows to forecast.
        by : {"feature", "lag", "both"}, default="feature"
            What is permuted together. `"both"` draws a heat map, the others bars.
        n_repeats : int, default=5
            Number of permutations.
        scoring : str, callable or None, default=None
            As in :func:`~skrnn.inspection.window_importance`.
        random_state : int, RandomState instance or None, default=None
            Determines the permutations.
        n_jobs : int or None, default=None
            Number of features or lags to compute in parallel.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        bar_kwargs : dict, default=None
            As in :meth:`plot`.
        image_kwargs : dict, default=None
            As in :meth:`plot`.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            As :func:`~skrnn.inspection.window_importance`.
        """
        how = {"by": by, "n_repeats": n_repeats, "scoring": scoring}
        how |= {"random_state": random_state, "n_jobs": n_jobs}
        importance = window_importance(estimator, X, y, **how)
        how = {"bar_kwargs": bar_kwargs, "image_kwargs": image_kwargs}
        return cls.from_importance(importance, ax=ax, **how)

    @classmethod
    def from_importance(
        cls, importance, *, ax=None, bar_kwargs=None, image_kwargs=None
    ):
        """Draw what :func:`~skrnn.inspection.window_importance` returned.

        Parameters
        ----------
        importance : Bunch
            The importance of features, lags or both.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        bar_kwargs : dict, default=None
            As in :meth:`plot`.
        image_kwargs : dict, default=None
            As in :meth:`plot`.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        names = {name: importance.get(name) for name in ("features", "lags")}
        display = cls(importances=importance.importances, **names)
        return display.plot(ax, bar_kwargs=bar_kwargs, image_kwargs=image_kwargs)
