"""scikit-learn's estimator checks, and the table of those expected to fail."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import (
    check_dont_overwrite_parameters,
    check_estimators_nan_inf,
    check_estimators_overwrite_params,
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from skrnn import (
    ElmanRegressor,
    ExponentialSmoothingRegressor,
    Forecaster,
    GRURegressor,
    LSTMRegressor,
    MeanRegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
    WindowRegressor,
)

REGRESSORS = [LSTMRegressor, GRURegressor, ElmanRegressor]

ROWS_DEPEND = "The window of a row also contains the rows before it."
FLOAT32 = (
    "The check has a tolerance of 1e-7, which float32 cannot reach. It passes with "
    "dtype='float64', and in float32 with a tolerance of 1e-4."
)
NEXT_ROWS = (
    "predict forecasts the rows after those of fit, so their order and number matter."
)
NO_INPUTS = "A series may have no inputs: X without columns is allowed."
ROWS_LEFT_OUT = (
    "If the regressor does not support NaN, fit leaves out windows with NaN without "
    "an error."
)
PIPELINE_FITS_STEPS = "Every scikit-learn Pipeline fits its steps in place."
PIPELINE_TAG = (
    "A scikit-learn Pipeline does not pass on the allow_nan tag of its steps."
)

# docs/conformance.rst shows this table.
EXPECTED_FAILURES = {
    "SequenceWindower": {
        "check_methods_subset_invariance": ROWS_DEPEND,
        "check_methods_sample_order_invariance": ROWS_DEPEND,
    },
    **{
        regressor.__name__: {"check_sample_weight_equivalence_on_dense_data": FLOAT32}
        for regressor in REGRESSORS
    },
    "Forecaster": {
        "check_methods_subset_invariance": NEXT_ROWS,
        "check_methods_sample_order_invariance": NEXT_ROWS,
        "check_regressor_data_not_an_array": NEXT_ROWS,
        "check_estimators_empty_data_messages": NO_INPUTS,
        "check_estimators_nan_inf": ROWS_LEFT_OUT,
    },
    "Pipeline": {
        "check_methods_subset_invariance": ROWS_DEPEND,
        "check_methods_sample_order_invariance": ROWS_DEPEND,
        "check_estimators_overwrite_params": PIPELINE_FITS_STEPS,
        "check_dont_overwrite_parameters": PIPELINE_FITS_STEPS,
        "check_estimators_nan_inf": PIPELINE_TAG,
    },
}


def expected_failures(estimator):
    return EXPECTED_FAILURES.get(type(estimator).__name__, {})


@parametrize_with_checks(
    [
        SequenceWindower(),
        SeasonalNaiveRegressor(),
        ExponentialSmoothingRegressor(),
        WindowRegressor(Ridge()),
        WindowRegressor(Ridge(), base=SeasonalNaiveRegressor()),
        MeanRegressor([("Ridge", Ridge()), ("naive", SeasonalNaiveRegressor())]),
        Forecaster(Ridge(), window_length=2),
        *[regressor() for regressor in REGRESSORS],
        make_pipeline(
            MinMaxScaler(), SequenceWindower(), LSTMRegressor(4, random_state=0)
        ),
    ],
    expected_failed_checks=expected_failures,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([Forecaster()], expected_failed_checks=expected_failures)
def test_estimator_checks_of_the_default_forecaster(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("regressor", REGRESSORS)
def test_weight_is_repetition_in_float64(regressor):
    estimator = regressor(dtype="float64")
    check_sample_weight_equivalence_on_dense_data(regressor.__name__, estimator)


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_weight_is_repetition_to_1e4_in_float32(regressor):
    rng = np.random.RandomState(0)
    X, y = rng.rand(15, 30), rng.rand(15)
    weight = rng.randint(0, 5, size=15)
    weighted = regressor(epochs=50, random_state=0).fit(X, y, sample_weight=weight)
    repeated = regressor(epochs=50, random_state=0).fit(
        X.repeat(weight, axis=0), y.repeat(weight)
    )
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("check", "pipeline"),
    [
        (check_estimators_overwrite_params, make_pipeline(MinMaxScaler(), Ridge())),
        (check_dont_overwrite_parameters, make_pipeline(MinMaxScaler(), Ridge())),
        (check_estimators_nan_inf, make_pipeline(HistGradientBoostingRegressor())),
    ],
)
def test_no_pipeline_passes_these_checks(check, pipeline):
    """They fail for any Pipeline, whatever its steps are."""
    with pytest.raises(AssertionError):
        check("Pipeline", pipeline)
    assert check.__name__ in EXPECTED_FAILURES["Pipeline"]
