"""Training: a network, its training windows and a recipe to a trained Keras model.

The recipe is one for a family and was chosen without the test subjects of fold 0; how, and what
else was tried: docs/decisions/0003. The same arguments give the same weights, to the bit, whatever
else runs on the machine.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.architecture import build
from models.augmentation import Augmentation, augmented, join
from models.catalog import CHANNELS, Network
from models.errors import TrainingError
from models.input_range import reach, rescaled
from models.threads import use_one_thread
from models.windows import Windows

if TYPE_CHECKING:
    import keras

    from models.compiled_epoch import Batches, Tensors

Progress = Callable[[int, int, float], None]
"""Told after each epoch: epochs done, epochs in all, and the accuracy on the validation windows."""


@dataclass(frozen=True)
class Recipe:
    """All that decides a training besides its network, its windows and its seed.

    Attributes:
        epochs: Times that each training window is seen; the averaged weights of the last one are
            the result.
        batch: Windows in a step.
        rate: The highest learning rate of Adam; after the warm-up it falls to zero by a cosine.
        warm_up: Epochs in which it rises to that from zero.
        weight_decay: Decoupled, in multiples of the learning rate.
        label_smoothing: Share of a label that is spread evenly over all activities.
        dropout: Share of values that the dropout layer leaves out.
        memory: The longest memory, in samples, with which the units of an LSTM begin.
        average: Memory, per step, of the running mean of the weights.
        gradient_norm: Longer gradients are shortened to this.
        augmentation: How training windows are changed.
    """

    epochs: int
    batch: int
    rate: float
    warm_up: int
    weight_decay: float
    label_smoothing: float
    dropout: float
    memory: float | None
    average: float
    gradient_norm: float
    augmentation: Augmentation


_AUGMENTATION = Augmentation(turn=0.5, lean=0.07, vigour=0.3, shift=32)

RECIPES: Mapping[str, Recipe] = {
    "C": Recipe(
        epochs=80,
        batch=64,
        rate=6e-3,
        warm_up=2,
        weight_decay=0.1,
        label_smoothing=0.02,
        dropout=0.1,
        memory=None,
        average=0.998,
        gradient_norm=1.0,
        augmentation=_AUGMENTATION,
    ),
    "CL": Recipe(
        epochs=80,
        batch=64,
        rate=1e-2,
        warm_up=2,
        weight_decay=0.1,
        label_smoothing=0.02,
        dropout=0.1,
        memory=100.0,
        average=0.998,
        gradient_norm=1.0,
        augmentation=_AUGMENTATION,
    ),
}
"""The recipe of each family."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        model: Takes windows (n, 128, 6) standardised by ``mean`` and ``scale``.
        mean: (6,) float32 in g and rad/s, of the training windows' channels.
        scale: (6,) float32 in g and rad/s, what 99 % of their samples stay within of the mean.
        history: Of each epoch: ``loss`` on the augmented training windows, ``validation_loss`` and
            ``validation_accuracy`` of the averaged weights, losses as mean cross-entropy in nats.
        epoch: The one whose weights these are, counted from 1.
    """

    model: "keras.Model"
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    history: Mapping[str, tuple[float, ...]]
    epoch: int

    def summary(self) -> str:
        """How the training went, in a few words for people."""
        accuracy = self.history["validation_accuracy"][self.epoch - 1]
        return f"{self.epoch} epochs, accuracy on the validation subjects {accuracy:.3f}"


def train(
    network: Network,
    training: Windows,
    validation: Windows,
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a network.

    Args:
        network: What to train.
        training: In the order of the recording, in g and rad/s. Weights and standardisation come
            from these alone.
        validation: Windows of other subjects, to watch the training by.
        seed: Decides initial weights, order, augmentation and dropout.
        recipe: By default that of the network's family.
        progress: Told after each epoch.

    Raises:
        TrainingError: The windows cannot be trained on, or the loss is no longer a number.
        CatalogError: The network's sizes leave nothing of a window.
        ModelsError: TensorFlow computes with several threads in this process already.
    """
    recipe = recipe or RECIPES[network.family]
    mean, scale = _standardisation(network, training, validation)
    use_one_thread()
    from models.compiled_epoch import State, compile_epoch

    model = build(network, seed, dropout=recipe.dropout, memory=recipe.memory)
    run_epoch = compile_epoch(network, recipe)
    state = State.start(_variables(model, trainable=True), _variables(model, trainable=False))
    watched = (validation.x - mean) / scale
    history: dict[str, list[float]] = defaultdict(list)
    for batches in _epochs(network, recipe, training, (mean, scale), seed):
        state, loss, logits = run_epoch(state, batches, watched)
        history["loss"].append(float(loss))
        for name, value in _scores(logits.numpy(), validation.y).items():
            history[name].append(value)
        _require_numbers(network, recipe, history)
        if progress is not None:
            progress(len(history["loss"]), recipe.epochs, history["validation_accuracy"][-1])
    _assign(model, state.average | state.moments)
    scale = _to_input_range(model, training, mean, scale)
    kept = {name: tuple(values) for name, values in history.items()}
    return Trained(model, mean, scale, kept, epoch=recipe.epochs)


