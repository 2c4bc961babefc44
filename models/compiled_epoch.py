"""An epoch of training as one compiled function.

Keras's own loop spends most of its time between the operations of such small networks. Here the
batches, the samples of the LSTM, the optimiser and the average of the weights are loops and fused
arithmetic within one XLA program. The convolution is a product of matrices, because XLA's own
convolutions are slow on a CPU, and the LSTM carries its own derivative. `forward` computes what the
Keras model of `architecture.build` computes, up to rounding.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

from models.architecture import BATCH_NORM_EPSILON, conv_samples
from models.catalog import ACTIVITIES, WINDOW_SAMPLES, Network

if TYPE_CHECKING:
    from models.training import Recipe

Tensors = dict[str, Any]
"""Tensors by ``layer/variable``, such as ``conv/kernel``, as Keras names them."""

_MOMENT_DECAY = 0.98
"""Of batch normalisation's running moments, per batch: they span half an epoch."""
_ADAM_FIRST, _ADAM_SECOND, _ADAM_EPSILON = 0.9, 0.999, 1e-7
"""Kingma & Ba (2015), with Keras's epsilon."""
_NOISE_LEVELS = 256


class State(NamedTuple):
    """What an epoch starts from and what it leaves.

    Attributes:
        weights: As the optimiser moves them.
        first: Adam's running mean of the gradient.
        second: Adam's running mean of its square.
        average: Running mean of the weights: the network that is kept.
        moments: Batch normalisation's running ``batch_norm/moving_mean`` and
            ``batch_norm/moving_variance``; empty in family C.
        step: Batches seen.
    """

    weights: Tensors
    first: Tensors
    second: Tensors
    average: Tensors
    moments: Tensors
    step: Any

    @classmethod
    def start(cls, weights: Tensors, moments: Tensors) -> "State":
        """The state before the first batch."""

        def zeros() -> Tensors:
            return {name: tf.zeros_like(weight) for name, weight in weights.items()}

        return cls(weights, zeros(), zeros(), dict(weights), moments, tf.constant(0.0))


class Batches(NamedTuple):
    """The batches of an epoch.

    Attributes:
        windows: (steps, batch, 128, 6) float32, standardised.
        labels: (steps, batch) int32.
        noise: (steps, batch, ...) uint8, even over 0 to 255, one value for each of the dropout
            layer's (`dropout_shape`); drawn outside because XLA's generators are slow on a CPU.
        rates: (steps,) float32 learning rates.
    """

    windows: Any
    labels: Any
    noise: Any
    rates: Any


def compile_epoch(
    network: Network, recipe: "Recipe"
) -> Callable[[State, Batches, Any], tuple[State, Any, Any]]:
    """The epoch of a network: (state, batches, validation windows) to what follows.

    That is the state after the last batch, the mean loss of the batches, and the logits (n, 6) of
    the averaged network on the validation windows (n, 128, 6), which nothing else depends on.
    """

    def epoch(state: State, batches: Batches, validation: Any) -> tuple[State, Any, Any]:
        steps = batches.labels.shape[0]

        def batch(number: Any, state: State, total: Any) -> tuple[Any, State, Any]:
            state, loss = _step(
                network, recipe, state, Batches(*(part[number] for part in batches))
            )
            return number + 1, state, total + loss

        _, state, total = tf.while_loop(
            lambda number, _state, _total: number < steps,
            batch,
            (tf.constant(0), state, tf.constant(0.0)),
        )
        logits, _ = forward(network, state.average, validation, moments=state.moments)
        return state, total / steps, logits

    compiled: Callable[[State, Batches, Any], tuple[State, Any, Any]]
    compiled = tf.function(epoch, jit_compile=True, autograph=False)
    return compiled


def dropout_shape(network: Network) -> tuple[int, ...]:
    """The shape of what the dropout layer sees of one window."""
    samples = conv_samples(network)
    if network.lstm is None:
        return (samples, network.filters)
    return (network.lstm,) if network.lstm_output == "last" else (samples, network.lstm)


