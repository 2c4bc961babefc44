"""The paper's three compression techniques, as TensorFlow's converter applies them.

Imports TensorFlow and can crash with it: ``models.conversion`` runs this in a process of its own.
"""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.catalog import Technique
from models.conversion_edits import corrected
from models.fused_lstm import apply_layers


def compress(
    model: keras.Model, technique: Technique, representative: NDArray[np.float32]
) -> bytes:
    """A trained network as the ``.tflite`` file of one variant.

    L keeps float32 throughout. D quantises the weights of tensors of 1,024 elements or more to
    int8, for kernels that quantise their float inputs at run time. F quantises all weights and
    activations, the model's input and output too, to int8, with ranges from ``representative``.

    Args:
        model: A chain of layers that takes standardised windows (n, samples, channels).
        technique: The technique.
        representative: (m, samples, channels) standardised training windows.

    Returns:
        A model for one window at a time: input (1, samples, channels), output (1, activities).

    Raises:
        Exception: Whatever the converter raises; it documents nothing.
    """
    function, holder = _traced(model)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], holder)
    if technique is not Technique.LITE:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if technique is Technique.FULL_INTEGER:
        converter.representative_dataset = lambda: ([one[np.newaxis]] for one in representative)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return corrected(converter.convert())


def _traced(model: keras.Model) -> tuple[tf.types.experimental.ConcreteFunction, tf.Module]:
    """The network for one window, and what keeps its variables alive while it is converted."""
    _, samples, channels = model.input_shape
    function = tf.function(lambda windows: apply_layers(model, windows), autograph=False)
    window = tf.TensorSpec([1, samples, channels], tf.float32, name="window")
    holder = tf.Module()
    holder.variables_of_network = [variable.value for variable in model.variables]
    return function.get_concrete_function(window), holder
