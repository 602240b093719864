"""Private names and environment variables of TensorFlow and Keras.

Nothing here imports TensorFlow before it is called.
"""

import os


def give_sessions_own_threads():
    """Have TensorFlow give each session the threads it asks for, once it starts.

    Otherwise all sessions share those of the first, or of eager mode. TensorFlow reads
    this variable as it starts, but does not document it (2.18 to 2.21). Stays until a
    session, or a function, can be told publicly to run on one thread.
    """
    os.environ.setdefault("TF_OVERRIDE_GLOBAL_THREADPOOL", "1")


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

    all_reduce = optimizer._all_reduce_sum_gradients

    def sum_over_replicas(gradients_and_variables):
        if distribute.get_strategy().num_replicas_in_sync == 1:
            return list(gradients_and_variables)
        return all_reduce(gradients_and_variables)

    optimizer._all_reduce_sum_gradients = sum_over_replicas
    return optimizer


def forget_kernels():
    """Empty TensorFlow's cache of kernels, in which it keeps what no program needs.

    It holds all that ever ran, also the programs of networks that are gone; what runs
    on enters it anew. Stays until TensorFlow bounds it, or lets it be emptied by a
    public name (2.18 to 2.21 do not; Keras does it so in `clear_session`).
    """
    from tensorflow.python.eager import context

    context.context().clear_kernel_cache()
