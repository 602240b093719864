"""Transformers of the targets: fitted to each series, inverted in every forecast.

`_model` and `_observed` are read for the transformer of each series: forecasts would
only differ a little with that of another.
"""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_series_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    PowerTransformer,
    StandardScaler,
)

from skrnn import Forecaster, GRURegressor, SeasonalNaiveRegressor, backtest

DAYS = pd.date_range("2026-01-01", periods=120, freq="D", name="day")
RNG = np.random.RandomState(0)
Y = pd.Series(np.exp(RNG.normal(size=120).cumsum() / 5), DAYS, name="sold")
LOG = FunctionTransformer(np.log, np.exp)
NEGATIVE_LOG = FunctionTransformer(lambda y: -np.log(y), lambda z: np.exp(-z))


def ridge(**parameters):
    return Forecaster(Ridge(), **{"window_length": 5, "horizon": 2, **parameters})


def naive(**parameters):
    regressor = SeasonalNaiveRegressor()
    return Forecaster(regressor, **{"window_length": 3, "horizon": 2, **parameters})


def panel_of(**series):
    return pd.concat(series, names=["series"])


def test_a_logarithm_is_what_one_would_do_by_hand():
    by_hand = ridge(target_transformer=None, calibration_size=40).fit(y=np.log(Y))
    forecaster = ridge(target_transformer=LOG, calibration_size=40).fit(y=Y)
    assert_allclose(forecaster.forecast(7), np.exp(by_hand.forecast(7)))
    for how in ({"coverage": 0.8}, {"coverage": [0.5, 0.9]}, {"quantiles": [0.1, 0.7]}):
        expected = np.exp(by_hand.forecast(2, **how))
        assert_allclose(forecaster.forecast(2, **how), expected)


def test_bounds_of_positive_values_are_positive_and_wider_above():
    frame = ridge(target_transformer=LOG, calibration_size=40).fit(y=Y)
    frame = frame.forecast(2, coverage=0.95)
    below, above = frame.pred - frame.lower_bound, frame.upper_bound - frame.pred
    assert (frame.lower_bound > 0).all()
    assert (above > below).all()


@pytest.mark.parametrize("quantile", [None, (0.1, 0.5, 0.9), (0.2, 0.5, 0.6)])
def test_a_decreasing_transformer_changes_nothing_but_the_sign(quantile):
    """Levels of quantiles are then counted from above."""
    regressor = Ridge()
    if quantile:
        loss = {"loss": "quantile", "quantile": quantile}
        regressor = GRURegressor(3, **loss, epochs=2, random_state=0)
    rising, falling = (
        Forecaster(
            regressor,
            window_length=4,
            horizon=2,
            calibration_size=40,
            target_transformer=transformer,
        )
        for transformer in (LOG, NEGATIVE_LOG)
    )
    falling.fit(y=Y)
    frame = falling.forecast(2, coverage=0.8)
    assert (frame.lower_bound <= frame.upper_bound).all()
    if quantile is None:
        rising.fit(y=Y)
        assert_allclose(frame, rising.forecast(2, coverage=0.8))
        levels = [0.1, 0.5, 0.8]
        expected = rising.forecast(2, quantiles=levels)
        assert_allclose(falling.forecast(2, quantiles=levels), expected)
    else:
        low, high = 1 - quantile[-1], 1 - quantile[0]
        quantiles = falling.forecast(2, quantiles=[low, high])
        assert (quantiles[low] <= quantiles[high]).all()
        with pytest.raises(ValueError, match=r"needs the quantile 0\.95, but"):
            falling.forecast(2, quantiles=[0.05])


@pytest.mark.parametrize(
    "transformer", ["auto", MinMaxScaler(), PowerTransformer(), LOG, NEGATIVE_LOG]
)
def test_each_series_and_target_has_its_own(transformer):
    """Those that act by column are fitted to many series at once."""
    y = pd.DataFrame({"a": Y, "b": 1 / Y})
    parts = {"p": y, "q": 1e3 * y[30:], "r": 1e-3 * y[:100]}
    panel = panel_of(**parts)
    forecaster = naive(target_transformer=transformer).fit(y=panel)
    model = forecaster._model.transform
    codes, _ = pd.factorize(panel.index.get_level_values(0))
    z = model.transform(panel.to_numpy(), codes)
    single = StandardScaler() if transformer == "auto" else transformer
    for name, part in parts.items():
        rows = panel.index.get_level_values(0) == name
        for column, label in enumerate("ab"):
            expected = clone(single).fit_transform(part[[label]].to_numpy())
            assert_allclose(z[rows, [column]], expected[:, 0], rtol=1e-6, atol=1e-9)
    assert_allclose(model.inverse(z[..., np.newaxis], codes)[..., 0], panel)
    assert_allclose(forecaster.forecast(1), panel.groupby("series").tail(1))


