"""Data sets that are bundled with the package."""

from importlib import resources

import pandas as pd


def load_co2():
    """Load the weekly CO2 concentration of the air at Mauna Loa, 1958 to 2001.

    59 of the 2284 weeks have no measurement and are NaN.

    Returns
    -------
    pandas.Series of shape (2284,)
        The concentration in parts per million by volume, with a weekly DatetimeIndex
        (Saturdays).

    References
    ----------
    C. D. Keeling and T. P. Whorf, "Atmospheric CO2 concentrations derived from
    flask air samples at sites in the SIO network", in: Trends: a compendium of data
    on global change, Carbon Dioxide Information Analysis Center, Oak Ridge National
    Laboratory, 2004. In the public domain.

    Examples
    --------
    >>> from skrnn.datasets import load_co2
    >>> load_co2().tail(2)
    week
    2001-12-22    371.3
    2001-12-29    371.5
    Freq: W-SAT, Name: co2, dtype: float64
    """
    path = resources.files("skrnn.datasets") / "co2_weekly.csv"
    with path.open("rb") as file:
        table = pd.read_csv(file, index_col="week", parse_dates=["week"])
    return table["co2"].asfreq("W-SAT")