def _step(network: Network, recipe: "Recipe", state: State, batch: Batches) -> tuple[State, Any]:
    """One step of Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""
    loss, gradients, moments = _gradients(network, recipe, state.weights, batch)
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(g * g) for g in gradients.values()]))
    limit = tf.minimum(1.0, recipe.gradient_norm / tf.maximum(norm, 1e-9))
    step = state.step + 1.0
    bias_first = 1.0 - tf.pow(_ADAM_FIRST, step)
    bias_second = 1.0 - tf.pow(_ADAM_SECOND, step)
    # Short at the start, so that the average forgets the initial weights at once.
    memory = tf.minimum(recipe.average, (1.0 + step) / (10.0 + step))
    weights, first, second, average = {}, {}, {}, {}
    for name, weight in state.weights.items():
        gradient = gradients[name] * limit
        first[name] = _mean(state.first[name], gradient, _ADAM_FIRST)
        second[name] = _mean(state.second[name], gradient * gradient, _ADAM_SECOND)
        move = (first[name] / bias_first) / (tf.sqrt(second[name] / bias_second) + _ADAM_EPSILON)
        # Biases and batch normalisation's factors are vectors: nothing is gained by decaying them.
        decay = recipe.weight_decay * weight if len(weight.shape) > 1 else 0.0
        weights[name] = weight - batch.rates * (move + decay)
        average[name] = _mean(state.average[name], weights[name], memory)
    running = {
        name: _mean(state.moments[name], moment, _MOMENT_DECAY) for name, moment in moments.items()
    }
    return State(weights, first, second, average, running, step), loss


def _mean(running: Any, value: Any, memory: Any) -> Any:
    return memory * running + (1.0 - memory) * value


def _gradients(
    network: Network, recipe: "Recipe", weights: Tensors, batch: Batches
) -> tuple[Any, Tensors, Tensors]:
    """The loss, its derivatives by the weights, and the batch's own moments."""
    smooth = recipe.label_smoothing
    targets = tf.one_hot(batch.labels, len(ACTIVITIES)) * (1.0 - smooth) + smooth / len(ACTIVITIES)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        dropped = (batch.noise, recipe.dropout)
        logits, moments = forward(network, weights, batch.windows, dropped=dropped)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
    return loss, tape.gradient(loss, weights), moments


def forward(
    network: Network,
    weights: Tensors,
    windows: Any,
    *,
    dropped: tuple[Any, float] | None = None,
    moments: Tensors | None = None,
) -> tuple[Any, Tensors]:
    """A network's logits (n, 6), and the moments that batch normalisation saw.

    Args:
        network: Its sizes.
        weights: Its weights.
        windows: (n, 128, 6), standardised; n is static.
        dropped: In training, the noise and the rate of the dropout layer.
        moments: At inference, batch normalisation's moments in place of the batch's own.
    """
    body = _cnn if network.lstm is None else _cnn_lstm
    values, seen = body(network, weights, windows, dropped, moments)
    hidden = tf.nn.relu(values @ weights["dense/kernel"] + weights["dense/bias"])
    return hidden @ weights["output/kernel"] + weights["output/bias"], seen


def _cnn(
    network: Network,
    weights: Tensors,
    windows: Any,
    dropped: tuple[Any, float] | None,
    _moments: Tensors | None,
) -> tuple[Any, Tensors]:
    count, samples, filters = windows.shape[0], conv_samples(network), network.filters
    patches = _patches(windows, network.kernel)
    values = tf.reshape(patches, (count * samples, -1)) @ _matrix(weights["conv/kernel"])
    values = tf.reshape(tf.nn.relu(values + weights["conv/bias"]), (count, samples, filters))
    values = _dropout(values, dropped)
    pooled = samples // network.pool
    groups = values[:, : pooled * network.pool]
    groups = tf.reshape(groups, (count, pooled, network.pool, filters))
    # Pairwise, because the derivative of a maximum over an axis counts ties.
    values = groups[:, :, 0]
    for place in range(1, network.pool):
        values = tf.maximum(values, groups[:, :, place])
    return tf.reshape(values, (count, pooled * filters)), {}


def _cnn_lstm(
    network: Network,
    weights: Tensors,
    windows: Any,
    dropped: tuple[Any, float] | None,
    moments: Tensors | None,
) -> tuple[Any, Tensors]:
    # Time first, windows last: a step of the LSTM then works on whole rows of windows.
    patches = tf.transpose(_patches(windows, network.kernel), (1, 2, 0))
    values = tf.einsum("tkn,kf->tfn", patches, _matrix(weights["conv/kernel"]))
    values += weights["conv/bias"][:, None]
    if moments is None:
        mean = tf.reduce_mean(values, (0, 2))
        variance = tf.reduce_mean(values * values, (0, 2)) - mean * mean
        moments = {"batch_norm/moving_mean": mean, "batch_norm/moving_variance": variance}
    mean, variance = moments["batch_norm/moving_mean"], moments["batch_norm/moving_variance"]
    factor = weights["batch_norm/gamma"] * tf.math.rsqrt(variance + BATCH_NORM_EPSILON)
    offset = weights["batch_norm/beta"] - mean * factor
    values = tf.nn.relu(values * factor[:, None] + offset[:, None])
    # The inputs' share of all gates at all samples at once; only the state's share needs a loop.
    gates = tf.einsum("tfn,fg->tgn", values, weights["lstm/kernel"])
    hidden = _lstm(gates + weights["lstm/bias"][:, None], weights["lstm/recurrent_kernel"])
    if network.lstm_output == "last":
        return _dropout(tf.transpose(hidden[-1]), dropped), moments
    values = _dropout(tf.transpose(hidden, (2, 0, 1)), dropped)
    return tf.reshape(values, (windows.shape[0], -1)), moments