@pytest.mark.parametrize("transformer", [StandardScaler(), LOG, NEGATIVE_LOG])
def test_missing_values_stay_missing_and_are_not_fitted_to(transformer):
    holes = panel_of(a=Y.where(Y.index.day != 3), b=10 * Y[:90])
    forecaster = ridge(target_transformer=transformer).fit(y=holes)
    without = panel_of(a=Y[Y.index.day != 3], b=10 * Y[:90])
    expected = ridge(target_transformer=transformer).fit(y=without)
    assert_allclose(forecaster.forecast(3), expected.forecast(3))


def test_series_of_different_size_are_forecast_alike():
    panel = panel_of(a=Y, b=1e6 * Y + 1e7, c=1e-6 * Y)
    forecaster = ridge(calibration_size=40).fit(y=panel)
    alone = ridge(calibration_size=40).fit(y=panel_of(a=Y, b=Y, c=Y))
    expected = alone.forecast(2, coverage=0.8).loc["a"]
    frame = forecaster.forecast(2, coverage=0.8)
    assert_allclose(frame.loc["a"], expected)
    assert_allclose((frame.loc["b"] - 1e7) / 1e6, expected, rtol=1e-6)
    assert_allclose(1e6 * frame.loc["c"], expected)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.3e8])
@pytest.mark.parametrize("transformer", ["auto", MinMaxScaler(), PowerTransformer()])
def test_a_constant_series_is_forecast_exactly(value, transformer):
    panel = panel_of(flat=0 * Y + value, other=Y)
    network = GRURegressor(3, epochs=1, random_state=0)
    forecaster = naive(target_transformer=transformer, calibration_size=30)
    forecaster.set_params(regressor=network).fit(y=panel)
    assert_array_equal(forecaster.forecast(5).loc["flat"], value)
    frame = forecaster.forecast(2, coverage=0.9)
    assert_array_equal(frame.loc["flat"], value)
    alone = naive(calibration_size=30).fit(y=panel[["other"]])
    width = frame.upper_bound - frame.lower_bound
    assert_array_equal(width.loc["other"] > 0, True)
    assert_array_equal(ridge().fit(y=0 * Y + value).forecast(3), value)
    assert alone.forecast(1).shape == (1,)


def test_a_constant_series_that_begins_to_change_gets_a_new_transformer():
    panel = panel_of(flat=0 * Y[:100] + 7, other=Y[:100])
    forecaster = naive().fit(y=panel)
    later = panel_of(flat=7 + Y[100:])
    forecaster.update(y=later)
    assert_allclose(forecaster.forecast(1).loc["flat"], later.iloc[-1])


def test_a_new_series_is_transformed_by_its_own_rows_however_they_arrive():
    forecaster = ridge(calibration_size=30).fit(y=panel_of(a=Y, b=3 * Y))
    new = panel_of(new=1e4 * Y[:60])
    at_once, one_by_one = copy.deepcopy(forecaster), forecaster
    at_once.update(y=new)
    for row in range(60):
        one_by_one.update(y=new[row : row + 1])
    z = StandardScaler().fit_transform(new.to_numpy()[:, np.newaxis])
    window = pd.DataFrame(z[-5:].T, columns=forecaster.regressor_.feature_names_in_)
    expected = forecaster.regressor_.predict(window)[0] * new.std(ddof=0) + new.mean()
    assert_allclose(at_once.forecast(2).loc["new"], expected)
    frame = at_once.forecast(2, coverage=0.8)
    assert_allclose(one_by_one.forecast(2, coverage=0.8).loc[frame.index], frame)


