"""Private names and environment variables of TensorFlow and Keras.

Nothing here imports TensorFlow before it is called.
"""

import contextlib
import os
import sys

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # from which TensorFlow's messages are printed


def give_sessions_own_threads():
    """Let each TensorFlow session have its own thread pool, of the size it asks for.

    By default, all share the threads of the first one, or of eager mode. TensorFlow
    reads the variable at start-up. Needed until there is a public way (not in 2.18 to
    2.21).
    """
    os.environ.setdefault("TF_OVERRIDE_GLOBAL_THREADPOOL", "1")


def import_keras():
    """Import Keras, and raise an ImportError if its backend is not TensorFlow."""
    _check_backend(os.environ.get("KERAS_BACKEND") or "tensorflow")
    import keras

    _check_backend(keras.backend.backend())


def _check_backend(name):
    if name != "tensorflow":
        raise ImportError(
            "skrnn trains with Keras on TensorFlow, but Keras is set to the backend "
            f"{name!r}. Set the environment variable KERAS_BACKEND to 'tensorflow' "
            "before Keras is imported, or correct keras.json."
        )


def has_started():
    """Return whether TensorFlow has started its threads, at the first operation.

    Needed until there is a public way that does not start it (not in 2.18 to 2.21).
    """
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    return context is not None and getattr(context, "_initialized", True)


def limit_threads(settings):
    """Limit TensorFlow to the threads that joblib, Dask or the user allow the process.

    They set OMP_NUM_THREADS, which TensorFlow does not read. Thread counts set in
    TensorFlow itself are kept. `settings` is `tensorflow.config.threading`.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if not n_threads.isdecimal() or int(n_threads) == 0:
        return
    for kind in ("intra", "inter"):
        is_set = f"TF_NUM_{kind.upper()}OP_THREADS" in os.environ
        if is_set or getattr(settings, f"get_{kind}_op_parallelism_threads")():
            continue
        with contextlib.suppress(RuntimeError):  # TensorFlow has already started
            set_threads = getattr(settings, f"set_{kind}_op_parallelism_threads")
            set_threads(int(n_threads))


def provoke_logs():
    """Run an empty session and a compiled function: TensorFlow logs at the first ones.

    Needed until the oldest TensorFlow is 2.21, which does not.
    """
    import tensorflow

    if tensorflow.__version__.startswith(("2.18.", "2.19.", "2.20.")):
        v1 = tensorflow.compat.v1
        config = v1.ConfigProto(device_count={"GPU": 0})
        with tensorflow.Graph().as_default(), v1.Session(config=config) as session:
            session.run(tensorflow.constant(0))
        with tensorflow.device("CPU"):
            tensorflow.function(lambda: tensorflow.zeros(()), jit_compile=True)()


def session_callable(session, fetched, fed, run=()):
    """Return the same as `session.make_callable`, at a third of the cost per call.

    `fetched` and `fed` are lists of tensors, and the values come as a list; `run` are
    operations without a value. Arguments must be arrays or NumPy scalars of exactly the
    dtypes of `fed`. Needed until TensorFlow makes the private function public (it is
    not in 2.18 to 2.21).
    """
    try:
        from tensorflow.core.protobuf.config_pb2 import CallableOptions

        make = session._make_callable_from_options
    except (ImportError, AttributeError):
        return session.make_callable([*fetched, *run], fed)
    kinds = {"feed": fed, "fetch": fetched, "target": run}
    names = {kind: [each.name for each in of_kind] for kind, of_kind in kinds.items()}
    return make(CallableOptions(**names))


def without_all_reduce(optimizer):
    """Skip an optimizer's sum of gradients over replicas if there is only one replica.

    TensorFlow registers a gradient for each sum, which keeps every trained network in
    memory. Needed until Keras skips the sum for one replica (it does not in 3.15).
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
    """Return a regular expression for the variables excluded from weight decay.

    None if no variable is excluded. Needed until the configuration of an optimizer
    contains it (it does not in Keras 3.15).
    """
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return None if pattern is None else pattern.pattern


def forget_kernels():
    """Empty TensorFlow's kernel cache, which otherwise grows with every network.

    Kernels still in use are cached again when they run. Needed until TensorFlow limits
    the cache or has a public function to clear it (2.18 to 2.21 do not).
    """
    try:
        from tensorflow.python.eager import context

        context.context().clear_kernel_cache()
    except (ImportError, AttributeError):  # the only harm is a growing cache
        return


# Names outside TensorFlow's usual Keras interface that the compiled engine needs.
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
    """Return the names that the compiled engine needs but TensorFlow lacks."""
    import tensorflow

    missing = []
    for name in _ENGINE_NEEDS:
        found = tensorflow
        for attribute in name.split("."):
            found = getattr(found, attribute, None)
        if found is None:
            missing.append(f"tensorflow.{name}")
    return missing
