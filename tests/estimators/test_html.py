"""The HTML that notebooks show for an estimator."""

import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from skrnn import GRURegressor, SequenceWindower
from skrnn._version import SITE

HAS_TABLES = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
needs_tables = pytest.mark.skipif(
    not HAS_TABLES,
    reason="scikit-learn shows tables of fitted attributes from 1.9 on",
)


@pytest.fixture(scope="module")
def pipe():
    rows = [[float(t % 7)] for t in range(60)]
    rnn = GRURegressor(units=(4, 3), epochs=1, bidirectional=True)
    return make_pipeline(SequenceWindower(5), rnn).fit(rows, [row[0] for row in rows])


@pytest.mark.parametrize("estimator", [GRURegressor(), SequenceWindower()])
def test_an_estimator_links_to_its_page(estimator):
    page = f"{SITE}/generated/skrnn.{type(estimator).__name__}.html"
    assert f'href="{page}"' in estimator_html_repr(estimator)
    if HAS_TABLES:
        parameter = next(iter(estimator.get_params()))
        assert f"{page}#:~:text={parameter}," in estimator_html_repr(estimator)


@needs_tables
def test_a_fitted_regressor_shows_its_network_collapsed(pipe):
    rnn = pipe[-1]
    shown = estimator_html_repr(rnn)
    n_parameters = rnn.model_.count_params()
    assert f"<details><summary>Network: {n_parameters:,} parameters<" in shown
    for layer in rnn.model_.layers:
        assert f"<td class='param'>{layer.name}</td>" in shown
        assert f"<td>{layer.count_params():,}</td>" in shown


@needs_tables
def test_a_pipeline_shows_the_network_in_its_last_step(pipe):
    shown = estimator_html_repr(pipe)
    assert shown.count("<summary>Network: ") == 1
    assert "(None, None, 8)" in shown


@needs_tables
def test_an_unfitted_regressor_shows_no_network():
    assert "Network:" not in estimator_html_repr(GRURegressor())
