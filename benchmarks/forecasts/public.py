"""Public series and panels, from CSV files in a directory.

They come from https://github.com/skforecast/skforecast-datasets, folder `data`.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

TEST_SHARE = 0.2
WEATHER = ["holiday", "workingday", "temp", "atemp", "hum", "windspeed"]


@dataclass(frozen=True)
class Series:
    """A series or a panel, and how its forecasts are judged."""

    y: pd.Series
    horizon: int
    season_length: int
    n_train: int  # times
    X: pd.DataFrame | None = None

    @property
    def train(self):
        """The training part of y."""
        times = self.y.index.get_level_values(-1)
        return self.y[times < np.sort(times.unique())[self.n_train]]

    @property
    def train_inputs(self):
        """The training part of X."""
        return None if self.X is None else self.X[: self.n_train]

    def earlier(self):
        """Return the training part, whose last fifth is to be forecast."""
        inputs = self.train_inputs
        return of(self.train, self.horizon, self.season_length, X=inputs)

    def errors(self, frame):
        """Return the absolute scaled error of each row of a frame of `backtest`."""
        errors = (frame["pred"] - frame["observed"]).abs()
        if "series" not in frame:
            return errors / mean_change(self.train, self.season_length)
        scales = self.train.groupby(level=0).apply(mean_change, self.season_length)
        return errors / frame["series"].map(scales)


def mean_change(y, season_length):
    """Return the mean absolute change of a series in a season."""
    return y.diff(season_length).abs().mean()


def read(directory, file, time, **options):
    """Return a CSV file with an index of times."""
    frame = pd.read_csv(Path(directory, file), encoding="utf-8-sig")
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.pop(time), **options))
    return frame.sort_index()


def panel(frame):
    """Return the columns of a frame below each other, with a (series, time) index."""
    stacked = frame.stack().swaplevel().sort_index()
    return stacked.rename_axis(["series", "time"]).rename("y")


def of(y, horizon, season_length, n_train=None, X=None):
    """Return a Series whose last fifth is its test part, in whole horizons."""
    n_rows = len(y.index.get_level_values(-1).unique())
    if n_train is None:
        n_train = n_rows - int(TEST_SHARE * n_rows) // horizon * horizon
    return Series(y.astype(float), horizon, season_length, n_train, X)


def h2o(directory):
    """Return monthly expenditure on corticosteroids."""
    return of(read(directory, "h2o.csv", "fecha").x.asfreq("MS"), 12, 12)


def h2o_exog(directory):
    """Return monthly expenditure, and two inputs that nearly determine it."""
    frame = read(directory, "h2o_exog.csv", "fecha").asfreq("MS")
    X = frame[["exog_1", "exog_2"]]
    return of(frame.y, 12, 12, n_train=len(frame) - 36, X=X)


def fuel(directory):
    """Return the monthly consumption of petrol in Spain."""
    frame = read(directory, "consumos-combustibles-mensual.csv", "Fecha").asfreq("MS")
    return of(frame.Gasolinas, 12, 12)


def fuels(directory):
    """Return the monthly consumption of five fuels."""
    frame = read(directory, "consumos-combustibles-mensual.csv", "Fecha")
    return of(panel(frame), 12, 12)


def visits(directory):
    """Return the daily users of a website."""
    file = "visitas_por_dia_web_cienciadedatos.csv"
    frame = read(directory, file, "date", format="%d/%m/%y")
    return of(frame.users.asfreq("D"), 7, 7)


def flights(directory):
    """Return the daily flights in the United Kingdom."""
    frame = read(directory, "uk_daily_flights.csv", "Date", format="%d/%m/%Y")
    return of(frame["Number of flights"].asfreq("D"), 7, 7)


def wikipedia(directory):
    """Return the logarithm of the daily visits of a page."""
    frame = read(directory, "wikipedia_visits.csv", "date")
    return of(frame.y.asfreq("D").interpolate(), 7, 7)


def items(directory):
    """Return the daily sales of three items."""
    return of(panel(read(directory, "simulated_items_sales.csv", "date")), 7, 7)


def bicycles(directory):
    """Return the hourly users of rented bicycles."""
    frame = read(directory, "bike_sharing_dataset_clean.csv", "date_time").asfreq("h")
    return of(frame.users, 24, 24, n_train=14_400)


def bicycles_weather(directory):
    """Return the hourly users of rented bicycles, with the weather as inputs."""
    frame = read(directory, "bike_sharing_dataset_clean.csv", "date_time").asfreq("h")
    X = frame[WEATHER].astype(float)
    return of(frame.users, 24, 24, n_train=14_400, X=X)


def intermittent(directory):
    """Return hourly counts with many zeros."""
    frame = read(directory, "intermittent_demand.csv", "date_time").asfreq("h")
    return of(frame.users, 24, 24, n_train=14_400)


PUBLIC = {
    "h2o": h2o,
    "h2o with inputs": h2o_exog,
    "fuel": fuel,
    "five fuels": fuels,
    "visits": visits,
    "flights": flights,
    "Wikipedia": wikipedia,
    "three items": items,
    "bicycles": bicycles,
    "bicycles, weather": bicycles_weather,
    "intermittent": intermittent,
}


def options_of(description):
    """Return the options of a command that takes public series."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", metavar="DIRECTORY", help="CSV files of series")
    parser.add_argument("--only", nargs="+", choices=PUBLIC, default=list(PUBLIC))
    parser.add_argument("--search", action="store_true", help="on training rows")
    return parser.parse_args()
