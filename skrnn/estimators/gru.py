"""GRURegressor: a regressor with a gated recurrent unit network."""

from skrnn.estimators.base import BaseRecurrentRegressor


class GRURegressor(BaseRecurrentRegressor):
    r"""Predict time series from windows with a gated recurrent unit network.

    The network has two gates instead of the three of an LSTM, and no separate cell
    state.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Number of hidden units. A tuple stacks one recurrent layer per entry.
    activation : str, default="tanh"
        Activation function of the hidden state, by its name in Keras.
    recurrent_activation : str, default="sigmoid"
        Activation function of the gates, by its name in Keras.
    reset_after : bool, default=True
        Whether to apply the reset gate after the matrix product with the hidden state.
        False applies it before the product, as in the original form.
    dropout : float in [0, 1), default=0.0
        Fraction of the inputs of each layer to drop in training.
    recurrent_dropout : float in [0, 1), default=0.0
        Fraction of the hidden state to drop in training.
    bidirectional : bool, default=False
        Whether each layer also reads the window backwards, from its newest step. The
        hidden states of both directions are concatenated.
    n_step_features : int or None, default=None
        For 2-D X, the number of columns per time step. If None, it is taken from column
        names of the form `<feature>_lag<k>`; without such names it is 1.
    segment_length : int, default=1
        Number of consecutive steps of the window that form one step of the network,
        with their features side by side. With 24, the network reads a window of 168
        hours as 7 steps, which trains faster and makes it easier to use old values.
        The number of steps of the window must be a multiple of `segment_length`.
    normalize : {"last", "standard"} or None, default=None
        How to normalise each window, and the targets that continue it. `"last"`
        subtracts the last observed value of the window. `"standard"` subtracts the
        mean of the window and divides by its standard deviation, or by a tenth of
        the standard deviation of the feature in `fit` if that is larger. Only the
        features that `y` continues are normalised (see `target_features`), and `y`
        must be in their units. Predictions are returned in the units of `y`.
    target_features : str, int, list or None, default=None
        With `normalize`, the feature that `y` continues, by position or, of windows in
        a DataFrame, by name, or a list with one feature per output. None uses the only
        feature, or for a DataFrame the column names of `y` if they have the form
        `<feature>_lead<h>`, as those of `to_supervised` do.
    missing : {"mask", "fill"}, default="mask"
        How to treat missing values. `"mask"` skips each step (with `segment_length`,
        each segment) that has one; if all are skipped, the hidden state stays zero.
        `"fill"` replaces each by the last observed value of the feature in the window.
        If there is none, the mean of the feature over all steps of the training
        windows replaces it (zero for normalised features).
        The network then gets a second input for each feature with missing values in
        `fit`: 1 where the value is filled, 0 elsewhere.
    base : estimator or None, default=None
        A regressor, such as `Ridge()`. A clone is fitted first, on the same windows
        with all steps side by side. The network learns its residuals, and predictions
        are the sum of both. With `early_stopping`, the sum is not worse than the base
        alone on the rows held out: see `network_share_`.
    n_networks : int, default=1
        Number of networks to train, each from different initial weights. Predictions
        are their mean.
    loss : str, keras.losses.Loss or callable, default="squared_error"
        Loss to minimise: `"squared_error"`, `"absolute_error"`, `"huber"`,
        `"log_cosh"`, `"quantile"` (the pinball loss, see `quantile`), the name of
        another Keras loss, an instance, or a function of (y_true, y_pred). The loss
        of a batch is the mean over its windows, weighted by `sample_weight`.
    quantile : float or tuple of float, default=None
        Level, between 0 and 1, of the quantile to predict with `loss="quantile"`. None
        is 0.5, the median. Pass an increasing tuple to predict several quantiles with
        one network: `predict_quantiles` returns all of them, and `predict` returns the
        median, interpolated between the levels next to 0.5, or the level nearest to
        0.5.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an instance, which is copied for every fit.
    learning_rate : float or "auto", default="auto"
        Step size of the optimizer. `"auto"` is 0.005 for an optimizer given by name,
        and the learning rate of an optimizer instance. For a schedule, pass an
        optimizer instance that has one.
    batch_size : int or "auto", default="auto"
        Number of windows in one gradient step. `"auto"` is `min(200, n_samples)`.
    block_size : int or None, default=None
        Number of consecutive windows to load at a time in training, which limits the
        memory that `fit` takes for memory-mapped data. An epoch trains on one block
        after the other. `shuffle` shuffles the blocks and the windows within each
        block, and no batch contains windows of two blocks. None loads all windows. A
        `base` gets all windows at once.
    epochs : int, default=200
        Number of passes over the training windows.
    shuffle : bool, default=True
        Whether to shuffle the windows in each epoch.
    early_stopping : bool, default=False
        Whether to hold out the last part of the training data, in time order, stop
        when its loss no longer improves, and keep the weights with the lowest loss.
    validation_fraction : float or int, default=0.1
        Fraction of the rows that `early_stopping` holds out, rounded up, or their
        number. These are the last rows, or for a panel the last rows of every series,
        with an int as many of each. A panel is recognised by a (series, time) index of
        X, of y, or of the rows passed to the `SequenceWindower`. Rows with a weight of
        0 are not counted.
    validation_gap : int or "auto", default="auto"
        Number of rows left out between the training rows and those held out. `"auto"`
        leaves out `n_outputs_ - 1`. If y holds the values of consecutive times, no
        training target then lies in the validation part.
    n_iter_no_change : int, default=10
        Number of epochs without an improvement of more than `tol` after which
        `early_stopping` stops training.
    tol : float, default=0.0001
        Amount by which the validation loss must fall to count as an improvement, in the
        units of the loss. Lower it for targets that vary by less than about 0.1.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Keras callbacks, as instances or classes. Each fit uses fresh copies. Pass
        callbacks of scikit-learn (1.9 or later) to `set_callbacks` instead.
    metrics : list of str or None, default=None
        Names of Keras metrics to compute in each epoch, on the training batches and
        on the validation data, without sample weights.
    warm_start : bool, default=False
        Whether `fit` continues from the weights and the optimizer state of the last
        `fit` instead of starting with new ones.
    dtype : {"float32", "float64"}, default="float32"
        Data type that the network computes with.
    trainer : {"auto", "compiled", "xla", "keras"}, default="auto"
        What trains the network; all trainers compute the same, up to rounding, unless
        the loss combines samples. `"compiled"` runs each epoch as one compiled program,
        many times faster than Keras for small networks. `"xla"` compiles this program
        with XLA. `"keras"` is `keras.Model.fit`, driven by scikeras. `"auto"` compiles,
        with XLA if that saves more time than XLA takes to start. On a GPU, and if no
        compiled program can train the network, `"auto"` trains with `keras.Model.fit`,
        and prints why if `verbose` is at least 1; `"compiled"` and `"xla"` raise a
        ValueError. `trainer` does not affect `predict`.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, dropout and the order of the windows. With
        `warm_start`, an int gives every `fit` the same order of the windows.
    verbose : {0, 1, 2}, default=0
        1 shows a progress bar with epoch, loss, validation loss and remaining time;
        if stdout is not a terminal, it prints a line for each tenth of the training
        instead. 2 prints a line for every epoch. 0 prints nothing.

    Attributes
    ----------
    model_ : keras.Model
        A new, uncompiled model with the trained weights, built at each access.
        Changes to it do not change the estimator.
    history_ : dict of list of float
        The training loss and the metrics of every epoch. With validation data, also the
        validation loss and metrics, as `val_loss` and so on. With `n_networks`, these,
        the curves and `best_loss_` are means over the networks.
    loss_curve_ : list of float
        The training loss of every epoch: the mean over all windows of the loss before
        the gradient step of their batch, weighted by `sample_weight`.
    validation_loss_curve_ : list of float or None
        The validation loss of every epoch, NaN for epochs of earlier fits without
        validation data. None if no fit had validation data.
    best_loss_ : float
        The smallest validation loss of the last fit, or the smallest training loss if
        there is no validation data.
    best_epoch_ : int
        The epoch with the smallest such loss, counted from 1; of several networks, that
        of the first. With `early_stopping`, the weights of this epoch are kept. With
        `base`, 0 means that the network is best before training.
    best_epochs_ : list of int
        The best epoch of each network.
    base_ : estimator
        The fitted base. Only defined if `base` is not None.
    network_share_ : float
        Factor of the network's output in the sum with the prediction of the base.
        With `early_stopping` it is the value between 0 and 1 that minimises the
        validation loss, or a smaller one that does so once the base is fitted to all
        rows, and 0 if all `best_epochs_` are 0; otherwise 1. `partial_fit` and
        `warm_start` keep it. Only defined if `base` is not None.
    n_iter_ : int
        Number of epochs trained; of several networks, the largest.
    n_features_in_ : int
        Number of columns of 2-D X, or of features per step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of columns of `y` seen in `fit`.

    See Also
    --------
    LSTMRegressor : Long short-term memory network.
    ElmanRegressor : Simple recurrent network.
    SequenceWindower : Turns rows in time order into windows.

    Notes
    -----
    The equations of the cell [1]_ with `reset_after=False` are

    .. math::
        z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z), \quad
        r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
        g_t &= \tanh(W_g x_t + U_g (r_t \odot h_{t-1}) + b_g) \\
        h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot g_t

    in the notation of Keras. Others exchange :math:`z_t` and :math:`1 - z_t`, which
    gives the same family of functions. `reset_after=True` has
    :math:`r_t \odot (U_g h_{t-1} + c_g)` in the second line, and is faster on GPUs.

    A step with a missing value is skipped: the hidden state stays as it was before it.
    The prediction is a linear function of the hidden state after the last step.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder
       for statistical machine translation", EMNLP 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import GRURegressor, SequenceWindower
    >>> series = np.sin(np.arange(0.0, 30.0, 0.1))
    >>> X, y = series[:-1].reshape(-1, 1), series[1:]
    >>> model = make_pipeline(
    ...     SequenceWindower(window_length=10),
    ...     GRURegressor(units=8, epochs=100, random_state=0),
    ... )
    >>> model.fit(X[:200], y[:200]).predict(X[200:]).shape
    (99,)
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    """

    _cell = "gru"
    _parameter_constraints = {
        **BaseRecurrentRegressor._parameter_constraints,
        "recurrent_activation": [str],
        "reset_after": ["boolean"],
    }

    def __init__(
        self,
        units=32,
        *,
        activation="tanh",
        recurrent_activation="sigmoid",
        reset_after=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        bidirectional=False,
        n_step_features=None,
        segment_length=1,
        normalize=None,
        target_features=None,
        missing="mask",
        base=None,
        n_networks=1,
        loss="squared_error",
        quantile=None,
        optimizer="adam",
        learning_rate="auto",
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
        trainer="auto",
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
        self.trainer = trainer
        self.random_state = random_state
        self.verbose = verbose
        self.recurrent_activation = recurrent_activation
        self.reset_after = reset_after