def test_a_series_shorter_than_the_calibration_does_not_count():
    """And the others keep their own transformers, whatever their position."""
    panel = panel_of(short=1e9 * Y[:20], a=Y, b=1e3 * Y)
    frame = naive(calibration_size=40).fit(y=panel).forecast(2, coverage=0.8)
    expected = naive(calibration_size=40).fit(y=panel_of(a=Y, b=1e3 * Y))
    assert_allclose(frame.loc[["a", "b"]], expected.forecast(2, coverage=0.8))


def test_a_short_series_leaves_the_transformer_that_it_shared():
    forecaster = ridge(window_length=80)
    for names in ("ab", "ba"):
        parts = dict(zip(names, (Y[:100], 3 * Y[:70]), strict=True))
        forecaster.fit(y=panel_of(**parts))
        later = panel_of(**{names[0]: Y[100:110], names[1]: 3 * Y[70:80]})
        forecaster.update(y=later)
        targets = forecaster._model.transform
        z = targets.transform(np.array([[3.0]]), np.array([1]))
        of_short = StandardScaler().fit(3 * Y[:80].to_numpy()[:, np.newaxis])
        assert_allclose(z, of_short.transform([[3.0]]))


def test_a_constant_target_leaves_the_others_alone():
    both = pd.DataFrame({"a": Y, "flat": 5.0})
    forecaster = naive(calibration_size=40).fit(y=both[:100])
    forecaster.update(y=both[100:])
    alone = naive(calibration_size=40).fit(y=both[["a"]][:100])
    alone.update(y=both[["a"]][100:])
    for how in ({}, {"coverage": 0.8}):
        frame = forecaster.forecast(2, **how)
        assert_allclose(frame["a"], alone.forecast(2, **how)["a"])
        assert_array_equal(frame["flat"], 5.0)


def test_a_constant_series_has_intervals_without_width():
    frame = naive(calibration_size=40).fit(y=0 * Y + 3).forecast(2, coverage=0.9)
    assert_array_equal(frame, 3.0)


@pytest.mark.parametrize(
    "transformer",
    [
        FunctionTransformer(np.sqrt, np.square),
        FunctionTransformer(np.reciprocal, np.reciprocal),
        PowerTransformer(),
    ],
)
def test_bounds_outside_of_the_range_of_a_transformer_stay_in_order(transformer):
    """Squares of negative values, and powers of values out of range, are no bounds."""
    rng = np.random.RandomState(0)
    y = pd.Series(np.exp(2 * rng.exponential(size=120)) + 0.01, DAYS)
    forecaster = ridge(target_transformer=transformer, calibration_size=60).fit(y=y)
    frame = forecaster.forecast(2, coverage=[0.5, 0.95])
    order = ["lower_95", "lower_50", "pred", "upper_50", "upper_95"]
    assert np.isfinite(frame.to_numpy()).all()
    assert (np.diff(frame[order]) >= 0).all()
    quantiles = forecaster.forecast(2, quantiles=[0.05, 0.5, 0.95])
    assert (np.diff(quantiles) >= 0).all()


def test_a_constant_series_does_not_keep_a_backtest_from_one_grid(monkeypatch):
    panel = panel_of(a=Y, dead=0 * Y)
    how = {"y": panel, "initial_train_size": 80, "stride": 3, "coverage": 0.8}
    frame = backtest(naive(calibration_size=30), **how)
    evaluation = "skrnn.forecasting.backtest._Evaluation"
    monkeypatch.setattr(f"{evaluation}.is_regular", lambda _: False)
    in_turn = backtest(naive(calibration_size=30), **how)
    pd.testing.assert_frame_equal(frame, in_turn)
    monkeypatch.undo()
    monkeypatch.delattr(f"{evaluation}.in_turn")
    pd.testing.assert_frame_equal(backtest(naive(calibration_size=30), **how), frame)


class OfPositive(TransformerMixin, BaseEstimator):
    """A transformer of its own that accepts no missing values, with a scale."""

    def fit(self, X, y=None):
        assert np.isfinite(X).all()
        self.scale_ = X.max()
        return self

    def transform(self, X):
        assert np.isfinite(X).all()
        return np.sqrt(X / self.scale_)

    def inverse_transform(self, X):
        assert np.isfinite(X).all()
        return X**2 * self.scale_


