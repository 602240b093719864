"""The regressors in other packages (extra `clients`). Skipped if one is missing.

Warnings of these packages about themselves are ignored, by their exact text.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skrnn import LSTMRegressor, SequenceWindower, metrics

SERIES = np.sin(np.arange(121) / 5)
X, Y = SERIES[:-1].reshape(-1, 1), SERIES[1:]
N_LAGS = 6
WALKS = np.random.RandomState(0).normal(size=(90, 4)).cumsum(axis=0)


@pytest.fixture
def rnn():
    return LSTMRegressor(units=4, epochs=5, learning_rate=0.02, random_state=0)


@pytest.fixture
def pipe(rnn):
    return make_pipeline(MinMaxScaler(), SequenceWindower(window_length=5), rnn)


def recursive_forecast(rnn, n_steps):
    """Reference by hand, from windows with the oldest step first."""
    windows = np.lib.stride_tricks.sliding_window_view(SERIES, N_LAGS)
    rnn.fit(windows[:-1], SERIES[N_LAGS:])
    known = list(SERIES[-N_LAGS:])
    for _ in range(n_steps):
        known.append(rnn.predict(np.array([known[-N_LAGS:]]))[0])
    return known[N_LAGS:]


@pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental")
@pytest.mark.filterwarnings("ignore:`optuna.terminator` module has been deprecated")
def test_optuna_searches_a_pipeline(pipe):
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
    integration = pytest.importorskip(
        "optuna_integration", reason="optuna-integration is not installed"
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = integration.OptunaSearchCV(
        pipe,
        {
            "lstmregressor__units": optuna.distributions.IntDistribution(2, 4),
            "sequencewindower__window_length": optuna.distributions.IntDistribution(
                2, 8
            ),
        },
        cv=TimeSeriesSplit(2),
        n_trials=3,
        random_state=0,
        error_score="raise",
    ).fit(X, Y)
    best = pipe.set_params(**search.best_params_).fit(X, Y)
    assert_allclose(search.predict(X), best.predict(X))


def test_skforecast_forecasts_step_by_step(rnn):
    """Its lags are newest first and unnamed; one transformer reverses them."""
    recursive = pytest.importorskip(
        "skforecast.recursive", reason="skforecast is not installed"
    )
    oldest_first = make_pipeline(FunctionTransformer(np.fliplr), rnn)
    forecaster = recursive.ForecasterRecursive(estimator=oldest_first, lags=N_LAGS)
    forecaster.fit(y=pd.Series(SERIES))
    found = forecaster.predict(steps=8)
    assert_allclose(found, recursive_forecast(rnn, 8), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:The default of config ``remember_data``")
def test_sktime_reduces_forecasting_to_regression(rnn):
    """Its windows have the oldest step first, like ours."""
    compose = pytest.importorskip(
        "sktime.forecasting.compose", reason="sktime is not installed"
    )
    forecaster = compose.make_reduction(
        rnn, window_length=N_LAGS, strategy="recursive", scitype="tabular-regressor"
    )
    forecaster.fit(pd.Series(SERIES))
    found = forecaster.predict(fh=np.arange(1, 9))
    assert_allclose(np.ravel(found), recursive_forecast(rnn, 8), rtol=1e-5)


def test_mapie_puts_intervals_around_a_pipeline(pipe):
    """Blocks of rows are drawn with replacement, so rows have no time index."""
    regression = pytest.importorskip(
        "mapie.regression", reason="MAPIE is not installed"
    )
    from mapie.subsample import BlockBootstrap

    blocks = BlockBootstrap(n_resamplings=12, n_blocks=5, random_state=0)
    intervals = regression.TimeSeriesRegressor(pipe, method="enbpi", cv=blocks)
    intervals.fit(X[:90], Y[:90])
    predicted, band = intervals.predict(X[90:], confidence_level=0.9)
    assert band.shape == (30, 2, 1)
    assert (band[:, 0, 0] < predicted).all()
    assert (predicted < band[:, 1, 0]).all()
    assert np.isfinite(band).all()


def test_mlxtend_stacks_a_network(rnn):
    regressor = pytest.importorskip(
        "mlxtend.regressor", reason="mlxtend is not installed"
    )
    windows = SequenceWindower(5, flatten=True, pad="edge").fit_transform(X)
    stack = regressor.StackingCVRegressor(
        (rnn, Ridge()), meta_regressor=Ridge(alpha=1e-3), cv=3, shuffle=False
    )
    assert stack.fit(windows, Y).score(windows, Y) > 0.9


def test_yellowbrick_plots_residuals(rnn):
    """It needs an attribute that scikit-learn removed; `force_model` replaces it."""
    regressor = pytest.importorskip(
        "yellowbrick.regressor", reason="yellowbrick is not installed"
    )
    windows = SequenceWindower(5, flatten=True).fit_transform(X)
    plot = regressor.ResidualsPlot(rnn, force_model=True, hist=False)
    plot.fit(windows[:90], Y[:90])
    plot.score(windows[90:], Y[90:])
    drawn = np.concatenate([c.get_offsets() for c in plot.ax.collections])
    assert len(drawn) == 120
    residuals = rnn.predict(windows[90:]) - Y[90:]
    assert_allclose(drawn[90:, 1], residuals, rtol=1e-4)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_sktime_measures_the_same_of_points(n_targets):
    peer = pytest.importorskip(
        "sktime.performance_metrics.forecasting", reason="sktime is not installed"
    )
    y_train, y, forecast = WALKS[:60], WALKS[60:, :2], WALKS[60:, 2:]
    y_train, y, forecast = (each[:, :n_targets] for each in (y_train, y, forecast))
    # each target by itself, as sktime divides the mean of errors by a mean of scales
    scale = {"y_train": y_train, "sp": 7, "multioutput": "raw_values"}
    scaled = {"y_train": y_train, "season_length": 7}
    for found, expected in [
        (
            metrics.mean_absolute_scaled_error(y, forecast, **scaled),
            np.mean(peer.mean_absolute_scaled_error(y, forecast, **scale)),
        ),
        (
            metrics.root_mean_squared_scaled_error(y, forecast, **scaled),
            np.mean(
                peer.mean_squared_scaled_error(y, forecast, **scale, square_root=True)
            ),
        ),
        (
            metrics.symmetric_mean_absolute_percentage_error(y, forecast),
            peer.mean_absolute_percentage_error(y, forecast, symmetric=True),
        ),
    ]:
        assert_allclose(found, expected)


def test_sktime_measures_the_same_of_intervals():
    """Its measures of intervals are a pinball loss of both bounds, and the coverage."""
    peer = pytest.importorskip(
        "sktime.performance_metrics.forecasting.probabilistic",
        reason="sktime is not installed",
    )
    y, middle = WALKS[60:, 0], WALKS[60:, 2]
    bounds = np.stack([middle - 1, middle + 2], axis=1)
    index = pd.RangeIndex(len(y))
    of_sktime = pd.DataFrame(
        bounds,
        index=index,
        columns=pd.MultiIndex.from_product([["y"], [0.8], ["lower", "upper"]]),
    )
    y_frame = pd.DataFrame({"y": y}, index=index)
    found = metrics.coverage_score(y, bounds)
    assert 0 < found < 1
    assert_allclose(found, peer.EmpiricalCoverage()(y_frame, of_sktime))
    # the interval score is 2 / alpha times the sum of the pinball losses of both bounds
    pinball = peer.PinballLoss(score_average=False)(y_frame, of_sktime)
    score = metrics.mean_interval_score(y, bounds, coverage=0.8)
    assert_allclose(score, 2 / 0.2 * np.sum(np.asarray(pinball)))
