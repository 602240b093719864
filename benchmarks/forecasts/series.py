"""The data sets that are one series: generators, CO2 and sunspots."""

import numpy as np
import pandas as pd

from forecasts.problem import Problem, cut
from skrnn import to_supervised
from skrnn.datasets import load_co2, make_lorenz, make_mackey_glass, make_narma

TEST_SHARE = 0.2
VALIDATION_SHARE, N_VALIDATIONS = 0.125, 4  # of the training rows, one after another


def share_of_variance(truth, predicted):
    """Return the mean squared error over the variance of the targets."""
    error = np.mean((truth - predicted.reshape(truth.shape)) ** 2)
    return (float(error / np.mean((truth - truth.mean(axis=0)) ** 2)),)


def nrmse(truth, predicted):
    return (share_of_variance(truth, predicted)[0] ** 0.5,)


MEASURES = {"MSE/variance": share_of_variance, "NRMSE": nrmse}


def in_time(title, X, y, gap=0, measure="MSE/variance", **options):
    """Return the problem with the last fifth as test.

    The validation parts are the last four eighths of the training rows, each after all
    rows before it.
    """
    n_train = round((1 - TEST_SHARE) * len(X))
    size = round(VALIDATION_SHARE * n_train)

    def validation():
        stops = [n_train - size * k for k in reversed(range(N_VALIDATIONS))]
        return [
            cut(X[:stop], y[:stop], stop - size, gap, MEASURES[measure])
            for stop in stops
        ]

    return Problem(
        title,
        measures=(measure,),
        test=lambda: cut(X, y, n_train, gap, MEASURES[measure]),
        validation=validation,
        **options,
    )


def standardised(values):
    """Return the values over mean and standard deviation of the training rows."""
    early = values[: round((1 - TEST_SHARE) * len(values))]
    return (values - early.mean()) / early.std()


def frame(values):
    return pd.DataFrame({"value": standardised(np.asarray(values, dtype=float))})


def one_lead(title, values, lead):
    """Return the problem to forecast one value, `lead` steps ahead."""
    X, y = to_supervised(frame(values), horizon=lead)
    return in_time(title, X, y[f"value_lead{lead}"], gap=lead - 1)


def all_leads(title, values, horizon, season_length):
    """Return the problem to forecast the next `horizon` values."""
    X, y = to_supervised(frame(values), horizon=horizon)
    return in_time(title, X, y, gap=horizon - 1, season_length=season_length)


def mackey_glass():
    title = "Mackey-Glass (tau=17), 20 steps ahead"
    return one_lead(title, make_mackey_glass(5000), 20)


def lorenz():
    return one_lead("Lorenz x, 20 steps of 0.02 ahead", make_lorenz(10_000)[:, 0], 20)


def narma():
    """Return NARMA10: the output follows from the inputs, and is not fed back."""
    inputs, outputs = make_narma(5000, random_state=0)
    X = frame(inputs[1:, 0]).rename(columns={"value": "input"})
    outputs = frame(outputs)
    known = outputs[:-1].reset_index(drop=True)
    y = outputs["value"][1:].reset_index(drop=True).rename("value_lead1")
    naive = in_time("", known, y, measure="NRMSE").test
    return in_time("NARMA10", X, y, measure="NRMSE", naive=naive)


def co2():
    """Return the CO2 of a quarter ahead; gaps, all before 1986, are interpolated."""
    values = load_co2().interpolate()
    return all_leads("CO2, the next 13 weeks", values, 13, season_length=52)


def sunspots():
    """Return the yearly sunspots; `statsmodels` comes with them."""
    from statsmodels.datasets import sunspots as data

    values = data.load_pandas().data["SUNACTIVITY"]
    return all_leads("Sunspots, the next 5 years", values, 5, season_length=11)


SERIES = {
    "mackey-glass": mackey_glass,
    "lorenz": lorenz,
    "narma": narma,
    "co2": co2,
    "sunspots": sunspots,
}