def test_a_transformer_of_ones_own():
    panel = panel_of(a=Y.where(Y.index.day != 3), b=10 * Y)
    forecaster = naive(target_transformer=OfPositive(), calibration_size=30)
    frame = forecaster.fit(y=panel).forecast(2, coverage=0.8)
    assert_allclose(frame.pred.loc["a"], Y.iloc[-1])
    assert_allclose(frame.loc["b"] / 10, frame.loc["a"], rtol=0.5)


def differences():
    return FunctionTransformer(
        lambda y: np.diff(y, axis=0, prepend=0), lambda z: np.cumsum(z, axis=0)
    )


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (FunctionTransformer(np.cbrt), "FunctionTransformer.* has no exact inverse"),
        (KBinsDiscretizer(encode="ordinal"), "KBinsDiscretizer.* has no exact inv"),
        (differences(), "transforms each value by itself"),
        (make_pipeline(KBinsDiscretizer(encode="onehot-dense")), "one column for each"),
        (FunctionTransformer(np.log, np.exp), r"turns y = -\d.* into nan"),
        (FunctionTransformer(np.reciprocal, np.reciprocal), "y = 0.0 into inf"),
    ],
)
@pytest.mark.filterwarnings("ignore:Bins whose width:UserWarning")
def test_what_cannot_be_inverted_is_named(transformer, message):
    y = Y - Y.mean()
    y.iloc[5] = 0
    if "reciprocal" not in str(transformer):
        y = y.drop(y.index[5])
    with pytest.raises(ValueError, match=message):
        ridge(target_transformer=transformer).fit(y=y)


def test_an_inverse_may_differ_by_a_millionth():
    def with_inverse_off_by(share):
        inverse = FunctionTransformer(np.log, lambda z: np.exp(z) * (1 + share))
        return ridge(target_transformer=inverse)

    assert np.isfinite(with_inverse_off_by(5e-7).fit(y=Y).forecast(1)).all()
    with pytest.raises(ValueError, match="has no exact inverse"):
        with_inverse_off_by(2e-6).fit(y=Y)


def test_the_series_whose_values_cannot_be_inverted_is_named():
    sold = Y * 0
    sold.iloc[100] = 1
    panel = panel_of(a=Y, b=sold)
    with pytest.raises(ValueError, match=r"no exact inverse.* y = 1.0 of 'b' into"):
        ridge(target_transformer=PowerTransformer()).fit(y=panel)
    with pytest.raises(ValueError, match=r"turns y = 0.0 of 'b' into -inf"):
        ridge(target_transformer=LOG).fit(y=panel)
    with pytest.raises(ValueError, match=r"turns y = 0.0 of 2 into -inf"):
        ridge(target_transformer=LOG).fit(y=pd.concat({1: Y, 2: sold}))


def test_values_of_an_update_that_have_no_logarithm_are_named():
    forecaster = ridge(target_transformer=LOG).fit(y=Y[:100])
    expected = forecaster.forecast(1)
    with pytest.raises(ValueError, match=r"FunctionTransformer.* turns y = -1.0 into"):
        forecaster.update(y=Y[100:102] * 0 - 1)
    assert_series_equal(forecaster.forecast(1), expected)
    panel = pd.concat({1: Y[:100], 2: Y[:100]})
    with pytest.raises(ValueError, match=r"turns y = -1.0 of 2 into nan"):
        forecaster.fit(y=panel).update(
            y=pd.concat({1: Y[100:102], 2: -Y[100:102] / Y[100:102]})
        )


def test_single_precision_stays():
    forecaster = ridge(calibration_size=30).fit(y=Y.astype(np.float32))
    expected = ridge(calibration_size=30).fit(y=Y)
    frame = expected.forecast(2, coverage=0.8)
    assert_allclose(forecaster.forecast(2, coverage=0.8), frame, rtol=1e-4)
    assert forecaster._observed.targets.dtype == np.float32


def test_a_linear_model_of_all_rows_is_not_changed_by_the_default():
    y = Y.cumsum()
    linear = Forecaster(LinearRegression(), window_length=4)
    plain = clone(linear).set_params(target_transformer=None)
    frame = backtest({"auto": linear, "none": plain}, y=y, initial_train_size=80)
    auto, none = (frame[frame.model == name].pred for name in ("auto", "none"))
    assert_allclose(auto, none)
