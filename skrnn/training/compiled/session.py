"""Runs traced functions in their own TensorFlow session.

What TensorFlow compiles for a session is freed with the session. What it compiles in
eager mode, mainly the executables of XLA, stays in memory until the process ends.
"""

import numpy as np
import tensorflow as tf

from skrnn._compat.tensorflow import session_callable
from skrnn.training.keras_network import values_of
from skrnn.training.plan import RefusedError

v1 = tf.compat.v1
_QUICK_TO_COPY = 2**14  # values


class OwnSession:
    """A session with its own variables, and functions that read and change them."""

    def __init__(self, variables):
        self.variables = []
        self._places = {}
        self._graph = tf.Graph()
        self._session = v1.Session(graph=self._graph, config=_configuration())
        self._take_in(variables)

    def _take_in(self, variables):
        new = [v for v in variables if id(v.handle) not in self._places]
        with self._graph.as_default():
            for number, variable in enumerate(new, start=len(self.variables)):
                self._places[id(variable.handle)] = _Place(number, variable)
        self.variables += new
        self.writer(new)(values_of(new))

    def reader(self, variables):
        """Return a function that returns the values of some of the variables."""
        if not variables:
            return list
        places = [self._places[id(variable.handle)] for variable in variables]
        return session_callable(self._session, [place.value for place in places], [])

    def writer(self, variables):
        """Return a function that sets some of the variables to a list of arrays."""
        if not variables:
            return list
        places = [self._places[id(variable.handle)] for variable in variables]
        news, run = [place.new for place in places], [place.assign for place in places]
        write = session_callable(self._session, [], news, run)
        dtypes = [variable.dtype.as_numpy_dtype for variable in variables]
        return lambda values: write(*map(np.asarray, values, dtypes))

    def add(self, function, *, xla):
        """Return a function of arrays that runs a ConcreteFunction with one result."""
        self._take_in(function.variables)
        captured = function.captured_inputs
        arguments = function.inputs[: len(function.inputs) - len(captured)]
        with self._graph.as_default():
            inputs = [
                v1.placeholder(tensor.dtype, tensor.shape) for tensor in arguments
            ]
            held = [self._own(tensor) for tensor in captured]
            result = _call(function, [*inputs, *held], xla=xla)
        run = session_callable(self._session, [result], inputs)
        return lambda *arrays: run(*arrays)[0]

    def _own(self, captured):
        """Return the tensor of this session that replaces a captured tensor."""
        if captured.dtype != tf.resource:
            return tf.constant(captured.numpy())
        if id(captured) not in self._places:  # it belongs to eager mode
            raise RefusedError(
                "the loss or a metric contains a TensorFlow resource that is not a "
                "variable, such as a table"
            )
        return self._places[id(captured)].handle


class _Place:
    """A variable of the graph that is being built, which replaces another variable."""

    def __init__(self, number, variable):
        self.of = variable  # keeps it alive, as the id of its handle is the key
        dtype, shape = variable.dtype, variable.shape
        name = f"variable_{number}"
        self.handle = tf.raw_ops.VarHandleOp(dtype=dtype, shape=shape, shared_name=name)
        self.new = v1.placeholder(dtype, shape)
        self.assign = tf.raw_ops.AssignVariableOp(resource=self.handle, value=self.new)
        self.value = tf.raw_ops.ReadVariableOp(resource=self.handle, dtype=dtype)


def _call(function, inputs, *, xla):
    """Add a call of a traced function to the graph that is being built."""
    signature = function.function_def.signature
    names = [f"input_{number}" for number in range(len(inputs))]
    call = v1.NodeDef(name="call", op="StatefulPartitionedCall", input=names)
    call.attr["f"].func.name = signature.name
    call.attr["Tin"].list.type.extend(
        tensor.dtype.as_datatype_enum for tensor in inputs
    )
    call.attr["Tout"].list.type.extend(output.type for output in signature.output_arg)
    call.attr["_XlaMustCompile"].b = xla
    call.attr["config_proto"].s = _without_fused_products().SerializeToString()
    graph = function.graph.as_graph_def()
    program = v1.GraphDef(node=[call], library=graph.library, versions=graph.versions)
    program.library.function.append(function.function_def)
    (result,) = tf.graph_util.import_graph_def(
        program,
        input_map={f"{name}:0": i for name, i in zip(names, inputs, strict=True)},
        return_elements=["call:0"],
    )
    return result


def _configuration():
    """Return a configuration of sessions: no GPUs, and one thread per operation."""
    # With more threads, bits of a sum would depend on their number. Sessions also find
    # GPUs hidden from eager mode. A thread pool would delay the single call of a graph.
    config = v1.ConfigProto(
        device_count={"GPU": 0},
        allow_soft_placement=tf.config.get_soft_device_placement(),
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=(
            tf.config.threading.get_inter_op_parallelism_threads()
        ),
    )
    config.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def _without_fused_products():
    """Return the default optimisations of a function, except for fused products."""
    # For these, each thread caches 1024 operations of oneDNN, one per shape, which
    # takes 0.1 MB or more for every new network.
    config = v1.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.remapping = rewriting.OFF
    return config


def aligned(array):
    """Return an array, aligned if it is large, so that a session need not copy it."""
    return array if array.size <= _QUICK_TO_COPY else np.asarray(tf.constant(array))
