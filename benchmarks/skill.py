"""How good are the forecasts beside naive ones, Ridge, trees and a plain network?

Run `python benchmarks/skill.py`; `--m4 DIRECTORY` adds the 414 hourly series of the M4
competition, whose CSV files are in the folder `Dataset` of
https://github.com/Mcompetitions/M4-methods. Sunspots take part where statsmodels is
installed. `--only lorenz m4` runs some data sets, `--seeds 5` more seeds. It prints a
table for each data set: the median error of the seeds, their range, and the median time
of a fit with its forecasts.

`--steps` goes from a plain network to the recommended one, a parameter at a time.

`--search` prints no test error. It trains the candidates for the recommended network on
early training rows and ranks them by their error on later ones: four parts, or of M4,
the last 48 hours of the training rows.

`--series DIRECTORY` compares the default forecaster, for which nothing but the horizon
is set, with simple forecasters on public series, whose CSV files are in the folder
`data` of https://github.com/skforecast/skforecast-datasets: mean absolute scaled errors
on the last fifth, and seconds. With `--search`, it is the last fifth of the training
rows. LightGBM, ETS and Theta take part where lightgbm and statsmodels are installed.
With `--parts`, it prints what each kind of candidates adds, on training rows.
`--classic DIRECTORY` does the same on textbook series, whose CSV files are in the
folder `csv` of https://github.com/vincentarelbundock/Rdatasets.
"""

import argparse
import functools
import statistics
import time

import numpy as np
import pandas as pd
from forecasts.classic import CLASSIC
from forecasts.competitors import FORECASTERS, STATISTICAL
from forecasts.competitors import measured as measured_on
from forecasts.m4 import hourly
from forecasts.models import (
    forecast,
    linear,
    naive,
    plain_network,
    recommended_network,
    trees,
)
from forecasts.public import PUBLIC
from forecasts.series import SERIES
from forecasts.settings import CANDIDATES, PLAIN, RECOMMENDED, steps_to
from sklearn.model_selection import ParameterGrid

from skrnn import Forecaster, SeasonalNaiveRegressor


def naive_rows(problem):
    """Return the name, model and part of the naive forecasts."""
    part = (problem.naive or problem.test)()
    yield "persistence", naive(1), part
    if problem.season_length:
        yield "seasonal naive", naive(problem.season_length), part


def simple_rows(name, part, seed):
    """Return the name and model of Ridge and trees, on the recommended window."""
    settings = RECOMMENDED[name]
    window_length = settings.window_length
    n_outputs = part.y.shape[1] if part.y.ndim == 2 else 1
    yield "Ridge", linear(window_length)
    yield "trees", trees(window_length, n_outputs, seed)
    if settings.parameters.get("normalize"):
        yield "Ridge, relative windows", linear(window_length, relative=True)
        yield "trees, relative windows", trees(window_length, n_outputs, seed, True)


def network_rows(name, seed):
    settings = RECOMMENDED[name]
    parameters = PLAIN.get(name, {})
    plain = plain_network(settings.window_length, seed, **parameters)
    yield "plain network", plain, False
    recommended = recommended_network(settings, seed)
    yield "recommended network", recommended, settings.weighted


def measured(model, part, weighted=False):
    """Return the measures of the model's forecasts and the seconds they took."""
    start = time.perf_counter()
    predicted = forecast(model, part, weighted=weighted)
    seconds = time.perf_counter() - start
    return *part.score(predicted), seconds


def compare(name, problem, n_seeds):
    """Print the table of a data set, a row as soon as it is known."""
    print_head(problem)
    for title, model, part in naive_rows(problem):
        print_row(title, [measured(model, part)])
    part = problem.test()
    for title, _ in simple_rows(name, part, 0):
        seeds = range(n_seeds if title.startswith("trees") else 1)
        models = [dict(simple_rows(name, part, seed))[title] for seed in seeds]
        print_row(title, [measured(model, part) for model in models])
    by_seed = [network_rows(name, seed) for seed in range(n_seeds)]
    for rows in zip(*by_seed, strict=True):
        runs = [measured(model, part, weighted) for _, model, weighted in rows]
        print_row(rows[0][0], runs)
    if problem.by_default:
        start = time.perf_counter()
        measures = problem.by_default()
        run = *measures, time.perf_counter() - start
        print_row("default forecaster", [run])
    for title, measures in problem.published:
        print_cells(title, *(f"{value:.3f}" for value in measures), "")
    print()


def show_steps(name, problem, n_seeds):
    """Print the error of each step from a plain network to the recommended one."""
    print_head(problem)
    part = problem.test()
    for title, settings in steps_to(RECOMMENDED[name]).items():
        models = [recommended_network(settings, seed) for seed in range(n_seeds)]
        runs = [measured(model, part, settings.weighted) for model in models]
        print_row(title, runs)
    print()


def rank(name, problem):
    """Print the candidates for the recommended network, the best one first.

    The best one has the smallest median error. Beside a base, candidates that lose to
    Ridge by more than 1 % on any part come after all others.
    """
    parts, settings = problem.validation(), RECOMMENDED[name]
    ridge = [measured(linear(settings.window_length), part)[-2] for part in parts]
    ranking = []
    for change in ParameterGrid(CANDIDATES[name]):
        changed = settings.changed(**change)
        model = recommended_network(changed, seed=0)
        runs = [measured(model, part, changed.weighted) for part in parts]
        *_, errors, seconds = zip(*runs, strict=True)
        worst = max(e / r for e, r in zip(errors, ridge, strict=True))
        ranking.append((statistics.median(errors), worst, sum(seconds), change))
    has_base = "base" in settings.parameters
    measure = problem.measures[-1]
    titles = f"{problem.title}: candidates", measure, "worst ratio to Ridge", "seconds"
    print_cells(*titles)
    print_cells(*["---"] * len(titles))
    ranking.sort(key=lambda row: (has_base and row[1] > 1.01, row[0]))
    for error, worst, seconds, change in ranking:
        shown = [(k, v) for k, v in change.items() if k != "optimizer"]
        named = ", ".join(f"{key}={value!r}" for key, value in shown)
        print_cells(named, f"{error:.4g}", f"{worst:.3f}", f"{seconds:.1f}")
    print()


