"""LossCurveDisplay: training and validation loss by epoch."""

import numpy as np

from skrnn._estimator import nested
from skrnn.plotting.panels import axes_or_new


class LossCurveDisplay:
    """Plot training and validation loss by epoch.

    Create it with :meth:`from_estimator`. To compare estimators in one plot, pass the
    `ax_` of the first display as `ax` of the second.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        The training loss of every epoch.
    validation_loss_curve : array-like of shape (n_epochs,) or None, default=None
        The validation loss of every epoch, NaN for epochs without one.
    best_epochs : array-like of int or None, default=None
        The epochs to mark, counted from 1. 0 is the state before the first epoch.
    best_loss : float or None, default=None
        The loss of epoch 0, which the curves do not contain.
    name : str or None, default=None
        Name of the estimator in the legend.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        The training loss and, if there is any, the validation loss.
    best_ : matplotlib.lines.Line2D or None
        The marks of the best epochs.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    ForecastDisplay : Observed and predicted values over time.

    Examples
    --------
    >>> from skrnn import GRURegressor, LossCurveDisplay, SequenceWindower
    >>> from skrnn.datasets import make_sine
    >>> series = make_sine(300)
    >>> windows = SequenceWindower(10).fit_transform(series[:-1].reshape(-1, 1))
    >>> gru = GRURegressor(4, epochs=5, early_stopping=True, random_state=0)
    >>> display = LossCurveDisplay.from_estimator(gru.fit(windows, series[1:]))
    >>> [line.get_label() for line in display.lines_]
    ['GRURegressor, training', 'GRURegressor, validation']
    """

    def __init__(
        self,
        *,
        loss_curve,
        validation_loss_curve=None,
        best_epochs=None,
        best_loss=None,
        name=None,
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.best_epochs = best_epochs
        self.best_loss = best_loss
        self.name = name

    def plot(self, ax=None, *, name=None, scale="auto", line_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        name : str, default=None
            Name of the estimator in the legend; None uses `name` of the display.
        scale : {"auto", "linear", "log"}, default="auto"
            The scale of the loss. `"auto"` is logarithmic if all losses on the axes
            are positive and the largest is more than ten times the smallest.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        self : LossCurveDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `scale` is not one of those above.
        """
        if scale not in ("auto", "linear", "log"):
            raise ValueError(
                f"scale must be 'auto', 'linear' or 'log'. Got {scale!r} instead."
            )
        ax = axes_or_new(ax)
        name = self.name if name is None else name
        self.lines_ = self._plot_curves(ax, name, line_kwargs or {})
        self.best_ = None if self.best_epochs is None else self._mark_best(ax)
        is_log = scale == "log" or (scale == "auto" and _spans_decades(ax))
        ax.set_yscale("log" if is_log else "linear")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_curves(self, ax, name, line_kwargs):
        """Draw the curves that are not None, and return their lines."""
        curves = {"training": self.loss_curve, "validation": self.validation_loss_curve}
        curves = {data: np.asarray(c) for data, c in curves.items() if c is not None}
        lines = []
        for data, curve in curves.items():
            is_last = len(lines) == len(curves) - 1
            style = {
                "linewidth": 1.8 if is_last else 1.2,
                "alpha": 1.0 if is_last else 0.55,
                "label": data if name is None else f"{name}, {data}",
                **line_kwargs,
            }
            if lines:
                style.setdefault("color", lines[0].get_color())
            lines += ax.plot(np.arange(1, len(curve) + 1), curve, **style)
        return lines

    def _mark_best(self, ax):
        """Mark the best epochs on the last line, and epoch 0 before it."""
        line, epochs = self.lines_[-1], np.unique(self.best_epochs)
        before = np.nan if self.best_loss is None else self.best_loss
        losses = np.concatenate([[before], line.get_ydata()])[epochs]
        label = f"best: epoch {epochs[0]}"
        if len(epochs) > 1:
            label = f"best: epochs {epochs[0]} to {epochs[-1]}"
        (best,) = ax.plot(epochs, losses, "o", color=line.get_color(), label=label)
        return best

    @classmethod
    def from_estimator(
        cls, estimator, *, name=None, ax=None, scale="auto", line_kwargs=None
    ):
        """Draw the curves of a fitted estimator, and mark its best epochs.

        With several networks, the curves are the means of theirs, and the best epoch of
        each is marked. Epoch 0, the state before training, is drawn at `best_loss_`.

        Parameters
        ----------
        estimator : estimator
            A fitted recurrent regressor or another estimator with a `loss_curve_`, or
            a pipeline, search or TransformedTargetRegressor that contains one.
        name : str, default=None
            Name of the estimator in the legend; None uses its class name.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on, such as those of another display; None makes a new figure.
        scale : {"auto", "linear", "log"}, default="auto"
            The scale of the loss, as in :meth:`plot`.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the estimator has no `loss_curve_`.
        """
        *_, inner = nested(estimator)
        curve = getattr(inner, "loss_curve_", None)
        if curve is None:
            raise ValueError(
                f"{type(inner).__name__} has no loss_curve_. Pass a fitted estimator "
                "that is trained in epochs."
            )
        others = "validation_loss_curve", "best_epochs", "best_loss"
        others = {each: getattr(inner, f"{each}_", None) for each in others}
        name = type(inner).__name__ if name is None else name
        display = cls(loss_curve=curve, name=name, **others)
        return display.plot(ax, scale=scale, line_kwargs=line_kwargs)


def _spans_decades(ax):
    """Return whether all lines are positive and span more than a decade."""
    values = np.concatenate([np.asarray(line.get_ydata()) for line in ax.lines])
    values = values[np.isfinite(values)]
    return len(values) > 0 and values.min() > 0 and values.max() > 10 * values.min()
