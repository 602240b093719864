"""Private names and environment variables of TensorFlow and Keras.

Nothing here imports TensorFlow before it is called.
"""

import contextlib
import os


def give_sessions_own_threads():
    """Have TensorFlow give each session the threads it asks for, once it starts.

    Otherwise all sessions share those of the first, or of eager mode. TensorFlow reads
    this variable as it starts, but does not document it (2.18 to 2.21). Stays until a
    session, or a function, can be told publicly to run on one thread.
    """
    os.environ.setdefault("TF_OVERRIDE_GLOBAL_THREADPOOL", "1")


def import_keras():
    """Import Keras, which reads its backend from a variable of the environment.

    Raises
    ------
    ImportError
        If Keras is set to another backend than TensorFlow.
    """
    _check_backend(os.environ.get("KERAS_BACKEND", "tensorflow"))
    import keras

    _check_backend(keras.backend.backend())


def _check_backend(name):
    if name != "tensorflow":
        raise ImportError(
            "skrnn trains with Keras on TensorFlow, but Keras is set to the backend "
            f"{name!r}. Unset KERAS_BACKEND, or set it to 'tensorflow', before Keras "
            "is imported."
        )


def limit_threads(settings):
    """Give TensorFlow the threads that joblib, Dask or the user gives a process.

    They say so by the variable of OpenMP, which TensorFlow does not read. What the
    user told TensorFlow itself stays, and so does what it has started with.

    Parameters
    ----------
    settings : module
        `tensorflow.config.threading`.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if not n_threads.isdecimal() or int(n_threads) == 0:
        return
    for kind in ("intra", "inter"):
        told = f"TF_NUM_{kind.upper()}OP_THREADS" in os.environ
        if told or getattr(settings, f"get_{kind}_op_parallelism_threads")():
            continue
        with contextlib.suppress(RuntimeError):  # it has started
            set_threads = getattr(settings, f"set_{kind}_op_parallelism_threads")
            set_threads(int(n_threads))


def session_callable(session, fetched, fed):
    """Return what `session.make_callable` does, at a third of its cost.

    The documented one looks at every argument in Python: 0.08 of the 0.11 ms that a
    small program takes. Stays until TensorFlow makes this one public (it is not in
    2.18 to 2.21); where it is gone, the documented one serves.

    Parameters
    ----------
    session : tf.compat.v1.Session
        Of the graph that the tensors are of.
    fetched : tf.Tensor
        What to compute.
    fed : list of tf.Tensor
        Placeholders; arguments must be arrays or NumPy scalars of just their dtypes.
    """
    try:
        from tensorflow.core.protobuf.config_pb2 import CallableOptions

        make = session._make_callable_from_options
    except (ImportError, AttributeError):
        return session.make_callable(fetched, fed)
    options = CallableOptions(feed=[t.name for t in fed], fetch=[fetched.name])
    run = make(options)
    return lambda *arrays: run(*arrays)[0]


def without_all_reduce(optimizer):
    """Spare an optimizer the sum of its gradients over replicas, where there is one.

    In a graph TensorFlow sums by a custom gradient, of which it registers another
    each time and forgets none, and with it the whole graph stays in memory, of every
    network ever trained. Stays until Keras spares itself the sum over one
    replica (it does not in 3.15).

    Returns
    -------
    keras.optimizers.Optimizer
        The optimizer.
    """
    from tensorflow import distribute

    all_reduce = getattr(optimizer, "_all_reduce_sum_gradients", None)
    if all_reduce is None:
        return optimizer

    def sum_over_replicas(gradients_and_variables):
        if distribute.get_strategy().num_replicas_in_sync == 1:
            return list(gradients_and_variables)
        return all_reduce(gradients_and_variables)

    optimizer._all_reduce_sum_gradients = sum_over_replicas
    return optimizer


def weight_decay_exclusions(optimizer):
    """Return a regular expression of the variables that weight decay leaves out.

    None where it leaves out none. Stays until the configuration of an optimizer tells
    (it does not in Keras 3.15).
    """
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return None if pattern is None else pattern.pattern


def forget_kernels():
    """Empty TensorFlow's cache of kernels, in which it keeps what no program needs.

    It holds all that ever ran, also the programs of networks that are gone; what runs
    on enters it anew. Stays until TensorFlow bounds it, or lets it be emptied by a
    public name (2.18 to 2.21 do not; Keras does it so in `clear_session`).
    """
    try:
        from tensorflow.python.eager import context

        context.context().clear_kernel_cache()
    except (ImportError, AttributeError):  # the cache only grows
        return


# What the compiled engine needs beyond TensorFlow's documented interface for Keras.
_ENGINE_NEEDS = (
    "RegisterGradient",
    "compat.v1.ConfigProto",
    "compat.v1.GraphDef",
    "compat.v1.NodeDef",
    "compat.v1.Session",
    "compat.v1.get_default_graph",
    "compat.v1.placeholder",
    "graph_util.import_graph_def",
    "raw_ops.AssignVariableOp",
    "raw_ops.BlockLSTM",
    "raw_ops.LSTMBlockCellGrad",
    "raw_ops.ReadVariableOp",
    "raw_ops.VarHandleOp",
)


def missing_names():
    """Return the names that the compiled engine needs and TensorFlow does not have."""
    import tensorflow

    missing = []
    for name in _ENGINE_NEEDS:
        found = tensorflow
        for attribute in name.split("."):
            found = getattr(found, attribute, None)
        if found is None:
            missing.append(f"tensorflow.{name}")
    return missing
