"""The pipeline of a forecaster that is given none."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.estimators.gru import GRURegressor
from skrnn.windows.windower import SequenceWindower

_STEPS = 24  # that a window has at least, if there are rows for it
_SEGMENTS = 12  # that the network reads, at most


def default_pipeline(horizon, n_rows):
    """Return a recurrent pipeline for a horizon.

    Parameters
    ----------
    horizon : int
        How many steps ahead to forecast.
    n_rows : int
        Rows of the longest series.

    Returns
    -------
    Pipeline
        Its window is a multiple of the horizon, as long as a third of the rows at the
        most.
    """
    from sklearn.linear_model import Ridge  # not at import, for its memory

    wanted = max(3, -(-_STEPS // horizon))
    n_horizons = max(1, min(wanted, n_rows // (3 * horizon)))
    length = n_horizons * horizon
    segment = next(
        size
        for size in range(-(-length // _SEGMENTS), length + 1)
        if length % size == 0
    )
    return make_pipeline(
        StandardScaler(),
        SequenceWindower(window_length=length),
        GRURegressor(
            segment_length=segment,
            normalize="last",
            missing="fill",
            base=Ridge(),
            n_networks=3,
            early_stopping=True,
            epochs=50,
            random_state=0,
        ),
    )