def _patches(windows: Any, kernel: int) -> Any:
    """What each place of a convolution sees: (n, samples, kernel * 6)."""
    samples = WINDOW_SAMPLES - kernel + 1
    return tf.concat([windows[:, tap : tap + samples] for tap in range(kernel)], axis=2)


def _matrix(kernel: Any) -> Any:
    """A convolution's kernel (taps, channels, filters) as a matrix for `_patches`."""
    return tf.reshape(kernel, (-1, kernel.shape[-1]))


def _dropout(values: Any, dropped: tuple[Any, float] | None) -> Any:
    if dropped is None:
        return values
    noise, rate = dropped
    threshold = round(rate * _NOISE_LEVELS)
    kept = tf.cast(noise, tf.int32) >= threshold
    return tf.where(kept, values * (_NOISE_LEVELS / (_NOISE_LEVELS - threshold)), 0.0)


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
def _lstm(inputs: Any, recurrent: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """The states (samples, units, n) of Keras's LSTM, and their derivative.

    Args:
        inputs: (samples, 4 units, n): the inputs' share of the gates with the bias, in Keras's
            order input, forget, cell, output.
        recurrent: (units, 4 units).
    """
    samples, units, count = inputs.shape[0], recurrent.shape[0], inputs.shape[2]
    # One tanh for all gates, as sigmoid(x) = (1 + tanh(x / 2)) / 2.
    half = tf.constant([0.5] * 2 * units + [1.0] * units + [0.5] * units)[:, None]
    inputs, matrix = inputs * half, tf.transpose(recurrent) * half
    zero = tf.zeros((units, count))

    def forth(t: Any, h: Any, c: Any, hs: Any, cs: Any, gs: Any) -> tuple[Any, ...]:
        gates = tf.tanh(inputs[t] + matrix @ h) * half + (1.0 - half)
        i, f, g, o = (gates[k * units : (k + 1) * units] for k in range(4))
        c = f * c + i * g
        h = o * tf.tanh(c)
        return t + 1, h, c, hs.write(t, h), cs.write(t, c), gs.write(t, gates)

    _, _, _, hs, cs, gs = tf.while_loop(
        lambda t, *_: t < samples,
        forth,
        (tf.constant(0), zero, zero, *_arrays(samples, count, units, units, 4 * units)),
        maximum_iterations=samples,
    )
    hidden, cells, gates = hs.stack(), cs.stack(), gs.stack()

    def gradient(upstream: Any) -> tuple[Any, Any]:
        i, f, g, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
        nothing = tf.zeros_like(i)
        squashed = tf.tanh(cells)
        # By the cell and by the output: what each gate's argument does to them, for all samples.
        by_cell = tf.stack(
            [g * i * (1 - i), _before(cells) * f * (1 - f), i * (1 - g * g), nothing], axis=1
        )
        by_hidden = tf.stack([nothing, nothing, nothing, squashed * o * (1 - o)], axis=1)
        cell_by_hidden = o * (1 - squashed * squashed)

        def back(t: Any, dh: Any, dc: Any, ds: Any) -> tuple[Any, ...]:
            dh = dh + upstream[t]
            dc = dc + dh * cell_by_hidden[t]
            d = tf.reshape(dc * by_cell[t] + dh * by_hidden[t], (4 * units, count))
            return t - 1, recurrent @ d, dc * f[t], ds.write(t, d)

        _, _, _, ds = tf.while_loop(
            lambda t, *_: t >= 0,
            back,
            (tf.constant(samples - 1), zero, zero, *_arrays(samples, count, 4 * units)),
            maximum_iterations=samples,
        )
        by_inputs = ds.stack()
        by_recurrent = tf.reduce_sum(tf.matmul(_before(hidden), by_inputs, transpose_b=True), 0)
        return by_inputs, by_recurrent

    return hidden, gradient


def _arrays(samples: int, count: int, *rows: int) -> list[Any]:
    return [tf.TensorArray(tf.float32, samples, element_shape=(n, count)) for n in rows]


def _before(states: Any) -> Any:
    """The state before each sample; zero before the first."""
    return tf.concat([tf.zeros_like(states[:1]), states[:-1]], axis=0)
