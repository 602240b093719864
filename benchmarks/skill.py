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
"""

import argparse
import functools
import statistics
import time

from forecasts.m4 import hourly
from forecasts.models import (
    forecast,
    linear,
    naive,
    plain_network,
    recommended_network,
    trees,
)
from forecasts.series import SERIES
from forecasts.settings import CANDIDATES, PLAIN, RECOMMENDED, steps_to
from sklearn.model_selection import ParameterGrid


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
    names = [*SERIES, "m4"]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--m4", metavar="DIRECTORY", help="CSV files of M4")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--search", action="store_true", help="rank the candidates")
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


def main():
    options = parsed()
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
