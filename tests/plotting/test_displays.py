"""The artists that the displays draw."""

import datetime
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    ElmanRegressor,
    ForecastDisplay,
    Forecaster,
    ImportanceDisplay,
    LossCurveDisplay,
    SequenceWindower,
    WindowRegressor,
    backtest,
    to_supervised,
)
from skrnn.exceptions import RowsLeftOutWarning
from skrnn.inspection import window_importance
from skrnn.metrics import summarize

mpl.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


WEEKS = pd.date_range("2026-01-04", periods=50, freq="W", name="week")
LOAD = pd.Series(np.sin(np.arange(50) / 5), WEEKS, name="load")


def windowed(series):
    """Windows of four steps of a series."""
    return SequenceWindower(4).fit_transform(series.to_frame())


@pytest.fixture(scope="module")
def fitted():
    """A pipeline with early stopping."""
    rnn = ElmanRegressor(units=2, epochs=6, early_stopping=True, random_state=0)
    pipe = make_pipeline(SequenceWindower(4), rnn)
    return pipe.fit(LOAD.to_frame()[:-1], LOAD[1:].to_numpy())


# Loss curves


def test_both_losses_and_the_best_epoch_are_drawn(fitted):
    display = LossCurveDisplay.from_estimator(fitted)
    rnn = fitted[-1]
    training, validation = display.lines_
    assert_array_equal(training.get_xdata(), [1, 2, 3, 4, 5, 6])
    assert_array_equal(training.get_ydata(), rnn.loss_curve_)
    assert_array_equal(validation.get_ydata(), rnn.validation_loss_curve_)
    assert training.get_color() == validation.get_color()
    assert_array_equal(display.best_.get_xdata(), [rnn.best_epoch_])
    assert_array_equal(display.best_.get_ydata(), [rnn.best_loss_])
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.figure_ is display.ax_.figure


def test_several_estimators_share_an_axis(fitted):
    other = ElmanRegressor(units=2, epochs=3).fit(LOAD.to_numpy().reshape(-1, 1), LOAD)
    display = LossCurveDisplay.from_estimator(fitted, name="first")
    second = LossCurveDisplay.from_estimator(other, ax=display.ax_)
    assert second.ax_ is display.ax_
    assert second.lines_[0].get_color() != display.lines_[0].get_color()
    assert [text.get_text() for text in second.ax_.get_legend().get_texts()] == [
        "first, training",
        "first, validation",
        f"best: epoch {fitted[-1].best_epoch_}",
        "ElmanRegressor, training",
        f"best: epoch {other.best_epoch_}",
    ]


def test_the_best_epoch_of_every_network_is_marked():
    network = ElmanRegressor(
        2, epochs=8, n_networks=3, early_stopping=True, random_state=0
    )
    forecaster = Forecaster(network, window_length=4).fit(y=LOAD)
    rnn = forecaster.regressor_
    display = LossCurveDisplay.from_estimator(forecaster)
    assert len(rnn.best_epochs_) == 3
    epochs = np.unique(rnn.best_epochs_)
    curve = np.asarray(display.lines_[-1].get_ydata())
    assert_array_equal(display.best_.get_xdata(), epochs)
    assert_array_equal(display.best_.get_ydata(), curve[epochs - 1])


def test_best_epochs_are_a_range_in_the_legend():
    display = LossCurveDisplay(loss_curve=[3.0, 1.0, 2.0], best_epochs=[3, 2, 2]).plot()
    assert_array_equal(display.best_.get_xydata(), [[2, 1], [3, 2]])
    assert display.best_.get_label() == "best: epochs 2 to 3"


def test_epoch_0_is_marked_before_the_first_epoch():
    """A linear model predicts a sine, and every epoch makes its predictions worse."""
    base = LinearRegression()
    rnn = ElmanRegressor(2, epochs=2, base=base, early_stopping=True, random_state=0)
    rnn.fit(windowed(LOAD)[:-1], LOAD.to_numpy()[1:])
    assert rnn.best_epoch_ == 0
    display = LossCurveDisplay.from_estimator(rnn)
    assert_array_equal(display.best_.get_xydata(), [[0, rnn.best_loss_]])
    assert_array_equal(display.lines_[-1].get_xdata(), [1, 2])
    left, right = display.ax_.get_xlim()
    assert left < 0 < 2 < right


@pytest.mark.parametrize(
    ("curve", "scale", "expected"),
    [
        ([100.0, 1.0], "auto", "log"),
        ([2.0, 1.0], "auto", "linear"),
        ([100.0, 0.0], "auto", "linear"),
        ([100.0, 1.0], "linear", "linear"),
        ([2.0, 1.0], "log", "log"),
    ],
)
def test_the_scale_is_logarithmic_where_it_helps(curve, scale, expected):
    display = LossCurveDisplay(loss_curve=curve).plot(scale=scale)
    assert display.ax_.get_yscale() == expected


def test_epochs_without_a_validation_loss_are_left_out():
    display = LossCurveDisplay(
        loss_curve=[3.0, 2.0, 1.0], validation_loss_curve=[np.nan, 2.5, 2.0]
    ).plot()
    assert_array_equal(display.lines_[1].get_ydata(), [np.nan, 2.5, 2.0])


def test_the_estimator_is_found_within_others(fitted):
    rows, target = LOAD.to_numpy().reshape(-1, 1), LOAD.to_numpy()
    model = TransformedTargetRegressor(
        make_pipeline(SequenceWindower(3), ElmanRegressor(units=1, epochs=2)),
        transformer=StandardScaler(),
    )
    search = GridSearchCV(
        model,
        {"regressor__elmanregressor__epochs": [2]},
        cv=TimeSeriesSplit(2),
    ).fit(rows, target)
    display = LossCurveDisplay.from_estimator(search)
    expected = search.best_estimator_.regressor_[-1].loss_curve_
    assert_array_equal(display.lines_[0].get_ydata(), expected)


def test_loss_curves_of_other_estimators_are_drawn():
    mlp = MLPRegressor(hidden_layer_sizes=[2], solver="sgd", max_iter=500).fit(
        np.ones((9, 1)), np.ones(9)
    )
    display = LossCurveDisplay.from_estimator(mlp)
    assert_array_equal(display.lines_[0].get_ydata(), mlp.loss_curve_)
    assert display.best_ is None


def test_an_estimator_without_losses_is_an_error():
    with pytest.raises(ValueError, match="Ridge has no loss_curve_"):
        LossCurveDisplay.from_estimator(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]))


def test_the_scale_must_be_known():
    with pytest.raises(ValueError, match="scale must be 'auto', 'linear' or 'log'"):
        LossCurveDisplay(loss_curve=[1.0]).plot(scale="symlog")


