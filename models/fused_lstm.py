"""An LSTM that converts to one operator: ``UNIDIRECTIONAL_SEQUENCE_LSTM``.

Keras 3 lowers an LSTM to a WHILE loop, which TensorFlow Lite for Microcontrollers takes more than
a minute to run. TensorFlow's converter still replaces a whole function by the fused operator if the
function says that it implements an LSTM, as those of Keras 2 did; so the layer is traced here as
such a function, with its weights as constant arguments.
"""

import keras
import tensorflow as tf

from models.errors import ConversionError


def apply_layers(model: keras.Model, windows: tf.Tensor) -> tf.Tensor:
    """A network's outputs as at inference, each LSTM in the form that becomes one operator.

    Args:
        model: A chain of layers.
        windows: (n, samples, channels) with a fixed n.
    """
    values = windows
    for layer in model.layers:
        if isinstance(layer, keras.layers.LSTM):
            values = _apply_lstm(layer, values)
        elif not isinstance(layer, keras.layers.InputLayer):
            values = layer(values, training=False)
    return values


def _apply_lstm(layer: keras.layers.LSTM, inputs: tf.Tensor) -> tf.Tensor:
    _check(layer)
    state = tf.zeros([inputs.shape[0], layer.units])
    # As tensors: variables as arguments crash the converter.
    weights = [
        tf.convert_to_tensor(variable)
        for variable in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)
    ]
    last, sequence, *_ = _lstm_function(layer.name)(inputs, state, state, *weights)
    return sequence if layer.return_sequences else last


def _check(layer: keras.layers.LSTM) -> None:
    wanted = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "use_bias": True,
        "go_backwards": False,
        "stateful": False,
    }
    config = layer.get_config()
    other = {name: config[name] for name, value in wanted.items() if config[name] != value}
    if other:
        raise ConversionError(
            f"layer {layer.name} has {other}; the fused LSTM operator computes only {wanted}"
        )


def _lstm_function(name: str) -> tf.types.experimental.PolymorphicFunction:
    """Keras's LSTM with the arguments and results that the converter expects of one.

    Arguments are inputs (n, samples, channels), h and c (n, units), and Keras's weights with the
    gates in the order input, forget, cell, output. Results are the last output, all outputs,
    h, c and a scalar that Keras 2 used to say on which device it ran.
    """

    def lstm(
        inputs: tf.Tensor,
        initial_h: tf.Tensor,
        initial_c: tf.Tensor,
        kernel: tf.Tensor,
        recurrent_kernel: tf.Tensor,
        bias: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        def step(state: tuple[tf.Tensor, tf.Tensor], sample: tf.Tensor) -> tuple[tf.Tensor, ...]:
            h, c = state
            gates = tf.matmul(sample, kernel) + tf.matmul(h, recurrent_kernel) + bias
            in_gate, forget_gate, cell, out_gate = tf.split(gates, 4, axis=1)
            c = tf.sigmoid(forget_gate) * c + tf.sigmoid(in_gate) * tf.tanh(cell)
            return tf.sigmoid(out_gate) * tf.tanh(c), c

        samples_first = tf.transpose(inputs, [1, 0, 2])
        hidden, cells = tf.scan(step, samples_first, (initial_h, initial_c))
        outputs = tf.transpose(hidden, [1, 0, 2])
        return hidden[-1], outputs, tf.identity(hidden[-1]), cells[-1], tf.constant(0.0)

    attributes = {
        # The converter looks for this prefix (prepare_composite_functions_tf.cc); what follows only
        # has to differ between the LSTMs of one network.
        "api_implements": f"lstm_{name}",
        "api_preferred_device": "CPU",
        "time_major": False,
        "go_backwards": False,
    }
    return tf.function(lstm, experimental_attributes=attributes, autograph=False)