def compare_series(data_sets, search):
    """Print the errors of all forecasters on data sets by name, a table for each."""
    errors = {}
    for name, read in data_sets.items():
        data = read()
        data = data.earlier() if search else data
        print_cells(name, "MASE", "seconds")
        print_cells(*["---"] * 3)
        errors[name] = {}
        for title in (*FORECASTERS, *STATISTICAL):
            try:
                errors[name][title], seconds = measured_on(title, data)
            except ModuleNotFoundError as error:
                print(f"{title} is left out: {error.name} is not installed.")
                continue
            print_cells(title, f"{errors[name][title]:.3f}", f"{seconds:.1f}")
        print()
    table = pd.DataFrame(errors).T
    simple = table.drop(columns=["default", 'candidates="fast"'])
    simple["the best of these in hindsight"] = simple.min(axis=1)
    ratios = np.exp(np.log(simple.rdiv(table["default"], axis=0)).mean())
    print_cells(f"the default's error on {len(table)} data sets, beside", "ratio")
    print_cells("---", "---")
    for title, ratio in ratios.items():
        print_cells(title, f"{ratio:.3f}")


def show_parts(directory, names):
    """Print the least error on the rows of choice, as candidates of more kinds join."""
    print_cells("data", *PARTS)
    print_cells(*["---"] * (1 + len(PARTS)))
    table = {}
    for name in names:
        data = PUBLIC[name](directory)
        forecaster = FORECASTERS["default"](data).fit(data.train_inputs, data.train)
        with_regressor = Forecaster(SeasonalNaiveRegressor(1), horizon=data.horizon)
        usual = with_regressor.fit(data.train_inputs, data.train).window_length_
        errors = parts_of(forecaster.candidates_, usual)
        table[name] = np.array(errors) / errors[0]
        print_cells(name, *(f"{error:.3f}" for error in errors))
    mean = np.exp(np.mean(np.log(list(table.values())), axis=0))
    print_cells("geometric mean, beside the first", *(f"{ratio:.3f}" for ratio in mean))


PARTS = (
    "Ridge (last)",
    "other forms",
    "other lengths",
    "dates, logarithm",
    "other kinds",
    "mean of the best",
)


def parts_of(table, usual_length):
    """Return the least error of candidates of the first kind, of two, and so on."""
    kinds = table["name"].str
    is_mean = kinds.startswith("mean of")
    is_ridge = kinds.startswith("Ridge") & ~kinds.contains("beside")
    plain = is_ridge & table["date_features"].isna() & ~table["logarithm"]
    usual = plain & (table["window_length"] == usual_length)
    groups = (
        usual & (table["normalize"] == "last"),
        usual,
        plain,
        is_ridge,
        ~is_mean,
        is_mean | ~is_mean,
    )
    return [table["error"][group].min() for group in groups]


def print_head(problem):
    titles = [problem.title, *problem.measures, "seconds"]
    print_cells(*titles)
    print_cells(*["---"] * len(titles))


def print_row(title, runs):
    *errors, seconds = zip(*runs, strict=True)
    cells = [median_and_range(values) for values in errors]
    print_cells(title, *cells, f"{statistics.median(seconds):.1f}")


def median_and_range(values):
    lowest, median, highest = (
        f"{value:.3g}"
        for value in (min(values), statistics.median(values), max(values))
    )
    if lowest == highest:
        return median
    return f"{median} ({lowest} to {highest})"


def print_cells(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def parsed():
    names = [*SERIES, "m4", *PUBLIC, *CLASSIC]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--m4", metavar="DIRECTORY", help="CSV files of M4")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--series", metavar="DIRECTORY", help="CSV files of series")
    parser.add_argument("--classic", metavar="DIRECTORY", help="CSV files of others")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--search", action="store_true", help="rank the candidates")
    parser.add_argument(
        "--parts", action="store_true", help="of the default, with --series"
    )
    parser.add_argument("--steps", action="store_true", help="one change at a time")
    return parser.parse_args()


def problems(options):
    """Return the data sets to run by name, and say which are left out."""
    chosen = {name: SERIES[name] for name in options.only if name in SERIES}
    if "m4" in options.only:
        if options.m4:
            chosen["m4"] = functools.partial(hourly, options.m4)
        else:
            print("M4 is left out: pass its CSV files as --m4 DIRECTORY.\n")
    return chosen


def public_sets(options):
    """Return functions that read the data sets of `--series` and `--classic`."""
    folders = (PUBLIC, options.series), (CLASSIC, options.classic)
    return {
        name: functools.partial(read, directory)
        for sets, directory in folders
        for name, read in sets.items()
        if directory and name in options.only
    }


def main():
    options = parsed()
    if options.series and options.parts:
        show_parts(options.series, [name for name in options.only if name in PUBLIC])
        return
    if options.series or options.classic:
        compare_series(public_sets(options), options.search)
        return
    for name, make_problem in problems(options).items():
        try:
            problem = make_problem()
        except ModuleNotFoundError as error:
            print(f"{name} is left out: {error.name} is not installed.\n")
            continue
        if options.search:
            rank(name, problem)
        elif options.steps:
            show_steps(name, problem, options.seeds)
        else:
            compare(name, problem, options.seeds)


if __name__ == "__main__":
    main()