def _to_input_range(
    model: "keras.Model",
    training: Windows,
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Let the model take inputs divided by their reach instead of ``scale``; returns the reach."""
    wanted = reach(training, mean)
    kernel, bias = model.get_layer("conv").get_weights()
    model.get_layer("conv").set_weights([rescaled(kernel, scale, wanted), bias])
    return wanted


def _standardisation(
    network: Network, training: Windows, validation: Windows
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (6,) of the training windows' channels."""
    for name, windows in (("training", training), ("validation", validation)):
        if not len(windows) or not np.isfinite(windows.x).all():
            raise TrainingError(
                f"{network.name}: {len(windows)} {name} windows, of which"
                f" {np.isfinite(windows.x).all(axis=(1, 2)).sum()} are finite; give at least one,"
                " and only finite ones"
            )
    # In float64: the sum of a million float32 values would lose digits.
    mean = training.x.mean(axis=(0, 1), dtype=np.float64)
    scale = training.x.std(axis=(0, 1), dtype=np.float64)
    if not scale.all():
        raise TrainingError(
            f"{network.name}: channels {np.flatnonzero(scale == 0).tolist()} of"
            f" 0 to {CHANNELS - 1} never change in {len(training)} training windows, so they have"
            " no scale; give windows of a working sensor"
        )
    return mean.astype(np.float32), scale.astype(np.float32)


def _epochs(
    network: Network,
    recipe: Recipe,
    training: Windows,
    standardisation: tuple[NDArray[np.float32], NDArray[np.float32]],
    seed: int,
) -> Iterator["Batches"]:
    """The batches of each epoch; windows that fill no batch wait for another epoch."""
    from models.compiled_epoch import Batches, dropout_shape

    mean, scale = standardisation
    rng = np.random.default_rng(seed)
    stretches = join(training)
    size = min(recipe.batch, len(training))
    steps = len(training) // size
    for rates in _rates(recipe, steps).reshape(recipe.epochs, steps):
        windows = (augmented(stretches, recipe.augmentation, rng) - mean) / scale
        order = rng.permutation(len(training))[: steps * size].reshape(steps, size)
        noise = rng.integers(0, 256, (steps, size, *dropout_shape(network)), dtype=np.uint8)
        yield Batches(windows[order], training.y[order].astype(np.int32), noise, rates)


def _rates(recipe: Recipe, steps: int) -> NDArray[np.float32]:
    """The learning rate of each step: a linear rise, then a cosine down to zero."""
    done = np.arange(recipe.epochs * steps)
    rise = recipe.warm_up * steps
    falling = (done - rise) / max(1, len(done) - rise)
    return np.where(
        done < rise,
        recipe.rate * (done + 1) / max(1, rise),
        recipe.rate * 0.5 * (1.0 + np.cos(np.pi * falling)),
    ).astype(np.float32)


def _scores(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(labels)), labels]
    losses = np.log(np.exp(shifted).sum(axis=1)) - chosen
    return {
        "validation_loss": float(losses.mean()),
        "validation_accuracy": float((logits.argmax(axis=1) == labels).mean()),
    }


def _require_numbers(
    network: Network, recipe: Recipe, history: Mapping[str, Sequence[float]]
) -> None:
    last = {name: values[-1] for name, values in history.items()}
    if not all(map(math.isfinite, last.values())):
        raise TrainingError(
            f"{network.name}: after epoch {len(history['loss'])} of {recipe.epochs} the training"
            f" has diverged: {last}; lower the recipe's rate, now {recipe.rate}"
        )


def _variables(model: "keras.Model", *, trainable: bool) -> "Tensors":
    """The values of a model's variables by ``layer/variable``."""
    import tensorflow as tf

    return {
        f"{layer.name}/{variable.name}": tf.convert_to_tensor(variable)
        for layer in model.layers
        for variable in layer.weights
        if variable.trainable == trainable
    }


def _assign(model: "keras.Model", values: "Tensors") -> None:
    for layer in model.layers:
        for variable in layer.weights:
            variable.assign(values[f"{layer.name}/{variable.name}"])
