"""The two families of the paper's section 3.1: their layers, and their size by formula."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, CHANNELS, WINDOW_SAMPLES, Network
from models.errors import CatalogError

if TYPE_CHECKING:
    import keras

BATCH_NORM_EPSILON = 1e-3
"""Keras's default; named because training computes the layer itself."""


def build(
    network: Network, seed: int = 0, *, dropout: float = 0.0, memory: float | None = None
) -> "keras.Model":
    """An untrained network that takes standardised windows (n, 128, 6) and gives (n, 6) classes.

    Layers and their order are those of the paper's section 3.1. Each has a name: ``conv``,
    ``dropout``, ``pool``, ``flatten``, ``dense``, ``output`` in family C and ``conv``,
    ``batch_norm``, ``relu``, ``lstm``, ``dropout``, ``dense``, ``output`` in family CL, where
    ``flatten`` follows ``dropout`` in a network whose LSTM gives its whole sequence.

    Args:
        network: What to build.
        seed: Decides the initial weights alone, whatever was built before in this process.
        dropout: Share of the values that the dropout layer leaves out, 0 to below 1.
        memory: The longest memory in samples with which the units of an LSTM begin, spread evenly
            over them (chrono initialisation: Tallec & Ollivier 2018); by default Keras's, two.

    Raises:
        CatalogError: The network's sizes leave nothing of the window.
    """
    from keras import Input, Sequential, initializers, layers

    _check(network)

    def glorot(number: int) -> "initializers.Initializer":
        # One seed for two layers would give them the same draws.
        return initializers.GlorotUniform(seed=(seed << 3) + number)

    convolution = layers.Conv1D(
        network.filters,
        network.kernel,
        activation="relu" if network.lstm is None else None,
        kernel_initializer=glorot(0),
        name="conv",
    )
    if network.lstm is None:
        body = [
            layers.Dropout(dropout, name="dropout"),
            layers.MaxPooling1D(network.pool, name="pool"),
            layers.Flatten(name="flatten"),
        ]
    else:
        sequence = network.lstm_output == "sequence"
        body = [
            layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name="batch_norm"),
            layers.ReLU(name="relu"),
            layers.LSTM(
                network.lstm,
                return_sequences=sequence,
                kernel_initializer=glorot(1),
                recurrent_initializer=initializers.Orthogonal(seed=(seed << 3) + 2),
                name="lstm",
            ),
            layers.Dropout(dropout, name="dropout"),
            *([layers.Flatten(name="flatten")] if sequence else []),
        ]
    model = Sequential(
        [
            Input((WINDOW_SAMPLES, CHANNELS), name="window"),
            convolution,
            *body,
            layers.Dense(
                network.dense, activation="relu", kernel_initializer=glorot(3), name="dense"
            ),
            layers.Dense(
                len(ACTIVITIES), activation="softmax", kernel_initializer=glorot(4), name="output"
            ),
        ],
        name=network.name,
    )
    if network.lstm is not None and memory is not None:
        model.get_layer("lstm").cell.bias.assign(_chrono_bias(network.lstm, memory, seed))
    return model


def conv_samples(network: Network) -> int:
    """Samples that the convolution gives: it sees only whole kernels (``valid`` padding)."""
    return WINDOW_SAMPLES - network.kernel + 1


def features(network: Network) -> int:
    """Values that the first dense layer sees."""
    if network.lstm is None:
        return conv_samples(network) // network.pool * network.filters
    return network.lstm * (conv_samples(network) if network.lstm_output == "sequence" else 1)


def macs(network: Network) -> int:
    """Multiply-accumulates of one inference.

    Counted are the products with weights, as is usual: not biases, batch normalisation (which
    conversion folds into the convolution), pooling, activations and the LSTM's products of gates.
    """
    samples = conv_samples(network)
    convolution = samples * network.kernel * CHANNELS * network.filters
    recurrent = 0
    if network.lstm is not None:
        recurrent = samples * 4 * network.lstm * (network.filters + network.lstm)
    return convolution + recurrent + network.dense * (features(network) + len(ACTIVITIES))


def parameters(network: Network) -> int:
    """Trained and running values of a network, batch normalisation's moments included."""
    count = network.filters * (network.kernel * CHANNELS + 1)
    if network.lstm is not None:
        count += 4 * network.filters
        count += 4 * network.lstm * (network.filters + network.lstm + 1)
    return count + math.prod((network.dense, features(network) + 1)) + 6 * (network.dense + 1)


def _chrono_bias(units: int, memory: float, seed: int) -> NDArray[np.float32]:
    """Biases of the gates input, forget, cell and output.

    A forget gate of bias log(t - 1) keeps t samples, if nothing else moves it; the input gate's
    bias is the opposite, so that what a unit gathers in that time stays of order one.
    """
    forget = np.log(np.random.default_rng(seed).uniform(1.0, memory - 1.0, units))
    none = np.zeros(units)
    return np.concatenate([-forget, forget, none, none]).astype(np.float32)


def _check(network: Network) -> None:
    if conv_samples(network) < 1 or features(network) < 1:
        raise CatalogError(
            f"{network.name}: kernel {network.kernel} and pool {network.pool} leave nothing of a"
            f" window of {WINDOW_SAMPLES} samples; make them shorter"
        )
