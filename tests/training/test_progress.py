"""Progress reports: a bar, lines or nothing, and callbacks of scikit-learn."""

import gc
import io
import re
import weakref

import numpy as np
import pytest
import rich
from numpy.testing import assert_allclose
from rich.errors import LiveError
from rich.progress import Progress
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import ElmanRegressor, SequenceWindower
from skrnn.estimators import base


def small(**params):
    return ElmanRegressor(**{"units": 3, "epochs": 3, "random_state": 0, **params})


@pytest.fixture
def terminal(monkeypatch):
    console = rich.console.Console(
        file=io.StringIO(), force_terminal=True, color_system=None, width=100
    )
    monkeypatch.setattr(rich, "get_console", lambda: console)
    return console.file


# verbose


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_a_live_bar_on_a_terminal(terminal, windows, target, trainer, capsys):
    fitted = small(verbose=1, early_stopping=True, trainer=trainer).fit(windows, target)
    shown = terminal.getvalue()
    loss, val_loss = fitted.loss_curve_[-1], fitted.validation_loss_curve_[-1]
    assert "epoch 3/3" in shown
    assert f"loss {loss:.6g}, val_loss {val_loss:.6g}" in shown
    assert capsys.readouterr() == ("", "")


def test_lines_where_there_is_no_terminal(windows, target, capsys):
    small(verbose=1, epochs=30).fit(windows, target)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"epoch {epoch}/30" for epoch in range(3, 31, 3)
    ]


def test_the_last_epoch_has_a_line_where_training_stops_early(windows, target, capsys):
    fitted = small(
        verbose=1, epochs=200, early_stopping=True, n_iter_no_change=2, tol=9
    )
    fitted.fit(windows, target)
    assert fitted.n_iter_ == 3
    epoch, end = capsys.readouterr().out.splitlines()
    assert epoch.startswith("epoch 3/200: loss ")
    assert end == "Training ended after 3 of 200 epochs."


def test_lines_where_the_terminal_has_a_bar_already(
    terminal, windows, target, capsys, monkeypatch
):
    def start(bar):
        raise LiveError("Only one live display may be active at once")

    monkeypatch.setattr(Progress, "start", start)
    small(verbose=1).fit(windows, target)
    assert capsys.readouterr().out.count("epoch") == 3
    assert terminal.getvalue() == ""


def test_the_lines_of_an_epoch_show_the_validation_loss(windows, target, capsys):
    small(early_stopping=True, epochs=1, verbose=2).fit(windows, target)
    line = r"epoch 1/1: loss [\d.e-]+, val_loss [\d.e-]+\n"
    assert re.fullmatch(line, capsys.readouterr().out)


@pytest.mark.parametrize("verbose", [0, 2])
def test_no_bar_unless_asked_for(verbose, terminal, windows, target, capsys):
    small(verbose=verbose).fit(windows, target)
    assert terminal.getvalue() == ""
    assert capsys.readouterr().out.count("epoch") == (3 if verbose == 2 else 0)


# scikit-learn's callbacks


@pytest.fixture(scope="module")
def sklearn_callback():
    return pytest.importorskip(
        "sklearn.callback", reason="scikit-learn has callbacks from 1.9"
    )


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_a_scoring_monitor_scores_every_epoch(
    sklearn_callback, windows, target, trainer
):
    monitor = sklearn_callback.ScoringMonitor(scoring="neg_mean_squared_error")
    small(trainer=trainer).set_callbacks(monitor).fit(windows, target)
    log = monitor.get_logs().data_as_pandas
    scores = log["neg_mean_squared_error"][log["task_name"] == "epoch"]
    expected = [
        -mean_squared_error(target, fitted.predict(windows))
        for fitted in (
            small(epochs=n, trainer=trainer).fit(windows, target) for n in (1, 2, 3)
        )
    ]
    assert_allclose(scores, expected, rtol=1e-5)


def test_what_a_callback_gets_stays_as_it_was(sklearn_callback, windows, target):
    class Keeps(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            self.seen.append(fitted_estimator)

    keeps = Keeps()
    fitted = small().set_callbacks(keeps).fit(windows, target)
    first = small(epochs=1).fit(windows, target)
    assert [kept.n_iter_ for kept in keeps.seen] == [1, 2, 3, 3]
    assert_allclose(keeps.seen[0].predict(windows), first.predict(windows), rtol=1e-5)
    assert_allclose(keeps.seen[3].predict(windows), fitted.predict(windows))


class Recorder:
    """Records the tasks, and stops training at the end of an epoch if asked to."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.seen = []
        self.torn_down = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.seen.append(context.task_name)
        return context.task_id + 1 == self.stop_after


def test_a_callback_can_stop_training(sklearn_callback, windows, target):
    recorder = Recorder(stop_after=2)
    fitted = small(epochs=9).set_callbacks(recorder).fit(windows, target)
    assert fitted.n_iter_ == 2
    assert recorder.seen == ["epoch", "epoch", "fit"]


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_what_tells_of_epochs_goes_with_the_fit(
    sklearn_callback, windows, target, trainer, monkeypatch
):
    """The context has X and y."""
    made = []

    class Observed(base.FitTask):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(weakref.ref(self))

    monkeypatch.setattr(base, "FitTask", Observed)
    fitted = small(trainer=trainer).set_callbacks(Recorder()).fit(windows, target)
    gc.collect()
    assert fitted.n_iter_ == 3
    assert [fit_task() for fit_task in made] == [None]


def test_a_fit_that_fails_tears_down_its_callbacks(sklearn_callback, windows, target):
    recorder = Recorder()
    estimator = small(optimizer="sgd", learning_rate=1e30).set_callbacks(recorder)
    with pytest.raises(ValueError, match="diverged"):
        estimator.fit(windows, target)
    assert recorder.torn_down == 1
    assert not [name for name in vars(estimator) if "ctx" in name or "teardown" in name]


def test_progress_bars_of_a_search(sklearn_callback, terminal, monkeypatch):
    """No warning says that a step of skrnn does not support callbacks."""
    monkeypatch.setattr(rich.progress, "get_console", rich.get_console)
    series = np.sin(np.arange(60.0)).reshape(-1, 1)
    pipe = make_pipeline(StandardScaler(), SequenceWindower(3), small())
    search = GridSearchCV(
        clone(pipe), {"elmanregressor__units": [2, 3]}, cv=TimeSeriesSplit(2)
    )
    bar = sklearn_callback.ProgressBar(max_propagation_depth=None)
    search.set_callbacks(bar).fit(series[:-1], series[1:, 0])
    shown = terminal.getvalue()
    assert "ElmanRegressor - fit" in shown
    assert "SequenceWindower - fit" in shown
