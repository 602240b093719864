"""The public names, and that the documents agree with them.

`_parameter_constraints` is read because scikit-learn gives it no public name.
"""

import importlib.metadata
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_common import EXPECTED_FAILURES

import skrnn

TOP = Path(__file__).parents[1]


def test_public_names():
    assert skrnn.__all__ == [
        "ElmanRegressor",
        "ExponentialSmoothingRegressor",
        "ForecastDisplay",
        "Forecaster",
        "GRURegressor",
        "ImportanceDisplay",
        "LSTMRegressor",
        "LossCurveDisplay",
        "MeanRegressor",
        "PanelTimeSeriesSplit",
        "SeasonalNaiveRegressor",
        "SequenceWindower",
        "WindowRegressor",
        "backtest",
        "datasets",
        "to_supervised",
    ]
    assert all(hasattr(skrnn, name) for name in skrnn.__all__)


def test_version_is_that_of_the_distribution():
    assert skrnn.__version__ == importlib.metadata.version("skrnn")


ESTIMATORS = [n for n in skrnn.__all__ if hasattr(getattr(skrnn, n), "fit")]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_has_a_constraint_and_is_documented(name):
    estimator = getattr(skrnn, name)
    parameters = inspect.signature(estimator).parameters
    assert set(estimator._parameter_constraints) == set(parameters)
    for name, parameter in parameters.items():
        lines = inspect.getdoc(estimator).splitlines()
        (line,) = [line for line in lines if line.startswith(f"{name} : ")]
        if parameter.default is not parameter.empty:
            default = f"default={parameter.default!r}".replace("'", '"')
            assert line.endswith(default), line


def test_the_regressors_share_their_parameters():
    shared = list(skrnn.ElmanRegressor().get_params())
    for regressor in (skrnn.LSTMRegressor, skrnn.GRURegressor):
        own = list(regressor().get_params())
        assert [p for p in own if p in shared] == shared
    keyword_only = list(inspect.signature(skrnn.ElmanRegressor).parameters.values())[1:]
    assert all(p.kind is p.KEYWORD_ONLY for p in keyword_only)


def test_the_documented_table_of_failures_is_the_tested_one():
    text = (TOP / "docs" / "conformance.rst").read_text()
    rows = [
        line.strip()[2:] for line in text.splitlines() if line.startswith("   * - ")
    ]
    cells = " ".join(text.split())
    for estimator, checks in EXPECTED_FAILURES.items():
        for check, reason in checks.items():
            row = f"* - {estimator} - ``{check}`` - {reason}"
            assert row in cells
    n_expected = sum(len(checks) for checks in EXPECTED_FAILURES.values())
    assert len(rows) == n_expected + 1, "and the head of the table"


def test_the_code_of_the_readme_runs(tmp_path):
    """It prints what README shows, apart from differences between machines."""
    page = TOP / "README.md"
    shown, *_ = re.findall(r"\n```text\n( .*?)```", page.read_text(), flags=re.DOTALL)
    # in its own process, as TensorFlow prints lines where tests import it themselves
    done = subprocess.run(
        [sys.executable, TOP / "tests" / "test_pages.py", page],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    out = done.stdout
    for line, expected in zip(out.splitlines(), shown.splitlines(), strict=False):
        words, expected = line.split(), expected.split()
        assert words[:1] == expected[:1]
        if len(words) == 4:
            numbers = [float(word) for word in words[1:]]
            assert numbers == pytest.approx(list(map(float, expected[1:])), abs=0.3)
    assert re.search(r" MAE +RMSE +MASE\s+step\s+1 ", out)
