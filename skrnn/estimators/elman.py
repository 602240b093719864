"""The Elman network's regressor."""

from skrnn.estimators.base import BaseRecurrentRegressor


class ElmanRegressor(BaseRecurrentRegressor):
    r"""Elman's simple recurrent network for windows of time series.

    The cheapest of the three; it forgets quickly.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Hidden units; a tuple stacks one layer for each entry.
    activation : str, default="tanh"
        Activation of the hidden state, a name that Keras knows.
    dropout : float in [0, 1), default=0.0
        Share of the inputs of each layer that is dropped in training.
    recurrent_dropout : float in [0, 1), default=0.0
        Share of the hidden state that is dropped in training.
    bidirectional : bool, default=False
        Whether each layer also reads the window from its newest step backwards;
        the hidden states of both directions are concatenated.
    n_step_features : int or None, default=None
        For 2-D X, how many of its columns make one time step. None takes it from
        column names of the form `<feature>_lag<k>`, and otherwise 1.
    segment_length : int, default=1
        How many consecutive steps of the window form one step of the network, with
        their features side by side. With 24, the network reads a window of 168 hours
        as 7 steps, which trains faster and reaches further back. The number of steps
        of the window must be a multiple of it.
    normalize : {"last", "standard"} or None, default=None
        What each window, and the targets that continue it, are relative to. `"last"`
        subtracts the last observed value of the window. `"standard"` subtracts the
        mean of the window and divides by its standard deviation, or by a tenth of
        the standard deviation of the feature in `fit` if that is larger. Predictions
        are returned in the units of `y`. It applies to the features that `y`
        continues (see `target_features`); `y` must be in their units.
    target_features : str, int, list or None, default=None
        With `normalize`, the feature that `y` continues, by name or position, or a
        list with one for each output. None reads the names of the columns of `y`,
        `<feature>_lead<h>` as `to_supervised` gives them, or takes the only feature.
    missing : {"skip", "fill"}, default="skip"
        What to do with missing values. `"skip"` skips every step (segment, with
        `segment_length`) that has one. `"fill"` replaces each by the last observed
        value of its feature in the window, or by the mean of the feature in `fit` if
        there is none (zero for features that `normalize` applies to). The network
        then gets a second input for each feature with missing values in `fit`: 1
        where its value is filled, 0 elsewhere.
    base : estimator or None, default=None
        A regressor, such as `Ridge()`. A clone of it is fitted first, on the same
        windows with all steps side by side; the network learns the residuals, and
        predictions are the sum. With `early_stopping`, the sum is not worse than the
        base on the rows held out: see `network_share_`.
    n_networks : int, default=1
        How many networks to train, each from its own initial weights. Predictions
        are their mean.
    loss : str, keras.losses.Loss or callable, default="squared_error"
        What training minimises: `"squared_error"`, `"absolute_error"`, `"huber"`,
        `"log_cosh"`, `"quantile"` (the pinball loss, see `quantile`), another name
        that Keras knows, an instance, or a function of (y_true, y_pred). The loss of
        a batch is its mean weighted by `sample_weight`.
    quantile : float or tuple of float, default=None
        Level between 0 and 1 of the quantile that `loss="quantile"` predicts; None
        is 0.5, the median. Of several levels, in a tuple that increases, the
        network learns all at once: `predict_quantiles` returns them, and `predict`
        their value at 0.5, interpolated between the levels next to it.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A name that Keras knows, or an instance, which is copied for every fit.
    learning_rate : float or "auto", default="auto"
        Step size. `"auto"` is that of an optimizer instance, and 0.005 for an
        optimizer given by name.
    clipnorm : float or None, default=None
        Largest norm of the gradient of a weight array; a longer one is shortened
        to it. None leaves it to the optimizer.
    batch_size : int or "auto", default="auto"
        Windows in one gradient step. `"auto"` is `min(200, n_samples)`.
    block_size : int or None, default=None
        Windows in memory at once in training, which bounds the memory of `fit` on
        memory-mapped data. Blocks of that many consecutive windows are trained on one
        after the other, with `shuffle` in a random order, their windows too; no batch
        spans two of them. None makes one block of all.
    epochs : int, default=200
        Passes over the training windows.
    shuffle : bool, default=True
        Whether each epoch takes the windows in a random order.
    early_stopping : bool, default=False
        Whether to hold out the last part of the training data, in time order, stop
        when its loss no longer improves, and keep the weights of its lowest loss.
    validation_fraction : float, default=0.1
        Share of the rows that `early_stopping` holds out, rounded up: the last rows,
        or of a panel, a (series, time) index of X, y or what X was windowed from, the
        last of every series. Rows without weight do not count.
    validation_gap : int or "auto", default="auto"
        Rows left out between the training rows and those held out. "auto" leaves out
        `n_outputs_ - 1`: then, where y holds the values of consecutive times, no
        training target lies in the validation part.
    n_iter_no_change : int, default=10
        Epochs without an improvement of more than `tol` after which
        `early_stopping` stops.
    tol : float, default=0.0001
        What the validation loss must fall by to count as an improvement.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Callbacks, as instances or classes. Each fit works on fresh copies. Those of
        scikit-learn (1.9 or later) go to `set_callbacks`.
    metrics : list of str or None, default=None
        Names of Keras metrics to compute after each epoch, on the training batches
        and on the validation data, without sample weights.
    warm_start : bool, default=False
        Whether `fit` carries on with the weights and the optimizer's state of the
        last `fit` instead of new ones.
    dtype : {"float32", "float64"}, default="float32"
        What the network computes in.
    jit : bool or "auto", default="auto"
        Whether an epoch of training is one compiled program: the same computation as
        `keras.Model.fit`, many times faster for small networks. "auto" compiles with
        XLA if that saves more time than XLA takes to start, and without XLA
        otherwise. On a GPU, and where the compiled program cannot train the network,
        it trains with `keras.Model.fit`, and says so if `verbose` is at least 1. True
        always compiles with XLA, and raises an error if that is not possible. False
        always trains with `keras.Model.fit`. It has no effect on `predict`.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, dropout and the order of the windows. With
        `warm_start`, an int gives every `fit` the same order of the windows.
    verbose : {0, 1, 2}, default=0
        1 shows a live bar with epoch, loss, validation loss and remaining time, and
        where stdout is no terminal a line for each tenth of the training. 2 prints
        a line for every epoch, 0 nothing.

    Attributes
    ----------
    model_ : keras.Model
        A new, uncompiled model with the trained weights, built at each access.
        Changes to it do not change the estimator.
    history_ : dict of list of float
        The training loss and the metrics of every epoch; with validation data also
        those of them, as `val_loss` and so on.
    loss_curve_ : list of float
        The training loss of every epoch: the mean of the losses of its batches,
        each before its gradient step and weighted by its number of windows.
    validation_loss_curve_ : list of float or None
        The validation loss of every epoch, NaN where a fit that was carried on had
        no validation data; None if none had.
    best_loss_ : float
        The smallest validation loss, or without validation data training loss, of
        the last fit.
    best_epoch_ : int
        The epoch of `best_loss_`, from 1: with `early_stopping` its weights are kept.
    base_ : estimator
        The fitted base. Only defined if `base` is not None.
    network_share_ : float
        What the network's output is multiplied with before it is added to the
        prediction of the base. With `early_stopping` it is the value between 0 and 1
        that minimises the validation loss, otherwise 1. `partial_fit` and `warm_start`
        keep it. Only defined if `base` is not None.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Columns of 2-D X, or features of a step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Columns of `y` seen in `fit`.

    See Also
    --------
    LSTMRegressor : The long short-term memory network.
    GRURegressor : The gated recurrent unit network.
    SequenceWindower : Makes windows of rows in time order.

    Notes
    -----
    The cell [1]_ is :math:`h_t = \tanh(W_x x_t + W_h h_{t-1} + b)`.

    A step that has a missing value is skipped: the hidden state is carried over it.
    The prediction is a linear function of the hidden state after the last step.

    References
    ----------
    .. [1] J. L. Elman, "Finding structure in time", Cognitive Science 14(2), 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import ElmanRegressor, SequenceWindower
    >>> series = np.sin(np.arange(0.0, 30.0, 0.1))
    >>> X, y = series[:-1].reshape(-1, 1), series[1:]
    >>> model = make_pipeline(
    ...     SequenceWindower(window_length=10),
    ...     ElmanRegressor(units=8, epochs=100, random_state=0),
    ... )
    >>> model.fit(X[:200], y[:200]).predict(X[200:]).shape
    (99,)
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    """

    _cell = "elman"

    def __init__(
        self,
        units=32,
        *,
        activation="tanh",
        dropout=0.0,
        recurrent_dropout=0.0,
        bidirectional=False,
        n_step_features=None,
        segment_length=1,
        normalize=None,
        target_features=None,
        missing="skip",
        base=None,
        n_networks=1,
        loss="squared_error",
        quantile=None,
        optimizer="adam",
        learning_rate="auto",
        clipnorm=None,
        batch_size="auto",
        block_size=None,
        epochs=200,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        validation_gap="auto",
        n_iter_no_change=10,
        tol=1e-4,
        callbacks=None,
        metrics=None,
        warm_start=False,
        dtype="float32",
        jit="auto",
        random_state=None,
        verbose=0,
    ):
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.bidirectional = bidirectional
        self.n_step_features = n_step_features
        self.segment_length = segment_length
        self.normalize = normalize
        self.target_features = target_features
        self.missing = missing
        self.base = base
        self.n_networks = n_networks
        self.loss = loss
        self.quantile = quantile
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.clipnorm = clipnorm
        self.batch_size = batch_size
        self.block_size = block_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_gap = validation_gap
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.metrics = metrics
        self.warm_start = warm_start
        self.dtype = dtype
        self.jit = jit
        self.random_state = random_state
        self.verbose = verbose
