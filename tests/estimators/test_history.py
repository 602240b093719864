"""Windows that continue from earlier rows: index, gaps, folds and panels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import ElmanRegressor, PanelTimeSeriesSplit, SequenceWindower

NAN = np.nan


def flat(window_length=3, **params):
    return SequenceWindower(window_length, flatten=True, **params)


def frame(values, index):
    return pd.DataFrame({"x": np.array(values, dtype=float)}, index=index)


def days(n_rows):
    return pd.date_range("2026-01-01", periods=n_rows, freq="D")


@pytest.fixture
def week():
    return frame(range(7), days(7))


# One series


def test_rows_that_follow_get_the_rows_of_fit(week):
    windower = flat().fit(week[:4])
    assert_array_equal(windower.transform(week[4:]), [[2, 3, 4], [3, 4, 5], [4, 5, 6]])
    assert_array_equal(windower.last_window_, [[2], [3]])
    assert windower.last_index_.equals(week.index[2:4])


def test_a_gap_is_missing_steps_and_the_rows_before_it(week):
    windows = flat(4).fit(week[:4]).transform(week[5:])
    assert_array_equal(windows, [[2, 3, NAN, 5], [3, NAN, 5, 6]])


def test_a_gap_longer_than_the_window_leaves_nothing(week):
    windows = flat(2).fit(week[:2]).transform(week[5:])
    assert_array_equal(windows, [[NAN, 5], [5, 6]])


def test_rows_from_before_get_nothing(week):
    windows = flat().fit(week[4:]).transform(week[:4])
    assert_array_equal(windows, flat().fit_transform(week[:4]))


def test_rows_of_fit_are_windowed_as_in_fit(week):
    windower = flat().fit(week)
    assert_array_equal(windower.transform(week), flat().fit_transform(week))
    part = windower.transform(week[1:3])
    assert_array_equal(
        part, flat().fit_transform(week[1:3])
    )  # earlier rows are not stored


def test_rows_that_overlap_get_the_remembered_rows_before_them(week):
    windows = flat(4).fit(week[:5]).transform(week[4:])
    assert_array_equal(windows, [[NAN, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]])


def test_history_none_keeps_the_holes_only(week):
    windower = flat(history="none").fit(week[:3])
    assert_array_equal(
        windower.transform(week.iloc[[4, 6]]), [[NAN, NAN, 4], [4, NAN, 6]]
    )


def test_a_missing_timestamp_is_a_missing_step(week):
    windows = flat().fit_transform(week.drop(week.index[3]))
    assert_array_equal(windows[3:], [[2, NAN, 4], [NAN, 4, 5], [4, 5, 6]])


def test_pad_fills_before_the_first_known_row_only(week):
    with_hole = week.drop(week.index[1])
    assert_array_equal(
        flat(pad="edge").fit_transform(with_hole)[:3],
        [[0, 0, 0], [0, NAN, 2], [NAN, 2, 3]],
    )
    assert_array_equal(flat(pad=-1).fit_transform(with_hole)[0], [-1, -1, 0])
    windower = flat(4, pad=-1).fit(week[:2])
    assert_array_equal(windower.transform(week[3:4]), [[0, 1, NAN, 3]])


def test_without_a_hole_the_windows_are_a_view(week):
    windower = SequenceWindower(3).fit(week[:4])
    for windows in (windower.transform(week[4:]), windower.transform(week[:4])):
        assert windows.base is not None
        assert not windows.flags.writeable
        assert windows.strides[0] == windows.strides[1]


@pytest.mark.parametrize(
    "index",
    [
        days(7),
        days(7).tz_localize("America/New_York"),
        pd.date_range("2026-01-31", periods=7, freq="ME"),
        pd.bdate_range("2026-01-01", periods=7),
        pd.period_range("2026-01", periods=7, freq="M"),
        pd.timedelta_range("0s", periods=7, freq="5min"),
        pd.RangeIndex(7),
        pd.Index(range(10, 80, 10)),
    ],
    ids=lambda index: f"{type(index).__name__} {index.dtype}",
)
def test_every_kind_of_index(index):
    rows = frame(range(7), index)
    windower = flat().fit(rows.iloc[[0, 1, 2, 3]])
    assert_array_equal(
        windower.transform(rows.iloc[[5, 6]]), [[3, NAN, 5], [NAN, 5, 6]]
    )


def test_a_series_is_a_frame_of_one_column(week):
    windower = flat().fit(week["x"][:4])
    assert_array_equal(
        windower.transform(week["x"][4:]), [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    )
    assert windower.get_feature_names_out().tolist() == ["x_lag2", "x_lag1", "x_lag0"]


def test_strings_count_as_no_index():
    rows = frame(range(4), list("abcd"))
    assert_array_equal(flat(2).fit(rows[:2]).transform(rows[2:]), [[1, 2], [2, 3]])


def test_an_array_after_a_frame_follows_it(week):
    windower = flat(2).fit(week[:4])
    with pytest.warns(UserWarning, match="valid feature names"):
        windows = windower.transform(week[4:].to_numpy())
    assert_array_equal(windows[0], [3, 4])


@pytest.mark.parametrize("n_steps", [24, 150, 288])
def test_rows_that_repeat_each_day_follow_those_of_fit(n_steps):
    """The first rows of fit, at night, are equal and occur again at each night."""
    day = np.maximum(0, np.sin(2 * np.pi * np.arange(n_steps) / n_steps - 2))
    windower = flat(n_steps // 2).fit(np.tile(day, 10)[:, np.newaxis])
    windows = windower.transform(day[:, np.newaxis])
    assert_array_equal(windows[0], np.append(day[1 - n_steps // 2 :], day[0]))


@pytest.mark.parametrize("n_train", [2, 3])
def test_fewer_training_rows_than_steps(n_train, week):
    windows = flat(5).fit(week[:n_train]).transform(week[n_train : n_train + 1])
    expected = [NAN] * (4 - n_train) + list(range(n_train + 1))
    assert_array_equal(windows, [expected])


def test_a_window_longer_than_the_series(week):
    windows = flat(10).fit_transform(week)
    assert_array_equal(windows[-1], [NAN] * 3 + list(range(7)))


def test_irregular_data_are_refused_at_fit():
    with pytest.raises(ValueError, match="no regular step"):
        flat().fit(frame(range(3), pd.Index([0, 3, 7])))
    with pytest.raises(ValueError, match="does not increase"):
        flat().fit(frame(range(3), pd.Index([0, 2, 1])))


def test_winter_in_fit_and_summer_in_transform():
    index = pd.date_range("2026-03-20", periods=20, tz="Europe/Paris")
    for rows in (frame(range(20), index), frame(range(20), index).drop(index[2])):
        windows = flat().fit(rows[:"2026-03-27"]).transform(rows["2026-03-28":])
        assert_array_equal(windows[:3], [[6, 7, 8], [7, 8, 9], [8, 9, 10]])


def test_noons_in_winter_and_summer():
    index = pd.date_range("2026-03-20 12:00", periods=20, tz="Europe/Berlin")
    rows = frame(range(20), pd.DatetimeIndex(list(index)))
    assert_array_equal(flat().fit(rows[:5]).transform(rows[15:])[:1], [[NAN, NAN, 15]])
    assert_array_equal(flat().fit_transform(rows)[-1], [17, 18, 19])


def test_a_failed_fit_keeps_the_last_one(week):
    windower = flat().fit(week[:4])
    with pytest.raises(ValueError, match="no regular step"):
        windower.fit(frame(range(3), pd.Index([0, 3, 7])))
    assert_array_equal(windower.transform(week[4:5]), [[2, 3, 4]])


def test_one_training_row_whose_index_declares_its_freq(week):
    windows = flat().fit(week[:1]).transform(week[3:4])
    assert_array_equal(windows, [[NAN, NAN, 3]])


def test_one_training_row_at_an_unknown_distance_is_no_history():
    index = pd.DatetimeIndex(["2026-01-01", "2026-01-05", "2026-01-06"])
    windows = flat().fit(frame([0], index[:1])).transform(frame([4, 5], index[1:]))
    assert_array_equal(windows, [[NAN, NAN, 4], [NAN, 4, 5]])


def test_periods_of_two_days():
    rows = frame(range(5), pd.period_range("2026-01-01", periods=5, freq="2D"))
    assert_array_equal(flat().fit(rows[:3]).transform(rows[4:]), [[2, NAN, 4]])


def test_months_at_their_end_go_on_after_fit():
    rows = frame(range(6), pd.date_range("2026-01-31", periods=6, freq="ME"))
    rows.index.freq = None
    windows = flat().fit(rows[:3]).transform(rows[4:])
    assert_array_equal(windows, [[2, NAN, 4], [NAN, 4, 5]])


def test_data_off_the_step_are_refused_at_transform(week):
    off = frame([1], week.index[-1:] + pd.Timedelta(hours=36))
    with pytest.raises(ValueError, match="are not multiples of 1 days"):
        flat().fit(week).transform(off)


# Windows against a lookup of every step


def expected_windows(values, times, new, known, window_length):
    """The window of each new row, looked up step by step."""
    value_at = dict(zip(times[known], values[known], strict=True))
    value_at |= zip(times[new], values[new], strict=True)
    absent = np.full(values.shape[1], NAN)
    steps = range(window_length - 1, -1, -1)
    return [[value_at.get(t - step, absent) for step in steps] for t in times[new]]


# A Saturday first, so that no draw looks like business days.
INDEX = {
    "integers": pd.Index(range(1000)),
    "days": pd.date_range("2026-01-03", periods=200, freq="D"),
    "days in a time zone": pd.date_range("2026-01-03", periods=200, tz="Europe/Paris"),
    "hours in a time zone": pd.date_range(
        "2026-03-28", periods=200, freq="h", tz="Europe/Paris"
    ),
    "month ends": pd.date_range("2000-01-31", periods=200, freq="ME"),
    "periods": pd.period_range("2000-01", periods=200, freq="Q"),
    "timedeltas": pd.timedelta_range("0s", periods=200, freq="10min"),
}


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.IrregularIndexWarning")
@given(
    kind=st.sampled_from(list(INDEX)),
    jumps=st.lists(st.sampled_from([1, 1, 1, 2, 5]), min_size=2, max_size=25),
    window_length=st.integers(1, 8),
    data=st.data(),
)
def test_windows_of_a_fold_are_those_of_the_whole_series(
    kind, jumps, window_length, data
):
    """Equal if the history is known, and missing otherwise."""
    times = np.cumsum([0, 1, *jumps])
    values = np.random.RandomState(0).rand(len(times), 2)
    index = INDEX[kind][times]
    rows = pd.DataFrame(values, columns=["a", "b"], index=index)
    n_train = data.draw(st.integers(2, len(times) - 1))
    start = data.draw(st.integers(n_train, len(times) - 1))
    stop = data.draw(st.integers(start + 1, len(times)))
    windower = SequenceWindower(window_length).fit(rows[:n_train])
    remembered = slice(max(0, n_train - window_length + 1), n_train)
    assert_array_equal(
        windower.transform(rows[start:stop]),
        expected_windows(values, times, slice(start, stop), remembered, window_length),
    )


@given(
    pairs=st.sets(
        st.tuples(st.sampled_from("abc"), st.integers(0, 20)), min_size=8, max_size=40
    ),
    cut=st.integers(5, 15),
    window_length=st.integers(1, 6),
    by_time=st.booleans(),
)
def test_a_panel_is_its_series_one_by_one(pairs, cut, window_length, by_time):
    pairs |= {("d", t) for t in range(21)}  # its step holds for all series
    index = pd.MultiIndex.from_tuples(sorted(pairs))
    panel = frame(np.random.RandomState(0).rand(len(pairs)), index)
    panel = panel.sort_index(level=1) if by_time else panel
    early = panel.index.get_level_values(1) < cut
    windower = flat(window_length).fit(panel[early])
    windows = pd.DataFrame(windower.transform(panel[~early]), panel.index[~early])
    for series in set(windows.index.get_level_values(0)):
        own = panel.index.get_level_values(0) == series
        times = panel.index[own].get_level_values(1).to_numpy()
        values = panel[own].to_numpy()
        n_early = (times < cut).sum()
        remembered = slice(max(0, n_early - window_length + 1), n_early)
        expected = expected_windows(
            values, times, slice(n_early, None), remembered, window_length
        )
        assert_array_equal(
            windows.loc[series], np.reshape(expected, (-1, window_length))
        )


@given(
    window_length=st.integers(1, 8), n_splits=st.integers(2, 4), gap=st.integers(0, 4)
)
def test_folds_with_a_gap_by_index_and_by_rule(window_length, n_splits, gap):
    """The index of a DataFrame replaces `gap`; both give the same windows."""
    values = np.random.RandomState(0).rand(40)
    rows = frame(values, days(40))
    for train, test in TimeSeriesSplit(n_splits, gap=gap).split(rows):
        by_index = flat(window_length).fit(rows.iloc[train]).transform(rows.iloc[test])
        array = rows.to_numpy()
        by_rule = flat(window_length, gap=gap).fit(array[train]).transform(array[test])
        assert_array_equal(by_index, by_rule)


@given(changed=st.integers(0, 29), window_length=st.integers(1, 8))
def test_no_window_knows_the_future(changed, window_length):
    rows = frame(np.arange(30.0), days(30)).drop(days(30)[[7, 8, 19]])
    before = flat(window_length).fit_transform(rows)
    other = rows.copy()
    other.iloc[min(changed, 26)] += 100
    after = flat(window_length).fit_transform(other)
    earlier = rows.index < rows.index[min(changed, 26)]
    assert_array_equal(after[earlier], before[earlier])


def test_no_prediction_of_a_pipeline_knows_the_future():
    rows = frame(np.sin(np.arange(60)), days(60)).drop(days(60)[[11, 40]])
    y = np.cos(rows["x"].to_numpy())
    rnn = ElmanRegressor(units=2, epochs=2, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(4), rnn)
    pipe[:-1].set_output(transform="pandas")
    pipe.fit(rows[:40], y[:40])
    changed = rows.copy()
    changed.iloc[50] += 1
    before, after = pipe.predict(rows[40:]), pipe.predict(changed[40:])
    assert_array_equal(after[:10], before[:10])
    assert (after[10:14] != before[10:14]).all()


# Panels


@pytest.fixture
def panel():
    index = pd.MultiIndex.from_product([["a", "b"], days(5)], names=["series", "time"])
    return frame(range(10), index)


def test_no_window_crosses_a_series(panel):
    windows = flat().fit_transform(panel)
    for series in ("a", "b"):
        own = panel.index.get_level_values(0) == series
        assert_array_equal(windows[own], flat().fit_transform(panel.loc[series]))


def test_each_series_has_its_own_history(panel):
    early = panel.index.get_level_values(1) < "2026-01-04"
    windower = flat().fit(panel[early])
    assert_array_equal(
        windower.transform(panel[~early]), [[1, 2, 3], [2, 3, 4], [6, 7, 8], [7, 8, 9]]
    )
    assert_array_equal(windower.last_window_.ravel(), [1, 2, 6, 7])


def test_rows_of_series_may_alternate(panel):
    by_time = panel.sort_index(level="time")
    windows = pd.DataFrame(flat().fit_transform(by_time), index=by_time.index)
    assert_array_equal(windows.sort_index(), flat().fit_transform(panel))


def test_a_new_series_starts_with_nothing(panel):
    new = panel.rename({"a": "c"}).iloc[:2]
    windows = flat(2).fit(panel.iloc[[0, 1, 5, 6]]).transform(new)
    assert_array_equal(windows, [[NAN, 0], [0, 1]])


def test_series_that_start_and_end_at_other_times(panel):
    ragged = panel.iloc[[0, 1, 2, 4, 7, 8, 9]]
    assert_array_equal(
        flat().fit_transform(ragged),
        [
            *([NAN, NAN, 0], [NAN, 0, 1], [0, 1, 2], [2, NAN, 4]),
            *([NAN, NAN, 7], [NAN, 7, 8], [7, 8, 9]),
        ],
    )


def test_series_of_one_row():
    """A single series with two rows determines the step of all series."""
    index = pd.MultiIndex.from_arrays([["a", "b", "b"], [0, 0, 1]])
    windower = flat(2, pad="edge").fit(frame([1, 2, 3], index))
    later = frame([4, 5], pd.MultiIndex.from_arrays([["b", "a"], [2, 1]]))
    assert_array_equal(windower.transform(later), [[3, 4], [1, 5]])
    only_short = flat(2, pad="edge").fit(frame([1, 2], index[:2]))
    assert_array_equal(only_short.transform(later), [[4, 4], [5, 5]])


def test_a_panel_whose_index_got_lost_is_refused(panel):
    panel.columns = [0]  # no feature names to warn about
    windower = SequenceWindower().fit(panel)
    message = r"no time index, but .*\(series, time\).*set_output"
    with pytest.raises(ValueError, match=message):
        windower.transform(panel.to_numpy())


def test_one_network_is_trained_on_all_series(panel):
    index = pd.MultiIndex.from_product([["a", "b", "c"], days(40)])
    rng = np.random.RandomState(0)
    rows = frame(rng.rand(120), index)
    y = pd.Series(rng.rand(120), index=index)
    rnn = ElmanRegressor(units=2, epochs=2, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(4), rnn)
    pipe[:-1].set_output(transform="pandas")
    search = GridSearchCV(
        pipe,
        {"sequencewindower__window_length": [2, 4]},
        cv=PanelTimeSeriesSplit(n_splits=3, gap=1),
        error_score="raise",
    ).fit(rows, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
