"""Input and output of the regressors, missing values, weights and errors."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor, SequenceWindower
from skrnn.exceptions import MissingStepsWarning, RowsLeftOutWarning

ALL = pytest.mark.parametrize(
    "regressor", [LSTMRegressor, GRURegressor, ElmanRegressor]
)
SMALL = {"units": 3, "epochs": 2, "random_state": 0}


def small(**params):
    return ElmanRegressor(**{**SMALL, **params})


@pytest.fixture(scope="module")
def fitted(windows, target):
    return small().fit(windows, target)


# Input and output


@ALL
def test_training_reduces_the_loss(regressor, windows, target):
    estimator = regressor(units=8, epochs=80, batch_size=20, random_state=0)
    loss = estimator.fit(windows, target).loss_curve_
    assert loss[0] > 5 * loss[-1]
    assert estimator.score(windows, target) > 0.9


def test_warm_start_takes_windows_of_another_length(windows, target):
    """A network has the same weights for any number of steps."""
    rnn = small(warm_start=True).fit(windows, target)
    rnn.fit(windows[:, 1:], target)
    assert rnn.predict(windows[:, 1:]).shape == (60,)


def test_flat_windows_are_the_same_windows(fitted, windows, target):
    flat = windows.reshape(len(windows), -1)
    estimator = small(n_step_features=2).fit(flat, target)
    assert estimator.n_features_in_ == 10
    assert_array_equal(estimator.predict(flat), fitted.predict(windows))


def test_one_feature_a_step_is_the_default(windows, target):
    series = windows[..., 0]
    in_three = small().fit(series[..., np.newaxis], target)
    in_two = small().fit(series, target)
    assert_array_equal(in_two.predict(series), in_three.predict(series[..., None]))


def test_lag_names_carry_the_layout(target, windows):
    frame = pd.DataFrame(windows[:, 0], columns=["load", "wind"])
    windower = SequenceWindower(window_length=4).set_output(transform="pandas")
    flat = windower.fit_transform(frame)
    in_three = SequenceWindower(window_length=4).fit_transform(frame.to_numpy())
    expected = small().fit(in_three, target).predict(in_three)
    assert_array_equal(small().fit(flat, target).predict(flat), expected)
    newest_first = flat[flat.columns[::-1]]
    estimator = small().fit(newest_first, target)
    assert_array_equal(
        estimator.predict(newest_first),
        small()
        .fit(np.flip(in_three, axis=2), target)
        .predict(np.flip(in_three, axis=2)),
    )


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
def test_predictions_have_the_shape_of_y(n_outputs, windows):
    shape = (60,) if n_outputs is None else (60, n_outputs)
    y = np.random.RandomState(0).rand(*shape)
    estimator = small().fit(windows, y)
    assert estimator.predict(windows).shape == shape
    assert estimator.predict(windows[:1]).shape == (1, *shape[1:])
    assert estimator.n_outputs_ == (n_outputs or 1)


@pytest.mark.parametrize(
    ("y_dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i8", "f8")]
)
def test_predictions_have_the_precision_of_y(y_dtype, expected, windows, target):
    estimator = small().fit(windows, (10 * target).astype(y_dtype))
    assert estimator.predict(windows).dtype == expected


def test_read_only_and_strided_input(fitted, windows, target):
    series = np.random.RandomState(0).rand(60, 2)
    view = SequenceWindower(window_length=5, pad="edge").fit_transform(series)
    copied = np.ascontiguousarray(view)
    predicted = small().fit(view, target).predict(view)
    assert_array_equal(predicted, small().fit(copied, target).predict(copied))


# Missing values


def test_skipped_steps_are_as_if_absent(windows, target):
    """Three missing steps before two observed ones: a window of two steps."""
    late = np.full((60, 5, 2), np.nan)
    late[:, 3:] = windows[:, 3:]
    short = small().fit(windows[:, 3:], target)
    assert_allclose(
        small().fit(late, target).predict(late),
        short.predict(windows[:, 3:]),
        rtol=1e-6,
    )


def test_windows_that_start_missing_are_left_out_of_fit(windows, target):
    broken, y = windows.copy(), target.copy()
    broken[:7, 0, 1] = np.nan
    y[:7] = 1e6
    whole = small().fit(windows[7:], target[7:])
    with pytest.warns(RowsLeftOutWarning, match="7 of 60 rows"):
        part = small().fit(broken, y)
    assert_array_equal(part.predict(windows), whole.predict(windows))


def test_every_row_gets_a_finite_prediction(fitted, windows):
    missing = windows.copy()
    missing[np.random.RandomState(0).rand(60, 5) < 0.7] = np.nan
    missing[0] = np.nan
    with pytest.warns(MissingStepsWarning, match="no observed step"):
        predicted = fitted.predict(missing)
    assert np.isfinite(predicted).all()


# Sample weights


def test_weight_zero_is_absence(windows, target):
    weight = np.ones(60)
    weight[::3] = 0
    kept = weight > 0
    weighted = small().fit(windows, target, sample_weight=weight)
    without = small().fit(windows[kept], target[kept])
    assert_array_equal(weighted.predict(windows), without.predict(windows))


def test_the_scale_of_the_weights_does_not_matter(windows, target):
    weight = np.random.RandomState(0).rand(60)
    one = small(batch_size=16).fit(windows, target, sample_weight=weight)
    other = small(batch_size=16).fit(windows, target, sample_weight=1000 * weight)
    assert_allclose(one.predict(windows), other.predict(windows), rtol=1e-4)


@pytest.mark.parametrize(
    ("value", "message"), [(0, "[Ww]eights.*zero"), (-1, "egative")]
)
def test_weights_that_make_no_sense(value, message, windows, target):
    with pytest.raises(ValueError, match=message):
        small().fit(windows, target, sample_weight=np.full(60, value))


# Training


def test_vocabulary_of_a_fit(windows, target):
    estimator = small(epochs=3, metrics=["mae", "squared_error"], batch_size=60)
    estimator.fit(windows, target)
    assert list(estimator.history_) == ["loss", "mae", "squared_error"]
    assert estimator.loss_curve_ == estimator.history_["loss"]
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 3
    assert estimator.best_loss_ == min(estimator.loss_curve_)
    assert_allclose(
        estimator.history_["squared_error"], estimator.loss_curve_, rtol=1e-5
    )


def test_warm_start_carries_on(windows, target):
    whole = small(epochs=6, shuffle=False).fit(windows, target)
    parts = small(epochs=2, shuffle=False, warm_start=True)
    for _ in range(3):
        parts.fit(windows, target)
    assert parts.n_iter_ == 6
    assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-6)
    assert_array_equal(parts.predict(windows), whole.predict(windows))


def test_warm_start_takes_a_new_learning_rate(windows, target):
    estimator = small(warm_start=True).fit(windows, target)
    weights = estimator.model_.get_weights()
    estimator.set_params(learning_rate=1e-12).fit(windows, target)
    for before, after in zip(weights, estimator.model_.get_weights(), strict=True):
        assert_allclose(after, before, atol=1e-9)


def test_warm_start_with_another_optimizer_starts_its_moments(windows, target):
    estimator = small(warm_start=True).fit(windows, target)
    estimator.set_params(optimizer="sgd", metrics=["mae"]).fit(windows, target)
    assert estimator.n_iter_ == 4
    assert np.isnan(estimator.history_["mae"][:2]).all()


def test_warm_start_needs_the_same_network(windows, target):
    estimator = small(warm_start=True).fit(windows, target)
    with pytest.raises(ValueError, match=r"units was \(3,\) then and is \(4,\) now"):
        estimator.set_params(units=4).fit(windows, target)
    with pytest.raises(ValueError, match="n_features was 2 then and is 1 now"):
        estimator.set_params(units=3).fit(windows[..., :1], target)


def test_warm_start_needs_the_same_features_in_the_same_order():
    names = [f"{name}_lag{lag}" for lag in (1, 0) for name in ("load", "wind")]
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(20, 4)), columns=names)
    estimator = small(warm_start=True).fit(X, X["load_lag0"])
    with pytest.raises(ValueError, match=r"features was \['load', 'wind'\] then and"):
        estimator.fit(X.iloc[:, [1, 0, 3, 2]], X["load_lag0"])


def test_dropout_is_noise_in_training_only(windows, target):
    estimator = small(dropout=0.5, recurrent_dropout=0.5, shuffle=False, batch_size=60)
    without = small(shuffle=False, batch_size=60).fit(windows, target)
    estimator.fit(windows, target)
    assert estimator.loss_curve_[0] != without.loss_curve_[0]
    assert_array_equal(estimator.predict(windows), estimator.predict(windows))


def test_dropout_draws_anew_for_every_step(windows, target):
    """With a tiny learning rate, only dropout changes the loss."""
    estimator = small(dropout=0.5, learning_rate=1e-12, batch_size=60, epochs=4)
    assert len(set(estimator.fit(windows, target).loss_curve_)) == 4


def test_shuffle_false_keeps_the_order(windows):
    """The loss of a batch is its largest target, and only that of one row is not 0."""
    y = np.r_[np.zeros(59), 1]

    def largest(y_true, y_pred):
        return tf.reduce_max(y_true) + 0 * y_pred[:, 0]

    def loss(shuffle):
        rnn = ElmanRegressor(2, loss=largest, batch_size=59, epochs=1, shuffle=shuffle)
        return rnn.set_params(random_state=0).fit(windows, y).loss_curve_[0]

    assert loss(shuffle=False) == pytest.approx(1 / 60), "alone in the last batch"
    assert loss(shuffle=True) == pytest.approx(59 / 60)


@pytest.mark.parametrize(("verbose", "n_lines"), [(0, 0), (1, 10), (2, 20)])
def test_verbose(verbose, n_lines, windows, target, capfd):
    small(epochs=20, verbose=verbose, metrics=["mae"]).fit(windows, target)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert len(lines) == n_lines
    assert err == ""
    assert not lines or lines[-1].startswith("epoch 20/20: loss 0.")


def test_parameters_from_a_numpy_grid(windows, target):
    params = {"units": np.int64(3), "batch_size": np.int64(7), "epochs": np.int32(2)}
    params |= {"learning_rate": np.float32(0.25), "bidirectional": np.bool_(True)}
    of_numpy = ElmanRegressor(**params, random_state=np.int64(0)).fit(windows, target)
    expected = small(batch_size=7, learning_rate=0.25, bidirectional=True)
    expected.fit(windows, target)
    assert_array_equal(of_numpy.predict(windows), expected.predict(windows))


def test_random_state_instance_advances(windows, target):
    rng = np.random.RandomState(0)
    first = small(random_state=rng).fit(windows, target).predict(windows)
    second = small(random_state=rng).fit(windows, target).predict(windows)
    assert not np.allclose(first, second)


def test_a_fit_leaves_the_global_random_state_alone(windows, target):
    np.random.seed(0)
    expected = np.random.RandomState(0).rand()
    small().fit(windows, target)
    assert np.random.rand() == expected


def test_tags_are_true():
    tags = get_tags(ElmanRegressor())
    assert tags.input_tags.allow_nan
    assert tags.input_tags.three_d_array
    assert tags.target_tags.multi_output
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert not tags.regressor_tags.poor_score


def test_there_is_no_model_before_fit():
    assert not hasattr(ElmanRegressor(), "model_")
    with pytest.raises(NotFittedError):
        ElmanRegressor().predict(np.zeros((2, 3)))


# Errors


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"units": ()}, r"'units'.*ElmanRegressor.*a tuple of such ints.*Got \(\)"),
        ({"units": (4, 0)}, r"'units'.*at least 1.*Got \(4, 0\)"),
        ({"units": 0}, r"'units'.*Got 0"),
        ({"units": 2.5}, r"'units'.*Got 2.5"),
        ({"units": (4, True)}, r"'units'.*Got \(4, True\)"),
        ({"metrics": [None]}, r"'metrics'.*Got None"),
        ({"loss": "nope"}, r"'loss'.*'squared_error'.*Got 'nope'"),
        ({"optimizer": "nope"}, r"'optimizer'.*'adam'.*Got 'nope'"),
        ({"activation": "nope"}, r"'activation'.*'tanh'.*Got 'nope'"),
        ({"metrics": ["nope"]}, r"'metrics'.*'mean_absolute_error'.*Got 'nope'"),
        ({"metrics": [3]}, r"'metrics'.*Got 3"),
        ({"metrics": ["f1_score"]}, r"'metrics'.*single value\. Got 'f1_score'"),
        ({"dropout": 1.0}, r"'dropout'.*\[0.0, 1.0\).*Got 1.0"),
        ({"recurrent_dropout": -0.1}, r"'recurrent_dropout'.*Got -0.1"),
        ({"learning_rate": 0.0}, r"'learning_rate'.*\(0.0, inf\).*Got 0.0"),
        ({"trainer": True}, r"'trainer'.*'compiled'.*Got True"),
        ({"missing": "skip"}, r"'missing'.*'mask'.*Got 'skip'"),
        ({"batch_size": 0}, r"'batch_size'.*Got 0"),
        ({"epochs": 0}, r"'epochs'.*Got 0"),
        ({"dtype": "float16"}, r"'dtype'.*'float64'.*Got 'float16'"),
        ({"verbose": 3}, r"'verbose'.*Got 3"),
        ({"n_step_features": 3}, r"2 features per step, but n_step_features=3"),
    ],
)
def test_bad_parameters_are_named_at_fit(params, rule, windows, target):
    estimator = ElmanRegressor(**params)
    with pytest.raises(ValueError, match=rule):
        estimator.fit(windows, target)


def test_a_recurrent_activation_that_keras_does_not_know(windows, target):
    with pytest.raises(ValueError, match=r"'recurrent_activation'.*Got 'nope'"):
        LSTMRegressor(recurrent_activation="nope").fit(windows, target)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros(6), ValueError, "Expected 2D array, got 1D"),
        (np.zeros((6, 2, 2, 2)), ValueError, r"2 or 3 dimensions.*\(6, 2, 2, 2\)"),
        (np.zeros((0, 3)), ValueError, "0 sample"),
        (np.zeros((6, 0)), ValueError, "0 feature"),
        (np.zeros((6, 3, 0)), ValueError, r"no values.*\(6, 3, 0\)"),
        (np.full((6, 3), np.inf), ValueError, "infinity"),
        (np.full((6, 3), 1e300), ValueError, "too large for dtype='float32'"),
        (np.full((6, 3), 1.5e308), ValueError, "too large for dtype='float32'"),
        (np.full((6, 3), 1j), ValueError, "Complex data not supported"),
        (np.full((6, 3), "a", dtype=object), ValueError, "X holds text, such as 'a'"),
        (np.full((6, 3), None, dtype=object), ValueError, "no observed step"),
        (np.full((6, 3), object()), TypeError, "must be a string or a real number"),
        (scipy.sparse.eye_array(6, format="csr"), TypeError, "[Ss]parse"),
        (np.full((6, 3), np.nan), ValueError, "no observed step"),
    ],
    ids=lambda value: f"{type(value).__name__}{getattr(value, 'shape', '')}",
)
def test_bad_input_is_refused(X, error, message):
    with pytest.raises(error, match=message):
        small().fit(X, np.zeros(6)[: X.shape[0]])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(61), "inconsistent numbers of samples"),
        (np.full(60, np.nan), "y contains NaN"),
        (np.full(60, np.inf), "y contains infinity"),
        (np.zeros((60, 2, 2)), "dim"),
        (None, "requires y to be passed"),
        (np.full(60, 1e300), "y has values too large for dtype='float32'"),
        (np.array([None, *range(59)], dtype=object), "y contains NaN"),
        (np.array([np.inf, *range(59)], dtype=object), "y contains infinity"),
    ],
)
def test_bad_targets_are_refused(y, message, windows):
    with pytest.raises(ValueError, match=message):
        small().fit(windows, y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_targets_of_further_training_are_refused(value, windows, target):
    estimator = small().fit(windows, target)
    with pytest.raises(ValueError, match="y contains"):
        estimator.partial_fit(windows, np.full(60, value))
    with pytest.raises(ValueError, match="y_val contains"):
        estimator.fit(windows, target, X_val=windows, y_val=np.full(60, value))


def test_columns_that_do_not_make_whole_steps():
    with pytest.raises(
        ValueError, match="columns of X, 7, is not a multiple of n_step"
    ):
        small(n_step_features=2).fit(np.zeros((6, 7)), np.zeros(6))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 5, 3), "X has 3 features, but ElmanRegressor is expecting 2 features"),
        ((4, 6, 2), "X has 6 time steps, but ElmanRegressor is expecting 5 time steps"),
        ((4, 10), "X has 2 dimensions, but ElmanRegressor was fitted on X of 3"),
        ((4, 5, 2, 1), "2 or 3 dimensions"),
    ],
)
def test_prediction_says_what_differs_from_fit(shape, message, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.predict(np.zeros(shape))


def test_prediction_from_two_dimensions_says_what_differs(windows, target):
    estimator = small().fit(windows[..., 0], target)
    with pytest.raises(
        ValueError, match="X has 4 features, but ElmanRegressor is expe"
    ):
        estimator.predict(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="X has 3 dimensions, but ElmanRegressor was"):
        estimator.predict(np.zeros((3, 5, 1)))


@pytest.mark.parametrize("activation", ["tanh", "mish"])
def test_prediction_of_values_beyond_float32(activation, windows, target):
    """With NumPy, and with Keras for activations that NumPy lacks."""
    estimator = small(activation=activation).fit(windows, target)
    large = windows.copy()
    large[7, 2] = 1e300
    with pytest.raises(ValueError, match="X has values too large for dtype='float32'"):
        estimator.predict(large)


def test_parameters_are_not_checked_before_fit():
    assert ElmanRegressor(units="many", loss=3).get_params()["loss"] == 3


def test_a_fit_that_diverges_says_so_and_what_to_try(windows, target):
    estimator = small(optimizer="sgd", learning_rate=1e30, batch_size=10)
    with pytest.raises(ValueError, match=r"loss of epoch 1 is (nan|inf).*clipnorm"):
        estimator.fit(windows, target)
    estimator.set_params(optimizer=keras.optimizers.SGD(clipnorm=1e-32))
    assert estimator.fit(windows, target).n_iter_ == 2


def test_a_failed_first_fit_leaves_nothing(windows, target):
    estimator = small(optimizer="nope")
    with pytest.raises(ValueError, match="'optimizer'"):
        estimator.fit(windows, target)
    with pytest.raises(NotFittedError):
        estimator.predict(windows)


def test_a_failed_fit_on_other_data_keeps_the_last_network(windows, target):
    estimator = small().fit(windows, target)
    before = estimator.predict(windows)
    with pytest.raises(ValueError, match="'loss'"):
        estimator.set_params(loss="nope").fit(windows[:, :2], np.c_[target, target])
    assert_array_equal(estimator.predict(windows), before)
    assert estimator.n_outputs_ == 1


def test_a_failed_fit_keeps_the_last_network(windows, target):
    estimator = small(batch_size=10).fit(windows, target)
    before = estimator.predict(windows)
    with pytest.raises(ValueError, match="diverged"):
        estimator.set_params(optimizer="sgd", learning_rate=1e30).fit(windows, target)
    assert_array_equal(estimator.predict(windows), before)


def test_masked_values_are_missing(windows, target):
    masked = np.ma.masked_less(windows, np.quantile(windows, 0.02))
    filling = ElmanRegressor(2, epochs=1, missing="fill", random_state=0)
    found = filling.fit(masked, target).predict(masked)
    filled = masked.filled(np.nan)
    assert_array_equal(found, filling.fit(filled, target).predict(filled))
    with pytest.raises(ValueError, match="Input y contains NaN"):
        filling.fit(windows, np.ma.masked_less(target, np.median(target)))


def test_a_column_of_text_is_named(windows, target):
    X = pd.DataFrame(windows[:, :, 0], columns=list("abcde")).assign(e="new")
    with pytest.raises(ValueError, match="Column 'e' of X holds text, such as 'new'"):
        ElmanRegressor(2, epochs=1).fit(X, target)
    texts = pd.Series(target).astype(object)
    texts[3] = "low"
    for y in (texts, texts.to_numpy()):
        with pytest.raises(ValueError, match=r"^y holds text, such as 'low'"):
            ElmanRegressor(2, epochs=1).fit(windows, y)
