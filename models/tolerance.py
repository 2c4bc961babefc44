"""How far the outputs of one model may differ between two runtimes, or from a device's."""

import numpy as np

from models.graph import FlatModel

FLOAT_TOLERANCE = 1e-4
"""Largest difference of a float model's outputs between runtimes that counts as agreement.

Measured on trained networks are 3e-6; one window of one LSTM in 27,000 had 5e-5, because the
recurrence amplifies what rounding leaves."""

INTEGER_TOLERANCE_STEPS = 3
"""The same of an integer model, in steps of the logits; measured is 1.05 on trained networks."""


def output_tolerance(model: FlatModel) -> float:
    """How far outputs of one model may differ between runtimes, in the output's own unit.

    Integer kernels round differently (one rounding or two, tables of other sizes), which moves the
    logits by a step or so. What that does to a probability depends on how coarse the logits are: if
    one rises and another falls by k steps of scale s, it is at most tanh(k s / 2), at equal
    logits. To that comes the rounding of the probability itself, one step. A model that ends in
    something else is taken to differ by as many steps of its output.
    """
    output = model.output
    if output.quantisation is None:
        return FLOAT_TOLERANCE
    last = next(op for op in model.operators if model.outputs[0] in op.outputs)
    logits = model.tensors[last.inputs[0]].quantisation
    if last.name != "SOFTMAX" or logits is None:
        return float(INTEGER_TOLERANCE_STEPS)
    probability = np.tanh(INTEGER_TOLERANCE_STEPS * logits.scale[0] / 2)
    return float(np.ceil(probability / output.quantisation.scale[0]) + 1)
