"""Series of textbooks on forecasting, most of them short, from CSV files.

They are in the folder `csv` of https://github.com/vincentarelbundock/Rdatasets.
"""

from pathlib import Path

import pandas as pd

from .public import of, panel

FORECAST = {"MS": (12, 12), "QS": (8, 4), "W-SAT": (13, 52), "D": (7, 7), "B": (5, 5)}

# file, step, first time, and the column if it is not "value"
SINGLE = {
    "a10": ("fpp2/a10", "MS", "1991-07"),
    "AirPassengers": ("timeSeriesDataSets/AirPassengers_ts", "MS", "1949-01"),
    "auscafe": ("fpp2/auscafe", "MS", "1982-04"),
    "canadian_gas": ("fpp3/canadian_gas", "MS", "1960-01", "Volume"),
    "debitcards": ("fpp2/debitcards", "MS", "2000-01"),
    "elecequip": ("fpp2/elecequip", "MS", "1996-01"),
    "gas": ("forecast/gas", "MS", "1956-01"),
    "hsales2": ("timeSeriesDataSets/hsales2_ts", "MS", "1987-01"),
    "ldeaths": ("datasets/ldeaths", "MS", "1974-01"),
    "milk": ("timeSeriesDataSets/milk_ts", "MS", "1962-01"),
    "nottem": ("datasets/nottem", "MS", "1920-01"),
    "souvenirs": ("fpp3/souvenirs", "MS", "1987-01", "Sales"),
    "sunspot.month": ("datasets/sunspot.month", "MS", "1749-01"),
    "UKDriverDeaths": ("datasets/UKDriverDeaths", "MS", "1969-01"),
    "USAccDeaths": ("datasets/USAccDeaths", "MS", "1973-01"),
    "usmelec": ("fpp2/usmelec", "MS", "1973-01"),
    "wineind": ("forecast/wineind", "MS", "1980-01"),
    "ausbeer": ("fpp2/ausbeer", "QS", "1956"),
    "austourists": ("fpp2/austourists", "QS", "1999"),
    "euretail": ("fpp2/euretail", "QS", "1996"),
    "JohnsonJohnson": ("datasets/JohnsonJohnson", "QS", "1960"),
    "qauselec": ("fpp2/qauselec", "QS", "1956"),
    "qcement": ("fpp2/qcement", "QS", "1956"),
    "qgas": ("fpp2/qgas", "QS", "1956"),
    "UKgas": ("datasets/UKgas", "QS", "1960"),
    "woolyrnq": ("forecast/woolyrnq", "QS", "1965"),
    "gasoline": ("fpp2/gasoline", "W-SAT", "1991-02-02"),
    "elecdaily": ("fpp2/elecdaily", "D", "2014-01-01", "Demand"),
    "hyndsight": ("fpp2/hyndsight", "D", "2014-04-30"),
    "otexts_views": ("fpp3/otexts_views", "D", "2018-01-01", "Pageviews"),
    "DAX": ("datasets/EuStockMarkets", "B", "1991-07-01", "DAX"),
}

# file, step, and the columns of the time, the series and the value
PANELS = {
    "aus_births": ("fpp3/aus_births", "MS", "Month", "State", "Births"),
    "aus_vehicle_sales": ("fpp3/aus_vehicle_sales", "MS", "Month", "Type", "Count"),
    "aus_accommodation": ("fpp3/aus_accommodation", "QS", "Date", "State", "Takings"),
    "aus_arrivals": ("fpp3/aus_arrivals", "QS", "Quarter", "Origin", "Arrivals"),
    "aus_tobacco": ("fpp3/aus_tobacco", "QS", "Quarter", "State", "Expenditure"),
}


def single(directory, file, step, first, column="value"):
    """Return a series, whose file has no dates."""
    values = pd.read_csv(Path(directory, f"{file}.csv"))[column]
    values.index = pd.date_range(first, periods=len(values), freq=step)
    return of(values, *FORECAST[step])


def several(directory, file, step, time, name, column):
    """Return the series of a file that are complete, as a panel."""
    frame = pd.read_csv(Path(directory, f"{file}.csv"))
    if step == "QS":  # such as "1985 Q3"
        quarters = pd.PeriodIndex(frame[time].str.replace(" ", ""), freq="Q")
        frame[time] = quarters.to_timestamp()
    else:
        frame[time] = pd.to_datetime(frame[time], format="%Y %b")
    wide = frame.pivot(index=time, columns=name, values=column)
    return of(panel(wide.asfreq(step).dropna(axis=1)), *FORECAST[step])


CLASSIC = {
    **{name: lambda d, row=row: single(d, *row) for name, row in SINGLE.items()},
    **{name: lambda d, row=row: several(d, *row) for name, row in PANELS.items()},
}
