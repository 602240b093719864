"""Columns of X as numbers, and features of dates.

`_observed` and `_model` are read for the numbers that inputs become, before windows are
made of them.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from skrnn import Forecaster
from skrnn.exceptions import MissingInputWarning

HOURS = pd.date_range("2026-01-01", periods=240, freq="h", name="hour")
RNG = np.random.RandomState(0)
PRICE = pd.Series(RNG.uniform(5, 9, size=240), HOURS, name="price")
WIND = pd.Series(RNG.uniform(0, 3, size=240), HOURS, name="wind")
Y = (20 + 3 * PRICE).rename("load")


def linear(regressor=None, **parameters):
    parameters = {"window_length": 6, "horizon": 6, **parameters}
    return Forecaster(regressor or LinearRegression(), **parameters)


def numbers_of(forecaster):
    """The inputs of the last rows, as the regressor reads them."""
    return forecaster._observed.X[-3:]


# input_transformer="auto"


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "Float64", "double[pyarrow]", object]
)
def test_numbers_are_standardised_whatever_holds_them(dtype):
    if "pyarrow" in str(dtype):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    X = PRICE.astype(dtype).to_frame()
    forecaster = linear().fit(X[:-6], Y[:-6])
    values = PRICE[:-6].to_numpy()
    expected = (values - values.mean()) / values.std()
    assert_allclose(numbers_of(forecaster)[:, 0], expected[-3:], rtol=1e-5)
    assert_allclose(forecaster.predict(X[-6:]), Y[-6:], rtol=1e-5)


@pytest.mark.parametrize(
    "flag",
    [
        pd.Series(HOURS.hour < 7, HOURS),
        pd.Series(HOURS.hour < 7, HOURS).astype("boolean"),
        "bool[pyarrow]",
        pd.Series(HOURS.hour < 7, HOURS).astype(object),
        pd.Series(np.where(HOURS.hour < 7, 1, 0), HOURS),
    ],
)
def test_flags_stay_as_they_are(flag):
    if isinstance(flag, str):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        flag = pd.Series(HOURS.hour < 7, HOURS).astype(flag)
    forecaster = linear(Ridge()).fit(flag.to_frame("night")[:-20], Y[:-20])
    assert_array_equal(numbers_of(forecaster)[:, 0], flag[-23:-20].astype(float))


@pytest.mark.parametrize("low_and_high", [(0, 0.05), (199, 249)])
def test_numbers_with_two_values_are_standardised(low_and_high):
    """A penalty, or a network, would hardly use those that are small or large."""
    is_high = RNG.uniform(size=240) < 0.5
    X = pd.DataFrame({"price": np.where(is_high, *low_and_high)}, HOURS)
    target = 10 - 5.0 * is_high
    forecaster = linear(Ridge(), target_transformer=None).fit(X[:-6], target[:-6])
    assert_allclose(forecaster.predict(X[-6:]), target[-6:], atol=0.1)


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_labels_become_a_column_each_and_new_ones_zeros(dtype):
    kinds = np.array(["mild", "cold", "hot"])[np.arange(240) % 3]
    X = pd.DataFrame({"kind": pd.Series(kinds, HOURS, dtype=dtype), "price": PRICE})
    forecaster = linear(Ridge()).fit(X[:-6], Y[:-6])
    names = list(forecaster.regressor_.feature_names_in_[-5:])
    expected = ["load", "price", "kind_cold", "kind_hot", "kind_mild"]
    assert names == [f"{name}_lag0" for name in expected]
    new = X[-6:].astype({"kind": object}).assign(kind="icy")
    inputs = forecaster._model.inputs.transform_ahead(new)
    assert_array_equal(inputs[:, 1:], 0)
    assert np.isfinite(forecaster.predict(new)).all()


def test_a_label_that_is_a_number_is_the_same_as_int_and_as_float():
    X = pd.DataFrame({"kind": pd.Series(np.arange(240) % 3, HOURS, dtype="category")})
    forecaster = linear(Ridge()).fit(X[:-6], Y[:-6])
    expected = forecaster.predict(X[-6:])
    for dtype in (int, float, "Float64"):
        assert_array_equal(forecaster.predict(X[-6:].astype(dtype)), expected)


@pytest.mark.parametrize("name", ["input_transformer", "target_transformer"])
def test_a_transformer_may_work_in_place(name):
    """It gets copies, so neither X and y nor later results change."""
    X, y = PRICE.to_numpy()[:, np.newaxis].copy(), Y.to_numpy().copy()
    forecasts = []
    for copy in (True, False):
        how = {"input_transformer": None, name: StandardScaler(copy=copy)}
        forecaster = linear(Ridge(), calibration_size=24, **how).fit(X[:-6], y[:-6])
        forecasts.append(forecaster.predict(X[-6:], coverage=0.5))
    assert_allclose(*forecasts)
    assert_array_equal(X[:, 0], PRICE)
    assert_array_equal(y, Y)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda X: X.rolling(24, min_periods=1).mean(),
        lambda X: X.shift(-1).fillna(0),
        lambda X: X.assign(large=1e7, price=X["price"].diff().fillna(0)),
        lambda X: pd.get_dummies((X["price"] == X["price"].iloc[-1]).astype(str)),
        lambda X: (X["price"] > 8.9).shift(fill_value=False).to_frame(),
        lambda X: (X["price"] > 8.9).rolling(3, min_periods=1).max().to_frame(),
    ],
    ids=["mean", "later", "beside large values", "labels", "rare flag", "rare maximum"],
)
def test_a_transformer_must_not_mix_rows(mixed):
    """`fit` and `predict` pass different rows, so their values would differ."""
    forecaster = linear(input_transformer=FunctionTransformer(mixed))
    with pytest.raises(ValueError, match="whatever the other rows are"):
        forecaster.fit(PRICE.to_frame(), Y)


@pytest.mark.parametrize("level", ["series", "hour"])
def test_a_transformer_must_not_mix_the_rows_of_a_series(level):
    parts = {name: (PRICE > 8.9).to_frame() * 1.0 for name in "abcd"}
    X = pd.concat(parts, names=["series", "hour"]).sort_index(level=level)
    y = pd.Series(RNG.normal(size=len(X)), X.index)
    shifted = FunctionTransformer(lambda X: X.groupby(level=0).shift(fill_value=0.0))
    with pytest.raises(ValueError, match="whatever the other rows are"):
        linear(input_transformer=shifted).fit(X, y)


def test_a_transformer_must_not_add_rows():
    hourly = FunctionTransformer(lambda X: X.asfreq("h"))
    with pytest.raises(ValueError, match="whatever the other rows are"):
        linear(input_transformer=hourly).fit(PRICE.to_frame(), Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1000])
def test_a_transformer_may_round_and_leave_missing_values(offset, dtype):
    X = np.column_stack([PRICE, WIND, PRICE + WIND]).astype(dtype) + dtype(offset)
    fitted = linear(input_transformer=PCA(2)).fit(X, Y.to_numpy())
    assert np.isfinite(fitted.predict(X[:6])).all()
    X[3, 0] = np.nan
    trees = linear(HistGradientBoostingRegressor(max_iter=2), horizon=1)
    scaled = clone(trees).set_params(input_transformer=StandardScaler())
    assert np.isfinite(scaled.fit(X, Y.to_numpy()).predict(X[4:5])).all()


def test_a_past_column_of_one_label_may_be_refused_by_a_transformer_of_ones_own():
    X = pd.DataFrame({"status": "ok", "price": PRICE}, HOURS)
    encoder = ColumnTransformer([("status", OneHotEncoder(), ["status"])])
    forecaster = linear(input_transformer=encoder, past_features="status")
    assert np.isfinite(forecaster.fit(X[:-6], Y[:-6]).predict(X[-6:])).all()


def test_what_a_transformer_makes_of_past_columns_alone_is_not_known_ahead():
    X = pd.DataFrame({"status": "ok"}, HOURS)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    forecaster = linear(past_features="status", input_transformer=encoder)
    assert np.isfinite(forecaster.fit(X, Y).forecast(6)).all()


@pytest.mark.parametrize("past", [["wind"], ["wind", "wind"]])
def test_what_is_made_of_the_index_is_known_ahead_whatever_the_columns_are(past):
    X = pd.DataFrame({"wind": WIND}, HOURS)
    noon = FunctionTransformer(lambda X: X.assign(noon=(X.index.hour == 12) * 1.0))
    forecaster = linear(Ridge(), input_transformer=noon, past_features=past)
    assert forecaster.fit(X, Y)._model.inputs.is_known.tolist() == [False, True]


def test_a_column_without_a_value_in_fit_is_not_read_later():
    X = pd.DataFrame({"price": PRICE, "sensor": np.nan}, HOURS)
    imputed = make_pipeline(SimpleImputer(keep_empty_features=True), Ridge())
    forecaster = linear(imputed).fit(X[:-6], Y[:-6])
    inputs = forecaster._model.inputs.transform(X.assign(sensor=1013.0)[-6:])
    assert np.isnan(inputs[:, 1]).all()


def test_a_past_column_of_true_and_missing_values():
    status = pd.array([True, pd.NA] * 120, dtype="boolean")
    X = pd.DataFrame({"status": status}, HOURS)
    forecaster = linear(HistGradientBoostingRegressor(max_iter=2), horizon=1)
    forecaster.set_params(past_features="status").fit(X, Y)
    assert not forecaster._model.inputs.is_known.any()


def test_a_past_column_of_one_label_is_not_known_ahead():
    X = pd.DataFrame({"status": "ok"}, HOURS)
    forecaster = linear(Ridge(), past_features="status").fit(X[:-6], Y[:-6])
    expected = forecaster.forecast(6)
    assert_allclose(forecaster.predict(X[-6:].assign(status="fail")), expected)


def test_columns_of_arrays_have_positions_in_a_frame_too():
    """A DataFrame without names may say which rows are to be forecast."""
    X = np.column_stack([PRICE, WIND])
    how = {"past_features": [1], "input_transformer": None, "date_features": "hour"}
    forecaster = linear(Ridge(), **how).fit(X[:-6], Y[:-6])
    ahead = pd.DataFrame(X[-6:], HOURS[-6:], ["price", "wind"])
    named = linear(Ridge(), **{**how, "past_features": "wind"})
    named.fit(pd.DataFrame(X[:-6], HOURS[:-6], ["price", "wind"]), Y[:-6])
    assert_allclose(forecaster.predict(ahead), named.predict(ahead))


def test_a_series_is_not_taken_as_inputs():
    """Other packages have `fit(y, X)`, which would forecast the inputs."""
    with pytest.raises(ValueError, match=r"X is a Series.*comes before y"):
        linear().fit(Y, PRICE)


def test_none_takes_numbers_as_they_are_and_names_a_column_that_holds_none():
    X = pd.DataFrame({"price": PRICE, "promo": PRICE > 7})
    forecaster = linear(input_transformer=None).fit(X[:-6], Y[:-6])
    assert_array_equal(numbers_of(forecaster), X[-9:-6].astype(float))
    with pytest.raises(ValueError, match="Column 'kind' of X holds values that are n"):
        linear(input_transformer=None).fit(X.assign(kind="a"), Y)


def test_intervals_are_calibrated_without_an_input_transformer():
    X = PRICE.to_frame()
    plain = linear(input_transformer=None, calibration_size=24).fit(X[:-6], Y[:-6])
    scaled = linear(calibration_size=24).fit(X[:-6], Y[:-6])
    expected = scaled.predict(X[-6:], coverage=0.5)
    assert_allclose(plain.predict(X[-6:], coverage=0.5), expected, atol=1e-9)


@pytest.mark.parametrize("transformer", ["auto", None])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (HOURS, "Column 'new' of X holds times"),
        (HOURS.date, "Column 'new' of X holds times"),
        (np.full(240, np.inf), "infinity in column 'new'"),
        (np.full(240, 1j), "Complex data not supported: column 'new'"),
    ],
)
def test_an_error_names_the_column(transformer, values, message):
    X = PRICE.to_frame().assign(new=values)
    with pytest.raises(ValueError, match=message):
        linear(input_transformer=transformer).fit(X, Y)


def test_a_column_of_labels_stays_one_where_no_row_has_a_label():
    kinds = np.where(HOURS.hour == 9, "peak", None)
    X = pd.DataFrame({"kind": pd.Series(kinds, HOURS, dtype=object), "price": PRICE})
    forecaster = linear(Ridge()).fit(X[:-12], Y[:-12])
    forecaster.update(X[-12:-6], Y[-12:-6])
    assert X["kind"][-12:].isna().all()
    with pytest.warns(MissingInputWarning, match="the first of 'kind'"):
        assert np.isfinite(forecaster.predict(X[-6:])).all()
    with pytest.raises(ValueError, match="Column 'price' of X held numbers in fit"):
        forecaster.predict(X[-6:].assign(kind="peak", price="high"))


def test_a_constant_column_that_is_not_known_in_advance():
    X = pd.DataFrame({"wind": 1.0}, HOURS)
    forecaster = linear(Ridge(), past_features="wind").fit(X, Y)
    assert not forecaster._model.inputs.is_known.any()
    assert np.isfinite(forecaster.forecast(3)).all()


def test_names_that_are_alike_are_numbered():
    X = pd.DataFrame({"day": HOURS.day, "y_y": 1.0 + HOURS.hour, "y": PRICE}, HOURS)
    features = [lambda times: times.hour == 3, lambda times: times.day, "day"]
    forecaster = linear(Ridge(), date_features=features).fit(X[:-6], Y.to_numpy()[:-6])
    names = [name[:-5] for name in forecaster.regressor_.feature_names_in_[-8:]]
    assert len(set(names)) == 8
    assert np.isfinite(forecaster.predict(X[-6:])).all()


def test_columns_that_are_not_transformed_keep_their_names():
    forecaster = linear(input_transformer=None)
    forecaster.fit(PRICE.to_frame("temp__c"), Y.to_numpy())
    assert forecaster.regressor_.feature_names_in_[-1] == "temp__c_lag0"


def test_auto_beside_other_features():
    forecaster = linear(Ridge(), date_features=["auto", is_ninth_hour]).fit(y=Y)
    assert forecaster.date_features_ == ["hour", is_ninth_hour]


def labelled_holidays(times):
    return pd.Series(np.where(times.day == 1, "ny", None), times, dtype=object)


def test_labels_of_dates_that_do_not_occur_ahead():
    forecaster = linear(Ridge(), date_features=labelled_holidays).fit(y=Y)
    assert np.isfinite(forecaster.forecast(6)).all()


def test_a_calibration_chooses_what_the_forecaster_chose():
    y = pd.Series(RNG.normal(size=100), pd.date_range("2026-01-01", periods=100))
    forecaster = Forecaster(
        Ridge(), horizon=3, calibration_size=60, date_features="auto"
    )
    lengths = []

    class Recording(Ridge):
        def fit(self, X, y):
            lengths.append(X.shape[1])
            return super().fit(X, y)

    forecaster.set_params(regressor=Recording()).fit(y=y)
    assert forecaster.window_length_ == 28
    assert lengths == [28 * 3, 28 * 3]


# A transformer of one's own


def test_a_transformer_gets_x_as_it_is_given():
    X = pd.DataFrame({"price": PRICE, "kind": pd.Categorical(["a", "b"] * 120)}, HOURS)
    encoder = OrdinalEncoder()
    transformer = ColumnTransformer(
        [
            ("labels", encoder, make_column_selector(dtype_include="category")),
            ("numbers", StandardScaler(), make_column_selector(dtype_include=float)),
        ]
    )
    forecaster = linear(input_transformer=transformer).fit(X[:-6], Y[:-6])
    assert_array_equal(numbers_of(forecaster)[:, 0], [1, 0, 1])
    assert forecaster._model.inputs.names == ["kind", "price"]
    assert not hasattr(transformer, "transformers_")
    assert_allclose(forecaster.predict(X[-6:]), Y[-6:])
    of_array = linear(input_transformer=StandardScaler())
    of_array.fit(PRICE.to_numpy()[:-6, np.newaxis], Y[:-6])
    assert_allclose(of_array.predict(PRICE.to_numpy()[-6:, np.newaxis]), Y[-6:])


def test_what_is_made_of_past_features_is_not_known_in_advance():
    X = pd.DataFrame({"price": PRICE, "wind": WIND})
    forecaster = linear(
        past_features="wind",
        input_transformer=PolynomialFeatures(include_bias=False),
    )
    forecaster.fit(X[:-6], Y[:-6])
    inputs = forecaster._model.inputs
    known = dict(zip(inputs.names, inputs.is_known, strict=True))
    expected = {"price": True, "wind": False, "price^2": True}
    assert known == {**expected, "price wind": False, "wind^2": False}
    forecasts = forecaster.predict(X[-6:])
    assert_allclose(forecaster.predict(X[["price"]][-6:]), forecasts)
    assert_allclose(forecaster.predict(X.assign(wind=1e9)[-6:]), forecasts)


def test_past_labels_may_be_left_out_ahead():
    X = pd.DataFrame({"price": PRICE, "kind": np.where(WIND > 1, "a", "b")}, HOURS)
    encoder = OneHotEncoder(sparse_output=False)  # refuses what is not known
    transformer = ColumnTransformer(
        [("kind", encoder, ["kind"])], remainder="passthrough"
    )
    for how in "auto", transformer:
        forecaster = linear(Ridge(), past_features="kind", input_transformer=how)
        forecaster.fit(X[:-6], Y[:-6])
        expected = forecaster.predict(X[-6:])
        assert_allclose(forecaster.predict(X[["price"]][-6:]), expected)


def test_a_transformer_that_returns_no_numbers_is_named():
    X = pd.DataFrame({"kind": ["a", "b"] * 120}, HOURS)
    identity = ColumnTransformer([("same", "passthrough", ["kind"])])
    with pytest.raises(ValueError, match="input_transformer returns values that are"):
        linear(input_transformer=identity).fit(X, Y)


# Features of dates

WAVE = pd.Series(np.where(HOURS.hour == 9, 5.0, 0.0) + HOURS.day % 2, HOURS)


def is_ninth_hour(times):
    return pd.Series(times.hour == 9, times)


def weekday_names(times):
    return times.strftime("%a").to_numpy(dtype=object)


def two_columns(times):
    return pd.DataFrame({"nine": times.hour == 9, "odd": times.day % 2 == 1}, times)


def test_features_are_known_for_past_and_future_steps():
    """Without them, a window of one step cannot know the hour."""
    forecaster = linear(window_length=6, date_features=two_columns)
    forecaster.fit(y=WAVE[:-30])
    assert_allclose(forecaster.forecast(30), WAVE[-30:], atol=1e-9)
    assert forecaster.date_features_ == [two_columns]


def test_cyclic_attributes_become_a_sine_and_a_cosine():
    forecaster = linear(Ridge(), date_features=["hour", "is_month_end"]).fit(y=Y)
    names = forecaster.regressor_.feature_names_in_[-4:]
    expected = ["load", "hour_sin", "hour_cos", "is_month_end"]
    assert list(names) == [f"{name}_lag0" for name in expected]
    dates = forecaster._model.dates
    angle = 2 * np.pi * HOURS.hour.to_numpy() / 24
    sine, cosine = np.sin(angle), np.cos(angle)
    values = dates.transform(HOURS)
    assert_allclose(values[:, 0], (sine - sine.mean()) / sine.std(), atol=1e-9)
    assert_allclose(values[:, 1], (cosine - cosine.mean()) / cosine.std(), atol=1e-9)


@pytest.mark.parametrize(
    ("features", "n_columns"),
    [
        ("hour", 2),
        (["dayofweek", "is_month_end"], 3),
        (is_ninth_hour, 1),
        ([weekday_names], 7),
        ([lambda times: np.column_stack([times.hour, times.day])], 2),
        (["hour", two_columns], 4),
    ],
)
def test_features_by_name_and_by_function(features, n_columns):
    forecaster = linear(Ridge(), date_features=features).fit(y=Y)
    assert forecaster.regressor_.n_features_in_ == 6 * (1 + n_columns)
    assert np.isfinite(forecaster.forecast(20)).all()


@pytest.mark.parametrize(
    ("freq", "periods", "expected"),
    [
        ("h", 24 * 3, ["hour"]),
        ("h", 24 * 30, ["hour", "day_of_week"]),
        ("15min", 4 * 24 * 3, ["minute", "hour"]),
        ("D", 14, ["day_of_week"]),
        ("D", 13, []),
        ("D", 100, ["day_of_week"]),
        ("D", 730, ["day_of_week", "day_of_year"]),
        ("D", 729, ["day_of_week", "month"]),
        ("B", 100, ["day_of_week"]),
        ("W", 200, ["day_of_year"]),
        ("MS", 60, ["month"]),
        ("MS", 24, ["month"]),
        ("MS", 23, []),
        ("QS", 60, []),
        ("YS", 60, []),
    ],
)
def test_auto_takes_what_the_step_suggests_and_the_rows_cover_twice(
    freq, periods, expected
):
    index = pd.date_range("2020-01-01", periods=periods, freq=freq)
    y = pd.Series(RNG.normal(size=periods), index)
    forecaster = linear(Ridge(), window_length=2, horizon=1, date_features="auto")
    assert forecaster.fit(y=y).date_features_ == expected
    if freq != "B":  # deprecated for periods
        y.index = index.to_period({"MS": "M", "QS": "Q", "YS": "Y"}.get(freq, freq))
        assert forecaster.fit(y=y).date_features_ == expected


def test_month_ends_are_those_of_the_calendar():
    """In pandas, they depend on the freq, which only some of the times have."""
    index = pd.date_range("2026-01-01", periods=80, freq="B")
    y = pd.Series(np.arange(80.0), index)
    features = ["is_month_end", is_ninth_hour]
    forecaster = linear(Ridge(), window_length=2, horizon=1, date_features=features)
    read = forecaster.fit(y=y).windows()["is_month_end"]
    assert_array_equal(read.dropna(), read.dropna().index.to_series().dt.is_month_end)
    custom = index[:0].union(pd.bdate_range("2026-01-01", periods=80, freq="C"))
    assert np.isfinite(forecaster.fit(y=y.set_axis(custom)).forecast(1)).all()


def test_dates_of_a_panel_with_holes_are_those_of_each_series():
    parts = {"a": WAVE[:-30], "b": WAVE[5:-12].drop(WAVE.index[60:90])}
    panel = pd.concat(parts, names=["series"])
    forecaster = linear(date_features=two_columns, target_transformer=None)
    forecasts = forecaster.fit(y=panel).forecast(12)
    for name in "ab":
        expected = WAVE[forecasts.loc[name].index]
        assert_allclose(forecasts.loc[name], expected, atol=1e-9)


def test_no_dates_without_an_index_of_dates():
    y = Y.to_numpy()
    assert linear(date_features="auto").fit(y=y).date_features_ == []
    for wrong in ("hour", [is_ninth_hour]):
        with pytest.raises(ValueError, match="need an index of dates, but the rows"):
            linear(date_features=wrong).fit(y=y)
        with pytest.raises(ValueError, match="the index RangeIndex"):
            linear(date_features=wrong).fit(y=pd.Series(y))


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("hours", "has no attribute 'hours'"),
        ("normalize", "has no attribute 'normalize'"),
        (lambda times: [1, 2], "must give one row for each of"),
        ("size", "must give one row for each of"),
        ("freq", "has no attribute 'freq'"),
        (lambda times: times, "holds times"),
    ],
)
def test_features_that_do_not_exist_are_named(feature, message):
    with pytest.raises(ValueError, match=message):
        linear(date_features=[feature]).fit(y=Y)


@pytest.mark.parametrize(
    "function",
    [
        lambda times: np.arange(len(times)),
        lambda times: (times - times[0]).days,
        lambda times: (times[-1] - times).days,
        lambda times: times == times.max(),
        lambda times: times - times.mean() > pd.Timedelta(0),
        lambda times: pd.get_dummies(times.strftime("%H%M%d")),
        lambda times: pd.Series(times.isin(HOURS[[9, 80]])).shift(-1, fill_value=False),
    ],
)
def test_a_function_whose_value_depends_on_other_times_is_named(function):
    with pytest.raises(ValueError, match="<lambda> must give a time the same value"):
        linear(date_features=["hour", function]).fit(y=Y)


@pytest.mark.parametrize(
    ("freq", "function"),
    [
        ("h", lambda times: pd.get_dummies(times.hour)),
        ("MS", lambda times: pd.get_dummies(times.month)),
        ("MS", lambda times: times.to_period("M").days_in_month),
        ("MS", lambda times: times.to_period().days_in_month),
    ],
)
def test_a_function_may_need_whole_periods_of_regular_times(freq, function):
    y = Y.set_axis(pd.date_range("2001-01-01", periods=240, freq=freq))
    forecaster = linear(Ridge(), window_length=24, horizon=24, date_features=function)
    assert np.isfinite(forecaster.fit(y=y).forecast(24)).all()


def test_a_function_of_the_earliest_time_of_a_panel_is_named():
    panel = pd.concat({"late": Y[50:150], "early": Y}, names=["series"])
    with pytest.raises(ValueError, match="<lambda> must give a time the same value"):
        linear(date_features=lambda times: (times - times.min()).days).fit(y=panel)


def test_labels_of_a_function_may_be_missing_at_most_times():
    holidays = {HOURS[0]: "new year"}

    def holiday(times):
        return [holidays.get(time, np.nan) for time in times]

    forecaster = linear(date_features=holiday).fit(y=Y)
    labels = forecaster.windows().filter(like="holiday")  # the new year, and none
    assert_array_equal(labels[-6:], [[0, 1]] * 6)


def test_a_trend_counts_from_a_fixed_date():
    y = pd.Series(np.arange(240.0), HOURS)

    def hours_since_2026(times):
        return (times - pd.Timestamp("2026")) / pd.Timedelta(hours=1)

    forecaster = linear(date_features=hours_since_2026).fit(y=y[:100])
    assert_allclose(forecaster.forecast(9), y[100:109])
    assert_allclose(forecaster.update(y=y[100:200]).forecast(9), y[200:209])


def test_a_feature_is_a_name_or_a_function():
    with pytest.raises(TypeError, match="functions of it"):
        linear(date_features=["hour", 3]).fit(y=Y)


def test_windows_shorter_than_the_horizon_cannot_hold_dates():
    message = r"does not hold all future values of \['hour_sin', 'hour_cos'\]"
    with pytest.raises(ValueError, match=message):
        linear(window_length=3, date_features="hour").fit(y=Y)


def test_a_value_known_in_advance_that_is_missing_is_named():
    X = PRICE.to_frame().copy()
    forecaster = linear().fit(X[:-6], Y[:-6])
    X.iloc[-2] = np.nan
    with (
        pytest.warns(MissingInputWarning, match="first of 'price' at 2026-01-10 22"),
        pytest.raises(ValueError, match="LinearRegression does not support missing"),
    ):
        forecaster.predict(X[-6:])
    assert clone(forecaster).date_features is None