# Forecasts


def drawn(line):
    """The times and values of a line."""
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_observed_and_predicted_values_are_drawn_over_the_index():
    display = ForecastDisplay.from_predictions(LOAD, LOAD.to_numpy() + 1)
    times, observed = drawn(display.observed_)
    assert_array_equal(times, WEEKS.to_numpy())
    assert_array_equal(observed, LOAD)
    assert_array_equal(drawn(display.predicted_)[1], LOAD + 1)
    assert_allclose(display.residuals_.get_offsets()[:, 1], -np.ones(50))
    assert display.ax_.get_ylabel() == "load"
    assert display.residuals_ax_.get_xlabel() == "week"
    assert display.ax_.get_shared_x_axes().joined(display.ax_, display.residuals_ax_)


@pytest.mark.parametrize(
    ("index", "first", "second"),
    [
        (pd.period_range("2026-01", periods=3, freq="M"), "2026-01-01", "2026-02-01"),
        (
            pd.date_range("2026-01-01", periods=3, freq="h", tz="Europe/Berlin"),
            "2026-01-01T00",
            "2026-01-01T01",
        ),
        (pd.timedelta_range("0h", periods=3, freq="30min"), 0.0, 0.5),
        (pd.RangeIndex(5, 8), 5.0, 6.0),
        (pd.Index([0.5, 1.0, 1.5]), 0.5, 1.0),
        (pd.Index(["a", "b", "c"]), 0.0, 1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_index_of_times_or_numbers_is_drawn(index, first, second):
    y_true = pd.Series([1.0, 2.0, 3.0], index)
    times, _ = drawn(ForecastDisplay.from_predictions(y_true, y_true).observed_)
    is_date = isinstance(first, str)
    expected = np.array([first, second], dtype="datetime64[h]" if is_date else float)
    assert_array_equal(times[:2], expected)


def test_the_index_is_that_of_y_true_or_else_of_the_prediction():
    y_pred = pd.Series(np.zeros(50), WEEKS)
    times, _ = drawn(
        ForecastDisplay.from_predictions(LOAD.to_numpy(), y_pred).observed_
    )
    assert_array_equal(times, WEEKS.to_numpy())
    masked = np.ma.masked_array([1.0, 2.0, 99.0], mask=[False, False, True])
    _, values = drawn(ForecastDisplay.from_predictions(masked, np.ones(3)).observed_)
    assert_array_equal(values, [1.0, 2.0, np.nan])
    times, _ = drawn(ForecastDisplay.from_predictions([1.0, 2.0], [1.0, 2.0]).observed_)
    assert_array_equal(times, [0, 1])
    display = ForecastDisplay.from_predictions([1.0, 2.0], [1.0, 2.0], index=[10, 11])
    assert_array_equal(drawn(display.observed_)[0], [10, 11])


def test_a_name_of_to_supervised_says_how_far_ahead_the_values_are():
    _, y = to_supervised(LOAD)
    display = ForecastDisplay.from_predictions(y, y)
    times, _ = drawn(display.observed_)
    assert_array_equal(times, WEEKS[1:].to_numpy())
    assert display.ax_.get_ylabel() == "load"
    moved = ForecastDisplay.from_predictions(y, y, lead=0)
    assert_array_equal(drawn(moved.observed_)[0], WEEKS[:-1].to_numpy())


def test_columns_may_have_any_name_if_the_leads_are_given():
    y = pd.DataFrame({"t+1": LOAD, "t+3": LOAD})
    display = ForecastDisplay.from_predictions(y, y, lead=[1, 3])
    assert_array_equal(display.times[0], WEEKS[[1, 3]])
    assert display.name is None


def test_lines_are_broken_where_times_are_missing():
    y_true = LOAD.drop(WEEKS[[3, 4]])
    display = ForecastDisplay.from_predictions(y_true, y_true, interval=[y_true] * 2)
    for line in (display.observed_, display.predicted_):
        assert_array_equal(np.flatnonzero(np.isnan(drawn(line)[1])), [3])
    assert len(display.interval_.get_paths()) == 2


def test_the_interval_is_a_band():
    display = ForecastDisplay.from_predictions(
        LOAD, LOAD, interval=(LOAD - 1, LOAD + 1)
    )
    ends = display.interval_.get_paths()[0].get_extents()
    assert_allclose([ends.y0, ends.y1], [LOAD.min() - 1, LOAD.max() + 1])


@pytest.mark.parametrize("n_steps", [1, 2])
def test_the_observed_line_is_broken_where_times_are_missing(n_steps):
    history = LOAD.drop(WEEKS[40:44])
    targets = np.ones((46, n_steps))
    forecaster = Forecaster(Ridge(), horizon=n_steps, window_length=4)
    frame = backtest(forecaster, y=LOAD, initial_train_size=30, stride=1)
    frame = frame[frame["time"].isin(history.index)]
    how = {"index": history.index, "lead": range(n_steps)}
    for display in (
        ForecastDisplay.from_predictions(targets, targets, **how),
        ForecastDisplay.from_backtest(frame),
        ForecastDisplay.from_forecast(history, forecaster.fit(y=LOAD).forecast(2)),
    ):
        times, values = drawn(display.observed_)
        first = np.flatnonzero(np.isnan(values))[0]
        assert times[first] == times[first + 1] == WEEKS[44]


BERLIN = pd.date_range("2026-01-01", periods=9, tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("index", "split", "expected"),
    [
        (BERLIN, pd.Timestamp("2026-01-05T22:30", tz="UTC"), "2026-01-05T23:30"),
        (BERLIN, "2026-01-05T22:30Z", "2026-01-05T23:30"),
        (BERLIN, "2026-01-05T22:30", "2026-01-05T22:30"),
        (WEEKS, datetime.date(2026, 1, 5), "2026-01-05"),
        (pd.timedelta_range("0h", periods=9, freq="h"), "5h", 5.0),
    ],
)
def test_the_split_is_a_time_of_the_kind_and_zone_of_the_index(index, split, expected):
    y = np.ones(len(index))
    found = ForecastDisplay.from_predictions(y, y, index=index, split=split).split
    assert found == (np.datetime64(expected) if isinstance(expected, str) else expected)


def test_leads_that_fall_into_a_gap_are_times_of_the_calendar():
    days = pd.bdate_range("2026-01-02", periods=20)
    y = pd.Series(1.0, days.delete([1, 5]))  # a Monday and a Friday
    times = ForecastDisplay.from_predictions(y, y, lead=1).times[:, 0]
    assert_array_equal(times[[0, 3]], days[[1, 5]])


def test_times_after_a_gap_of_years_are_counted_from_the_last_row():
    index = pd.DatetimeIndex(["2026-01-01", "2026-01-01T00:00:01", "2056-01-01"])
    y = pd.Series(np.ones(3), index)
    last = ForecastDisplay.from_predictions(y, y, lead=1).times[-1, 0]
    assert last == np.datetime64("2056-01-01T00:00:01")


@pytest.mark.parametrize("is_arrow", [False, True])
def test_dates_of_python_and_of_arrow_are_times(is_arrow):
    if is_arrow:
        pytest.importorskip("pyarrow")
    y = LOAD.set_axis(
        WEEKS.astype("timestamp[us][pyarrow]") if is_arrow else WEEKS.date
    )
    display = ForecastDisplay.from_predictions(y, y)
    assert_array_equal(display.times[:, 0], WEEKS)
    forecast = Forecaster(Ridge(), window_length=4).fit(y=y).forecast(1)
    after = ForecastDisplay.from_forecast(y, forecast).times
    assert_array_equal(after[:-1, 0], WEEKS)


@pytest.mark.parametrize("split", [WEEKS[30], "2026-08-02"])
def test_the_split_is_marked(split):
    display = ForecastDisplay.from_predictions(LOAD, LOAD, split=split)
    (split,) = (line for line in display.ax_.lines if line.get_label() == "split")
    assert split.get_xdata()[0] == WEEKS[30].to_datetime64()


@pytest.mark.parametrize("n_rows", [50, 50_000])
def test_forecasts_of_several_steps_are_fans_that_do_not_overlap(n_rows):
    series = pd.Series(np.arange(n_rows + 3.0), name="load")
    _, y = to_supervised(series, horizon=3)
    display = ForecastDisplay.from_predictions(y, y + 0.5, random_state=0)
    fans = np.array(display.predicted_.get_segments())
    assert fans.shape == (min(1000, -(-n_rows // 3)), 3, 2)
    assert_array_equal(fans[:, :, 0], fans[:, :, 1] - 0.5)  # the value is the time
    assert (fans[1:, 0, 0] > fans[:-1, -1, 0]).all()
    times, observed = drawn(display.observed_)
    assert_array_equal(times, observed)
    assert len(times) == n_rows + 2


def test_fans_have_bands():
    _, y = to_supervised(LOAD, horizon=3)
    display = ForecastDisplay.from_predictions(y, y, interval=(y - 1, y + 1))
    assert len(display.interval_.get_paths()) == len(display.predicted_.get_segments())


def test_many_residuals_are_thinned_and_lines_are_not():
    y = np.arange(50_000.0)
    display = ForecastDisplay.from_predictions(y, y, random_state=0)
    assert len(display.residuals_.get_offsets()) == 1000
    assert len(drawn(display.predicted_)[1]) == 50_000
    for subsample, expected in ((0.1, 5000), (None, 50_000), (7, 7)):
        display = ForecastDisplay.from_predictions(y, y, subsample=subsample)
        assert len(display.residuals_.get_offsets()) == expected


def test_the_same_random_state_draws_the_same_residuals():
    y = np.arange(100.0)
    first, second, other = (
        ForecastDisplay.from_predictions(y, y, subsample=20, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert_array_equal(first.shown, second.shown)
    assert (first.shown != other.shown).any()


@pytest.mark.parametrize("kind", ["forecast", "residuals"])
def test_each_part_can_be_drawn_alone_on_given_axes(kind):
    _, ax = plt.subplots()
    display = ForecastDisplay.from_predictions(LOAD, LOAD, kind=kind, ax=ax)
    assert display.ax_ is ax
    assert len(ax.figure.axes) == 1
    assert (display.residuals_ is None) == (kind == "forecast")
    assert (display.observed_ is None) == (kind == "residuals")


def test_residuals_take_a_part_of_given_axes():
    figure = plt.figure()
    for ax in (figure.add_subplot(121), figure.add_axes([0.6, 0.1, 0.3, 0.8])):
        before = ax.get_position()
        display = ForecastDisplay.from_predictions(LOAD, LOAD, ax=ax)
        below = display.residuals_ax_.get_position()
        assert before.y0 - 1e-9 <= below.y0 < below.y1 < ax.get_position().y0
        assert ax.get_position().y1 <= before.y1 + 1e-9


def test_keywords_reach_the_artists():
    display = ForecastDisplay.from_predictions(
        LOAD, LOAD, line_kwargs={"color": "red"}, scatter_kwargs={"marker": "x"}
    )
    assert display.predicted_.get_color() == "red"
    assert len(display.residuals_.get_paths()[0].vertices) == 4  # two strokes


def test_a_dark_style_draws_the_observed_values_light():
    with plt.style.context("dark_background"):
        display = ForecastDisplay.from_predictions(LOAD, LOAD)
        assert display.observed_.get_color() == "white"
    assert ForecastDisplay.from_predictions(LOAD, LOAD).observed_.get_color() == "black"


def test_from_estimator_draws_its_predictions(fitted):
    X = LOAD.to_frame()
    display = ForecastDisplay.from_estimator(fitted, X, LOAD.to_numpy())
    times, predicted = drawn(display.predicted_)
    assert_array_equal(times, WEEKS.to_numpy())
    assert_array_equal(predicted, fitted.predict(X))
    assert display.interval is None


def test_from_estimator_draws_a_regressor_on_flat_windows():
    pipe = make_pipeline(SequenceWindower(4), WindowRegressor(Ridge()))
    pipe.fit(LOAD.to_frame()[:-1], LOAD[1:])
    display = ForecastDisplay.from_estimator(pipe, LOAD.to_frame()[:-1], LOAD[1:])
    assert display.interval is None


def test_from_estimator_draws_the_outermost_quantiles():
    rows, target = LOAD.to_frame(), LOAD.to_numpy()
    rnn = ElmanRegressor(
        units=2, epochs=2, loss="quantile", quantile=(0.1, 0.5, 0.9), random_state=0
    )
    pipe = make_pipeline(SequenceWindower(3), rnn).fit(rows, target)
    display = ForecastDisplay.from_estimator(pipe, rows, target)
    quantiles = pipe[-1].predict_quantiles(pipe[:-1].transform(rows))
    assert_array_equal(np.hstack(display.interval), quantiles[:, [0, 2]])

    scaled = TransformedTargetRegressor(rnn, transformer=StandardScaler())
    whole = make_pipeline(SequenceWindower(3), scaled).fit(rows, 10 * target)
    display = ForecastDisplay.from_estimator(whole, rows, 10 * target)
    quantiles = whole[-1].regressor_.predict_quantiles(whole[0].transform(rows))
    units = whole[-1].transformer_
    assert_allclose(
        np.hstack(display.interval), quantiles[:, [0, 2]] * units.scale_ + units.mean_
    )
    none = ForecastDisplay.from_estimator(pipe, rows, target, interval=None)
    assert none.interval_ is None

    windows = SequenceWindower(3).fit_transform(rows)
    alone = make_pipeline(rnn).fit(windows, target)
    display = ForecastDisplay.from_estimator(alone, windows, target)
    quantiles = alone[-1].predict_quantiles(windows)
    assert_array_equal(np.hstack(display.interval), quantiles[:, [0, 2]])

    forecaster = Forecaster(rnn, window_length=3, horizon=5).fit(y=LOAD[:-5])
    display = ForecastDisplay.from_estimator(forecaster, rows[-5:][[]], target[-5:])
    quantiles = forecaster.forecast(5, quantiles=[0.1, 0.9])
    assert_allclose(np.hstack(display.interval), quantiles)

    more = LOAD[-1:].reindex(pd.date_range(WEEKS[-5], periods=7, freq="W"))
    points = ForecastDisplay.from_estimator(forecaster, more.to_frame()[[]], more)
    assert points.interval is None
    assert len(points.predicted) == 7, "rows beyond the horizon have no quantiles"


def test_one_series_of_a_panel_is_drawn_and_two_are_an_error():
    index = pd.MultiIndex.from_product([["a", "b"], WEEKS])
    panel = pd.Series(np.tile(LOAD, 2), index, name="load")
    display = ForecastDisplay.from_predictions(panel.loc[["a"]], LOAD)
    assert_array_equal(drawn(display.observed_)[0], WEEKS.to_numpy())
    with pytest.raises(ValueError, match=r"draws one series\. Select one"):
        ForecastDisplay.from_predictions(panel, panel)


def test_unknown_values_leave_a_gap():
    y_true = LOAD.copy()
    y_true.iloc[5] = np.nan
    display = ForecastDisplay.from_predictions(y_true, LOAD)
    assert np.isnan(drawn(display.observed_)[1][5])


def test_irregular_times_are_drawn_as_they_are():
    times = pd.DatetimeIndex(["2026-01-01T00", "2026-01-02T00", "2026-01-04T05"])
    y = pd.Series([1.0, 2.0, 3.0], times)
    assert_array_equal(
        drawn(ForecastDisplay.from_predictions(y, y).observed_)[0], times.to_numpy()
    )


TWO_TARGETS = pd.DataFrame({"a_lead1": [1.0, 2.0], "b_lead1": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((LOAD, LOAD[:-1]), {}, "must have the same shape"),
        ((LOAD, LOAD), {"interval": (LOAD,)}, "both ends of the interval"),
        ((LOAD, LOAD), {"kind": "both"}, "kind must be 'auto' or one of"),
        ((LOAD, LOAD), {"subsample": 0}, "subsample must be at least 1"),
        ((LOAD, LOAD), {"subsample": 1.5}, "must be between 0 and 1"),
        ((LOAD, LOAD), {"lead": [1, 2]}, "lead must have one number for each of 1"),
        ((LOAD[::-1], LOAD), {}, "does not increase"),
        (([1, 2], [1, 2]), {"index": [2.0, 1.0]}, "does not increase"),
        (([1, 2], [1, 2]), {"index": [1.0, 1.0]}, "does not increase"),
        (([1, 2], [1, 2]), {"index": WEEKS[[0, 0]]}, "does not increase"),
        ((TWO_TARGETS, TWO_TARGETS), {}, "Select the columns of one"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(args, options, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(*args, **options)


def test_displays_import_matplotlib_when_they_draw():
    code = "import sys, skrnn; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        LossCurveDisplay(loss_curve=[1.0]).plot()


# Backtests and forecasts


@pytest.fixture(scope="module")
def rolled():
    """Two models from six origins, nine steps apart, with intervals."""
    near = Forecaster(Ridge(), window_length=4, horizon=4, calibration_size=20)
    models = {"near": near, "far": clone(near).set_params(horizon=9)}
    how = {"initial_train_size": 38, "stride": 3, "coverage": 0.5}
    return backtest(models, y=LOAD, **how)


def test_a_backtest_of_several_models_is_a_line_of_errors_for_each(rolled):
    display = ForecastDisplay.from_backtest(rolled, line_kwargs={"linewidth": 3})
    errors = (rolled["observed"] - rolled["pred"]).abs()
    errors = errors.groupby([rolled["model"], rolled["step"]]).mean()
    for line in display.errors_:
        expected = errors[line.get_label()]
        assert_array_equal(line.get_xdata()[: len(expected)], expected.index)
        assert_allclose(line.get_ydata()[: len(expected)], expected)
        assert line.get_linewidth() == 3
    assert display.ax_.get_ylabel() == "mean absolute error"


def test_a_display_of_a_backtest_can_be_drawn_again(rolled):
    near = rolled[rolled["model"] == "near"]
    errors = ForecastDisplay.from_backtest(near, kind="error_by_step")
    (first,) = errors.errors_
    (again,) = errors.plot().errors_
    assert again is not first
    assert_array_equal(again.get_xydata(), first.get_xydata())
    fans = ForecastDisplay.from_backtest(near).plot()
    assert fans.errors_ is None
    assert fans.residuals_ is not None
    for display, kind in ((errors, "forecast"), (fans, "error_by_step")):
        with pytest.raises(ValueError, match=f"for this display. Got '{kind}' instead"):
            display.plot(kind=kind)


def test_a_backtest_of_one_model_is_a_fan_from_each_origin(rolled):
    """If two fans overlap, only the earlier one is drawn."""
    near = rolled[rolled["model"] == "near"]
    display = ForecastDisplay.from_backtest(near)
    origins = near["origin"].unique()[::2]
    fans = display.predicted_.get_segments()
    assert len(fans) == len(origins)
    for fan, origin in zip(fans, origins, strict=True):
        of_origin = near[near["origin"] == origin]
        assert_allclose(fan[: len(of_origin), 1], of_origin["pred"])
    assert len(display.interval_.get_paths()) == len(origins)
    shown = display.observed_.get_ydata()
    assert_allclose(shown, LOAD[38:])


def labels(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_several_models_share_a_panel(rolled):
    """The one with the longer horizon forecasts more of the last values."""
    display = ForecastDisplay.from_backtest(rolled, kind="forecast_and_residuals")
    (displays,) = display.panels.values()
    names = ["observed", "far", "near", "interval"]
    assert labels(display.ax_.get_legend()) == names
    for each, (name, frame) in zip(displays, rolled.groupby("model"), strict=True):
        alone = ForecastDisplay.from_backtest(frame)
        fans, expected = each.predicted_, alone.predicted_
        assert fans.get_label() == name
        assert_allclose(fans.get_segments(), expected.get_segments())
        assert_array_equal(
            each.residuals_.get_offsets(), alone.residuals_.get_offsets()
        )
        assert len(each.interval_.get_paths()) == len(alone.interval_.get_paths())
        assert each.observed_ is displays[0].observed_
        assert each.residuals_ax_ is displays[0].residuals_ax_
    assert_allclose(display.panels[None][0].observed_.get_ydata(), LOAD[38:])
    far, near = (each.predicted_.get_color() for each in displays)
    assert not np.array_equal(far, near)


def test_residuals_of_several_models_have_a_legend(rolled):
    display = ForecastDisplay.from_backtest(rolled, kind="residuals")
    assert labels(display.ax_.get_legend()) == ["far", "near"]


def test_the_error_over_time_is_that_of_each_origin(rolled):
    """Both models are compared at the same origins and steps; lines are not broken."""
    frame = rolled[(rolled["model"] == "far") | (rolled["origin"] != LOAD.index[40])]
    display = ForecastDisplay.from_backtest(frame, kind="error_over_time")
    with pytest.warns(RowsLeftOutWarning):
        errors = summarize(frame, "MAE", ["model", "origin"])["MAE"]
    for line in display.errors_:
        expected = errors[line.get_label()]
        assert_array_equal(line.get_xdata(), expected.index.to_numpy())
        assert_allclose(line.get_ydata(), expected)
    assert display.ax_.get_xlabel() == "origin"
    assert display.plot().errors_ is not None
    with pytest.raises(ValueError, match="Got 'error_by_step' instead"):
        display.plot(kind="error_by_step")


@pytest.fixture(scope="module")
def shops():
    """Forecasts of eleven series, each a shifted wave."""
    panel = pd.concat({f"shop {k}": LOAD + k for k in range(11)}, names=["shop"])
    forecaster = Forecaster(Ridge(), window_length=4, horizon=4, calibration_size=20)
    frame = backtest(forecaster, y=panel, initial_train_size=38, coverage=[0.5, 0.8])
    return panel, frame, forecaster.fit(y=panel).forecast(4, coverage=[0.8, 0.5])


def test_the_first_nine_series_of_a_panel_have_a_panel_each(shops):
    display = ForecastDisplay.from_backtest(shops[1], kind="forecast")
    assert len(display.axes_) == 9
    for k, (ax, (name, (each,))) in enumerate(
        zip(display.axes_, display.panels.items(), strict=True)
    ):
        assert ax is each.ax_
        assert ax.get_title() == name == f"shop {k}"
        assert_allclose(each.observed_.get_ydata(), LOAD[38:] + k)
        is_low = any(label.get_visible() for label in ax.get_xticklabels())
        assert is_low == (k >= 6), "dates are only at the bottom"
    (legend,) = display.figure_.legends
    assert labels(legend) == ["observed", "predicted", "80 % interval", "50 % interval"]


def test_a_new_figure_says_how_many_series_are_not_drawn(shops):
    panel, frame, forecast = shops
    one = ForecastDisplay.from_backtest(frame, kind="forecast")
    other = ForecastDisplay.from_forecast(panel, forecast)
    assert one.figure_.get_supxlabel() == other.figure_.get_supxlabel()
    assert one.figure_.get_supxlabel() == "9 of 11 series"
    names = {"shop 1", "shop 2"}
    few = frame[frame["series"].isin(names)]
    display = ForecastDisplay.from_backtest(few, kind="forecast")
    assert display.figure_.get_supxlabel() == ""
    figure, axes = plt.subplots(2)
    ForecastDisplay.from_forecast(panel, forecast, series=sorted(names), ax=axes)
    assert figure.get_supxlabel() == ""


def test_long_names_of_series_do_not_overlap():
    series = [
        f"Bulls, bullocks and steers of territory {k} in the north" for k in "abc"
    ]
    history, forecast = (
        pd.concat(dict.fromkeys(series, rows)) for rows in (LOAD[:-4], LOAD[-4:])
    )
    display = ForecastDisplay.from_forecast(history, forecast)
    display.figure_.draw_without_rendering()
    titles = [ax.title.get_window_extent() for ax in display.axes_]
    assert titles[0].x0 > 0
    assert titles[0].x1 < titles[1].x0 < titles[1].x1 < titles[2].x0
    assert titles[2].x1 < display.figure_.bbox.x1
    assert [ax.get_title().replace("\n", " ") for ax in display.axes_] == series


def test_a_panel_above_an_empty_place_has_dates(shops):
    series = [f"shop {k}" for k in range(5)]
    display = ForecastDisplay.from_backtest(shops[1], kind="forecast", series=series)
    for k, ax in enumerate(display.axes_):  # in rows of three and two
        labels = ax.get_xticklabels()
        assert any(label.get_visible() for label in labels) == (k >= 2)


def test_series_are_chosen_by_name(shops):
    panel, frame, forecast = shops
    series = ["shop 10", "shop 3"]
    _, axes = plt.subplots(2)
    display = ForecastDisplay.from_forecast(panel, forecast, series=series, ax=axes)
    assert [ax.get_title() for ax in axes] == series
    assert_array_equal(display.axes_, axes)
    assert [ax.get_ylabel() for ax in axes] == ["load", "load"]
    one = ForecastDisplay.from_backtest(frame, kind="forecast", series="shop 4")
    assert_allclose(one.observed_.get_ydata(), LOAD[38:] + 4)
    errors = ForecastDisplay.from_backtest(frame, series=series).errors_[0].get_ydata()
    rows = frame[frame["series"].isin(series)]
    expected = (rows["observed"] - rows["pred"]).abs().groupby(rows["step"]).mean()
    assert_allclose(errors, expected)
    with pytest.raises(ValueError, match="an array of 9 axes, one for each series"):
        ForecastDisplay.from_forecast(panel, forecast, ax=axes)


@pytest.mark.parametrize("kind", ["forecast", "error_by_step"])
@pytest.mark.parametrize("series", [["shop 3", "station"], []])
def test_an_unknown_series_is_an_error(shops, rolled, kind, series):
    for frame in shops[1], rolled:
        with pytest.raises(ValueError, match="series must name some of the"):
            ForecastDisplay.from_backtest(frame, kind=kind, series=series)


def test_several_coverages_are_bands_within_each_other(shops):
    panel, frame, forecast = shops
    fans = ForecastDisplay.from_backtest(frame, kind="forecast", series=["shop 1"])
    last = ForecastDisplay.from_forecast(panel, forecast, series=["shop 1"])
    for display in fans, last:
        names = ["80 % interval", "50 % interval"]
        assert list(display.interval_) == names
        boxes = [display.interval_[n].get_paths()[-1].get_extents() for n in names]
        assert boxes[0].y0 < boxes[1].y0 < boxes[1].y1 < boxes[0].y1
        wide, narrow = display.ax_.get_legend().legend_handles[-2:]
        assert wide.get_alpha() < narrow.get_alpha()


def test_forecasts_of_several_models_go_on_from_the_history():
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5).fit(y=LOAD)
    models = {"short": forecaster.forecast(3), "long": forecaster.forecast(5)}
    display = ForecastDisplay.from_forecast(LOAD, models)
    for each, (name, forecast) in zip(
        display.panels[None], models.items(), strict=True
    ):
        assert each.predicted_.get_label() == name
        assert_allclose(each.predicted_.get_ydata()[50:], forecast)
    observed = display.panels[None][0].observed_.get_ydata()
    assert_array_equal(observed, [*LOAD, *[np.nan] * 5])


def test_sampled_paths_go_on_from_the_history_with_their_median():
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5, calibration_size=20)
    paths = forecaster.fit(y=LOAD).sample_paths(5, n_paths=8, random_state=0)
    display = ForecastDisplay.from_forecast(LOAD, paths)
    drawn = [line.get_ydata() for line in display.paths_]
    assert_allclose(np.transpose(drawn)[-5:], paths)
    assert np.isnan(np.transpose(drawn)[:-5]).all()
    assert_allclose(display.predicted_.get_ydata()[-5:], paths.median(axis=1))
    counts = paths.round().astype(int)
    drawn = ForecastDisplay.from_forecast(LOAD, counts).paths_
    assert_array_equal([line.get_ydata()[-5:] for line in drawn], counts.T)


def test_paths_of_a_data_frame_are_drawn():
    frame = LOAD.to_frame()
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5, calibration_size=20)
    paths = forecaster.fit(y=frame).sample_paths(5, n_paths=8, random_state=0)
    display = ForecastDisplay.from_forecast(frame, paths)
    assert len(display.paths_) == 8
    assert_allclose(display.predicted_.get_ydata()[-5:], paths.median(axis=1))


def test_history_and_forecasts_of_different_series_are_an_error():
    panel = pd.concat({"a": LOAD, "b": LOAD}, names=["series"])
    forecast = Forecaster(Ridge(), window_length=4, horizon=5).fit(y=panel).forecast(5)
    for history, forecasts in (
        (LOAD, forecast),
        (panel, forecast.loc["a"]),
        (panel[["a"]], forecast),
        (panel, {"one": forecast[["a"]], "both": forecast}),
    ):
        with pytest.raises(ValueError, match="of the same series"):
            ForecastDisplay.from_forecast(history, forecasts)
    with pytest.raises(ValueError, match="forecast is empty"):
        ForecastDisplay.from_forecast(LOAD, {})


def test_history_and_forecast_of_different_kinds_of_index_are_an_error():
    forecast = Forecaster(Ridge(), window_length=4).fit(y=LOAD).forecast(1)
    for history in (
        LOAD.reset_index(drop=True),
        LOAD.to_period("W"),
        LOAD.tz_localize("Europe/Berlin"),
    ):
        with pytest.raises(ValueError, match="the same kind of index"):
            ForecastDisplay.from_forecast(history, forecast)


def test_fans_of_several_targets_are_an_error(rolled):
    both = pd.concat([rolled.assign(target=name) for name in "bc"])
    with pytest.raises(ValueError, match="for one target, but the frame has"):
        ForecastDisplay.from_backtest(both, kind="forecast")


def test_a_forecast_goes_on_from_the_history():
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5, calibration_size=20)
    frame = forecaster.fit(y=LOAD).forecast(5, coverage=0.5)
    display = ForecastDisplay.from_forecast(LOAD[-20:], frame)
    assert_allclose(display.predicted_.get_ydata()[-5:], frame["pred"])
    assert_allclose(display.observed_.get_ydata()[:20], LOAD[-20:])
    assert np.isnan(display.observed_.get_ydata()[20:]).all()
    assert display.interval_ is not None
    assert display.ax_.get_ylabel() == "load"
    assert display.split == np.datetime64(LOAD.index[-1])
    alone = ForecastDisplay.from_forecast(LOAD[-20:], forecaster.forecast(5))
    assert alone.interval_ is None
    assert_allclose(alone.predicted_.get_ydata()[-5:], frame["pred"])


def test_a_forecast_of_one_series_of_a_panel_is_drawn_alone():
    panel = pd.concat({"a": LOAD, "b": LOAD}, names=["series"])
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5)
    forecast = forecaster.fit(y=panel).forecast(5)
    display = ForecastDisplay.from_forecast(panel[["a"]], forecast[["a"]])
    assert_allclose(display.predicted_.get_ydata()[-5:], forecast["a"])
    with pytest.raises(ValueError, match="history must be a Series"):
        ForecastDisplay.from_forecast(LOAD.to_numpy(), forecast.loc["a"])


def test_a_forecast_of_one_of_two_targets_is_drawn():
    both = pd.DataFrame({"a": LOAD, "b": -LOAD})
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5, calibration_size=20)
    forecast = forecaster.fit(y=both).forecast(5, coverage=0.5)[["b"]]
    display = ForecastDisplay.from_forecast(both["b"], forecast)
    assert_allclose(display.predicted_.get_ydata()[-5:], forecast["b", "pred"])


def test_missing_values_of_a_backtest_are_not_drawn():
    origins = np.repeat(LOAD.index[[5, 8]], 3)
    times = LOAD.index[[6, 7, 8, 9, 10, 11]]
    frame = pd.DataFrame({"origin": origins, "time": times, "step": [1, 2, 3] * 2})
    frame = frame.assign(observed=[1.0, np.nan, 3.0, 4.0, 5.0, 6.0], pred=1.0)
    display = ForecastDisplay.from_backtest(frame[:-1], kind="forecast")
    assert_array_equal(display.observed[0], [1, np.nan, 3])
    assert_array_equal(display.observed[1], [4, 5, 5])


@pytest.mark.parametrize("coverage", [None, 0.8])
@pytest.mark.parametrize("n_dims", [1, 2])
def test_a_forecast_of_arrays_is_drawn_after_them(coverage, n_dims):
    y = LOAD.to_numpy().reshape((-1, 1)[:n_dims])
    forecaster = Forecaster(Ridge(), window_length=4, horizon=5, calibration_size=20)
    forecast = forecaster.fit(y=y).forecast(5, coverage=coverage)
    display = ForecastDisplay.from_forecast(y[-20:], forecast)
    drawn = display.predicted_
    expected = forecast.reshape(5, -1)[:, 0]
    assert_allclose(drawn.get_ydata()[-5:], expected)
    assert (display.interval_ is None) == (coverage is None)
    assert display.ax_.get_ylabel() == "", "arrays have no name"


# Times, single values and several models


def _frame(y, models, **options):
    """A backtest in which no model reads more than the last four rows."""
    forecasters = {
        name: Forecaster(Ridge(), horizon=horizon, window_length=4)
        for name, horizon in models.items()
    }
    return backtest(forecasters, y=y, **options)


@pytest.mark.parametrize("freq", ["MS", "ME", "B", "h"])
def test_times_after_the_last_row_are_those_of_the_calendar(freq):
    times = pd.date_range("2026-01-01", periods=14, freq=freq, name="time")
    _, y = to_supervised(pd.Series(np.arange(14.0), times, name="x"), horizon=2)
    display = ForecastDisplay.from_predictions(y, y)
    assert_array_equal(display.times, np.stack([times[1:-1], times[2:]], axis=1))
    one = ForecastDisplay.from_predictions(y[-1:], y[-1:], index=times[-3:-2])
    assert_array_equal(one.times, [times[-2:]])


def test_times_ahead_of_a_single_row_need_a_freq():
    times = pd.DatetimeIndex(["2026-01-04"])
    with pytest.raises(ValueError, match="single row has no freq"):
        ForecastDisplay.from_predictions([[1.0, 2.0]], [[1.0, 2.0]], index=times)


def test_fans_of_leads_with_others_between_do_not_overlap():
    _, y = to_supervised(LOAD, horizon=5)
    some = y[["load_lead1", "load_lead5"]]
    times = ForecastDisplay.from_predictions(some, some).times
    display = ForecastDisplay.from_predictions(some, some)
    first, last = times[display.shown].T
    assert (first[1:] > last[:-1]).all()


def test_a_value_without_neighbours_is_a_point():
    sparse = LOAD.where(np.arange(50) % 2 == 0)
    sparse.iloc[:2] = LOAD.iloc[:2]
    observed = ForecastDisplay.from_predictions(sparse, LOAD).observed_
    assert observed.get_marker() == "."
    assert_array_equal(observed.get_markevery(), np.arange(4, 50, 2))
    display = ForecastDisplay.from_predictions(LOAD, LOAD)
    assert display.observed_.get_marker() == "None"


def test_a_forecast_of_one_step_is_a_point_with_a_line_for_its_interval():
    forecaster = Forecaster(Ridge(), window_length=4, calibration_size=20).fit(y=LOAD)
    forecast = forecaster.forecast(1, coverage=0.8)
    display = ForecastDisplay.from_forecast(LOAD, forecast)
    assert_array_equal(display.predicted_.get_markevery(), [50])
    (line,) = display.ax_.collections[0].get_segments()
    assert_array_equal(line[:, 1], forecast.iloc[0, 1:])


def test_the_band_of_a_fan_ends_with_its_last_known_bounds():
    y = np.arange(4.0)[np.newaxis]
    lower, upper = y - 1, y + 1
    upper[0, 3] = np.nan
    display = ForecastDisplay.from_predictions(y, y, interval=(lower, upper))
    (band,) = display.interval_.get_paths()
    corners = [-1, 0, 1, 3, 2, 1, -1]
    assert_array_equal(band.vertices[:7, 1], corners)


def test_an_interval_is_two_arrays_and_not_a_data_frame():
    ends = pd.DataFrame({"lower": LOAD - 1, "upper": LOAD + 1})
    with pytest.raises(ValueError, match=r"two arrays.*Got DataFrame"):
        ForecastDisplay.from_predictions(LOAD, LOAD, interval=ends)


def test_a_model_has_one_colour_and_its_name_in_all_panels():
    """Also if a series has not the forecasts of all models."""
    panel = pd.concat({"a": LOAD, "b": LOAD}, names=["series"])
    frame = _frame(panel, {"long": 8, "short": 4}, initial_train_size=30)
    frame = frame[frame["model"].eq("short") | frame["series"].eq("a")]
    display = ForecastDisplay.from_backtest(frame, kind="forecast")
    (long, short), (alone,) = display.panels.values()
    assert alone.model == short.model == "short"
    colour = alone.predicted_.get_color()
    assert_array_equal(colour, short.predicted_.get_color())
    assert (colour != long.predicted_.get_color()).any()


def test_an_interval_of_any_model_is_in_the_legend():
    forecaster = Forecaster(Ridge(), window_length=4, calibration_size=20).fit(y=LOAD)
    points, interval = forecaster.forecast(1), forecaster.forecast(1, coverage=0.8)
    display = ForecastDisplay.from_forecast(LOAD, {"a": points, "b": interval})
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["observed", "a", "b", "split", "interval"]


def test_history_beyond_the_beginning_of_the_forecast_does_not_move_the_split():
    forecast = Forecaster(Ridge(), horizon=5, window_length=4).fit(y=LOAD[:40])
    display = ForecastDisplay.from_forecast(LOAD, forecast.forecast(5))
    assert display.split == WEEKS[39]


def test_labels_of_rows_are_drawn_in_their_order():
    """Sorted as strings, "t100" would come before "t91"."""
    labels = [f"t{number}" for number in range(70, 120)]
    frame = _frame(LOAD.set_axis(labels), {"a": 4}, initial_train_size=20)
    display = ForecastDisplay.from_backtest(frame, kind="forecast")
    times = display.times[:, 0]
    assert_array_equal(times, np.arange(1, 1 + 4 * len(times), 4))
    assert len(display.predicted_.get_segments()) == frame["origin"].nunique()
    over_time = ForecastDisplay.from_backtest(frame, kind="error_over_time")
    assert_array_equal(over_time.errors.index, times - 1)


def test_errors_of_several_models_are_of_the_same_rows():
    frame = _frame(LOAD, {"a": 2, "b": 2}, initial_train_size=30, stride=1)
    without = frame["model"].eq("a") & (frame["origin"] == WEEKS[40])
    frame.loc[without, "pred"] = np.nan
    found = ForecastDisplay.from_backtest(frame, kind="error_by_step").errors
    expected = summarize(frame, "MAE", ["model", "step"])["MAE"].unstack("model")
    assert_allclose(found, expected)


def test_labels_of_rows_are_in_their_order_for_models_of_different_horizons():
    labels = [f"t{number}" for number in range(70, 120)]
    y = LOAD.set_axis(labels)
    frame = _frame(y, {"a": 1, "b": 4}, initial_train_size=20, stride=4)
    display = ForecastDisplay.from_backtest(frame, kind="forecast")
    _, far = display.panels[None]
    assert_array_equal(far.times[:2], [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert_allclose(drawn(far.observed_)[1], LOAD[20:])


def test_forecasts_that_are_missing_do_not_hide_others():
    frame = _frame(LOAD, {"a": 4}, initial_train_size=30, stride=1)
    frame.loc[frame["origin"] == frame["origin"].min(), "pred"] = np.nan
    display = ForecastDisplay.from_backtest(frame)
    assert_array_equal(display.shown[:2], [1, 5])
    none = ForecastDisplay.from_backtest(frame.assign(pred=np.nan), kind="forecast")
    assert len(none.shown) == 0


@pytest.mark.parametrize("kind", ["error_by_step", "error_over_time"])
def test_errors_of_a_model_without_forecasts_are_an_error(kind):
    frame = _frame(LOAD, {"a": 2, "b": 2}, initial_train_size=30)
    frame.loc[frame["model"] == "b", "pred"] = np.nan
    with pytest.raises(ValueError, match="No row has an observed value and a forecast"):
        ForecastDisplay.from_backtest(frame, kind=kind)


def test_a_series_whose_name_was_read_as_missing_is_drawn():
    """`pandas.read_csv` reads the name "NA" as NaN."""
    panel = pd.concat({"NA": LOAD, "b": -LOAD}, names=["series"])
    frame = _frame(panel, {"a": 4}, initial_train_size=30)
    frame["series"] = frame["series"].replace({"NA": np.nan})
    display = ForecastDisplay.from_backtest(frame, kind="forecast")
    assert_allclose(drawn(display.axes_[0].lines[0])[1], LOAD[30:])


def test_a_larger_error_on_the_same_axes_is_visible():
    frame = _frame(LOAD, {"a": 4}, initial_train_size=30)
    display = ForecastDisplay.from_backtest(frame, kind="error_by_step")
    worse = frame.assign(pred=frame["pred"] + 9)
    ForecastDisplay.from_backtest(worse, kind="error_by_step", ax=display.ax_)
    bottom, top = display.ax_.get_ylim()
    assert bottom == 0
    assert top > 9


def test_a_linear_scale_replaces_a_logarithmic_one():
    ax = LossCurveDisplay(loss_curve=[100.0, 1.0]).plot().ax_
    assert ax.get_yscale() == "log"
    LossCurveDisplay(loss_curve=[1.0, -50.0]).plot(ax)
    assert ax.get_yscale() == "linear"


# Importance of features and lags


IMPORTANCES = np.array([[1.0, 3.0], [4.0, 6.0], [0.0, 0.0]])


def test_bars_of_features_are_sorted_and_have_the_deviation_of_repetitions():
    display = ImportanceDisplay(importances=IMPORTANCES, features=list("abc")).plot()
    assert_array_equal(display.bars_.datavalues, [0, 2, 5])  # from below
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["c", "a", "b"]
    _, _, (errors,) = display.bars_.errorbar.lines
    ends = [segment[:, 0] for segment in errors.get_segments()]
    assert_array_equal(ends, [[0, 0], [1, 3], [4, 6]])
    assert display.ax_.get_xlabel() == "Decrease of the score"
    assert display.image_ is None


def test_bars_of_lags_are_in_the_order_of_time():
    lags = ["lag1", "lag0", "lead1"]
    display = ImportanceDisplay(importances=IMPORTANCES, lags=lags).plot()
    assert_array_equal(display.bars_.datavalues, [2, 5, 0])
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == lags
    (mark,) = set(display.ax_.lines) - set(display.bars_.errorbar.lines)
    assert_array_equal(mark.get_xdata(), [2, 2])  # after the last row observed


def test_of_many_lags_every_kth_is_labelled_counted_from_the_last_row_observed():
    lags = [f"lag{k}" for k in range(29, -1, -1)] + [f"lead{h}" for h in range(1, 8)]
    display = ImportanceDisplay(importances=np.ones((37, 1)), lags=lags).plot()
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels[:2] == ["lag27", "lag24"]
    assert labels[-3:] == ["lag0", "lead3", "lead6"]


@pytest.mark.parametrize("lags", [None, ["lag1", "lag0"]])
def test_long_names_of_features_leave_room_for_their_importance(lags):
    names = [f"{name} in the {'far ' * 9}north of the territory" for name in "abc"]
    importances = np.ones((3, 5) if lags is None else (3, 2, 5))
    display = ImportanceDisplay(importances=importances, features=names, lags=lags)
    ax = display.plot().ax_
    display.figure_.draw_without_rendering()
    assert ax.get_position().width > 0.4
    drawn = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert drawn == names


def test_the_importance_of_each_lag_of_each_feature_is_a_heat_map():
    importances = np.arange(12.0).reshape(2, 3, 2)
    importances[0, 2] = np.nan
    lags = ["lag2", "lag1", "lag0"]
    names = {"features": ["a", "b"], "lags": lags}
    display = ImportanceDisplay(importances=importances, **names).plot()
    shown = np.ma.filled(display.image_.get_array(), np.nan).reshape(2, 3)
    assert_array_equal(shown, [[0.5, 2.5, np.nan], [6.5, 8.5, 10.5]])
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == lags
    assert display.bars_ is None
    bottom, top = display.ax_.get_ylim()
    assert bottom > top  # the first feature is on top
    (bar,) = set(display.figure_.axes) - {display.ax_}
    assert bar.get_ylabel() == "Decrease of the score"


@pytest.mark.parametrize("by", ["feature", "lag", "both"])
def test_an_importance_is_computed_and_drawn(by):
    windows = windowed(LOAD)[3:-1]
    ridge = WindowRegressor(Ridge()).fit(windows, LOAD[4:])
    how = {"by": by, "n_repeats": 2, "random_state": 0}
    _, ax = plt.subplots()
    display = ImportanceDisplay.from_estimator(ridge, windows, LOAD[4:], ax=ax, **how)
    expected = window_importance(ridge, windows, LOAD[4:], **how)
    assert_array_equal(display.importances, expected.importances)
    assert display.ax_ is ax
    assert display.features == expected.get("features")
    assert display.lags == expected.get("lags")


def test_arguments_reach_the_bars_and_the_image():
    _, lags = plt.subplots()
    bars = ImportanceDisplay(importances=IMPORTANCES, lags=["lag2", "lag1", "lag0"])
    bars.plot(lags, bar_kwargs={"color": "red"})
    assert bars.bars_.patches[0].get_facecolor() == (1, 0, 0, 1)
    both = {"features": ["a"], "lags": ["lag1", "lag0"]}
    image = ImportanceDisplay(importances=np.ones((1, 2, 1)), **both)
    image.plot(image_kwargs={"cmap": "plasma"})
    assert image.image_.get_cmap().name == "plasma"
