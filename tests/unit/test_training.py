import dataclasses
import functools
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.architecture import build
from models.augmentation import Augmentation
from models.catalog import Network
from models.errors import TrainingError
from models.training import RECIPES, Recipe, Trained, train
from models.windows import Windows

CNN = Network("cnn", filters=2, kernel=3, dense=8)
CNN_LSTM = Network("cnn_lstm", filters=2, kernel=3, dense=8, lstm=4)
ODD_CNN = Network("odd", filters=3, kernel=6, dense=5, pool=4)
SEQUENCE = Network("sequence", filters=2, kernel=5, dense=7, lstm=3, lstm_output="sequence")

WIDE_CNN = Network("wide", filters=32, kernel=3, dense=100)
WIDE_CNN_LSTM = Network("wide_lstm", filters=16, kernel=3, dense=256, lstm=16)


def quick(network: Network) -> Recipe:
    """The recipe of the network's family, for few windows."""
    recipe = RECIPES[network.family]
    return dataclasses.replace(recipe, epochs=3, batch=30, warm_up=1, average=0.9)


@functools.cache
def people(*subjects: int) -> Windows:
    """Activities that differ by frequency and orientation, subjects that differ by strength."""
    time = np.arange(64 * 6)[:, None] / 50.0
    x, y, who = [], [], []
    for subject in subjects:
        rng = np.random.default_rng(subject)
        for activity in range(6):
            wave = np.sin(2 * np.pi * (0.5 + activity) * time + rng.uniform(0, 6, 6))
            gravity = np.array([1.0, 0.3 * activity - 0.7, 0.1, 0.0, 0.0, 0.0])
            samples = gravity + rng.uniform(0.3, 0.5) * wave + rng.normal(0, 0.05, wave.shape)
            windows = [samples[64 * k : 64 * k + 128] for k in range(5)]
            x += windows
            y += [activity] * len(windows)
            who += [subject] * len(windows)
    return Windows(np.array(x, np.float32), np.array(y, np.int64), np.array(who, np.int64))


TRAINING = (1, 2, 3)
VALIDATION = (4,)


@functools.cache
def trained(network: Network, seed: int = 0, validation: tuple[int, ...] = VALIDATION) -> Trained:
    recipe = quick(network)
    return train(network, people(*TRAINING), people(*validation), seed=seed, recipe=recipe)


def digest(result: Trained) -> str:
    """Of all that is trained."""
    arrays = [*result.model.get_weights(), result.mean, result.scale]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_same_seed_same_weights_in_another_process_with_other_threads() -> None:
    # Networks large enough for TensorFlow to share out their sums between threads.
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(3);"
        "from tests.unit.test_training import WIDE_CNN, WIDE_CNN_LSTM, digest, trained;"
        "print(digest(trained(WIDE_CNN)), digest(trained(WIDE_CNN_LSTM)),"
        " tf.config.threading.get_intra_op_parallelism_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "3", "TF_NUM_INTEROP_THREADS": "3"},
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    *digests, threads = done.stdout.split()
    assert digests == [digest(trained(WIDE_CNN)), digest(trained(WIDE_CNN_LSTM))]
    # Said as well, because two and three threads happen to agree where one does not.
    assert threads == "1"


def test_another_seed_gives_other_weights() -> None:
    assert digest(trained(CNN)) != digest(trained(CNN, seed=1))


def test_validation_windows_have_no_influence_on_the_result() -> None:
    one, other = trained(CNN), trained(CNN, validation=(5, 6))
    assert digest(one) == digest(other)
    assert one.epoch == other.epoch
    assert one.history["loss"] == other.history["loss"]
    assert one.history["validation_loss"] != other.history["validation_loss"]


def test_standardisation_comes_from_the_training_windows() -> None:
    windows = people(*TRAINING).x
    result = trained(CNN)
    standardised = (windows - result.mean) / result.scale
    assert np.allclose(standardised.mean(axis=(0, 1)), 0.0, atol=1e-4)
    within = (np.abs(standardised) <= 1.0).mean(axis=(0, 1))
    assert np.allclose(within, 0.99, atol=2e-3)
    assert result.mean.dtype == result.scale.dtype == np.float32


@pytest.mark.parametrize("network", [CNN, CNN_LSTM], ids=lambda network: network.name)
def test_the_model_that_is_returned_is_the_one_that_was_watched(network: Network) -> None:
    result, windows = trained(network), people(*VALIDATION)
    assert [layer.name for layer in result.model.layers] == [
        layer.name for layer in build(network).layers
    ]
    outputs = np.asarray(result.model((windows.x - result.mean) / result.scale))
    chosen = outputs[np.arange(len(windows)), windows.y]
    at = result.epoch - 1
    assert np.mean(-np.log(chosen)) == pytest.approx(
        result.history["validation_loss"][at], abs=1e-5
    )
    assert (outputs.argmax(axis=1) == windows.y).mean() == pytest.approx(
        result.history["validation_accuracy"][at]
    )
    assert {len(values) for values in result.history.values()} == {quick(network).epochs}


def test_a_network_learns() -> None:
    recipe = dataclasses.replace(quick(CNN), epochs=200)
    seen: list[tuple[int, int, float]] = []
    result = train(
        CNN,
        people(*TRAINING),
        people(*VALIDATION),
        recipe=recipe,
        progress=lambda *epoch: seen.append(epoch),
    )
    assert result.history["validation_accuracy"][-1] > 0.9
    assert result.history["loss"][-1] < 0.5 * result.history["loss"][0]
    accuracies = result.history["validation_accuracy"]
    assert seen == [(number, 200, accuracies[number - 1]) for number in range(1, 201)]
    assert f"{accuracies[-1]:.3f}" in result.summary()


@pytest.mark.parametrize(
    "network", [CNN, ODD_CNN, CNN_LSTM, SEQUENCE], ids=lambda network: network.name
)
def test_the_forward_pass_of_training_is_the_keras_model(network: Network) -> None:
    import tensorflow as tf

    from models.compiled_epoch import forward

    model, weights, moments = _random(network)
    windows = tf.random.stateless_normal((4, 128, 6), (1, 2))

    def infer(windows: Any) -> Any:
        return forward(network, weights, windows, moments=moments)[0]

    logits = tf.function(infer, jit_compile=True, autograph=False)(windows)
    wanted = np.log(np.asarray(model(windows)))
    found = np.asarray(tf.nn.log_softmax(logits))
    assert np.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("network", [CNN_LSTM, SEQUENCE], ids=lambda network: network.name)
def test_the_lstms_own_derivative_is_that_of_keras(network: Network) -> None:
    import tensorflow as tf

    from models.compiled_epoch import forward

    model, weights, moments = _random(network)
    windows = tf.random.stateless_normal((4, 128, 6), (1, 2))
    targets = tf.one_hot([0, 3, 4, 5], 6)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        logits, _ = forward(network, weights, windows, moments=moments)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
    found = tape.gradient(loss, weights)
    with tf.GradientTape() as tape:
        likelihood = tf.reduce_sum(targets * model(windows), axis=1)
        loss = -tf.reduce_mean(tf.math.log(likelihood))
    variables = [variable.value for variable in model.trainable_variables]
    for name, wanted in zip(weights, tape.gradient(loss, variables), strict=True):
        assert np.allclose(found[name], wanted, rtol=1e-3, atol=1e-5), name


def test_batch_normalisation_trains_on_the_batchs_own_moments() -> None:
    import tensorflow as tf

    from models.compiled_epoch import forward

    model, weights, _ = _random(CNN_LSTM)
    windows = tf.random.stateless_normal((16, 128, 6), (1, 2))
    _, moments = forward(CNN_LSTM, weights, windows)
    convolved = np.asarray(model.get_layer("conv")(windows))
    assert np.allclose(moments["batch_norm/moving_mean"], convolved.mean((0, 1)), atol=1e-5)
    assert np.allclose(moments["batch_norm/moving_variance"], convolved.var((0, 1)), atol=1e-4)


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    import tensorflow as tf

    from models.compiled_epoch import _dropout

    noise = np.arange(256, dtype=np.uint8)
    kept = np.asarray(_dropout(tf.ones(256), (noise, 0.25)))
    assert (kept == 0.0).mean() == 0.25
    assert kept.mean() == pytest.approx(1.0)
    assert np.array_equal(_dropout(tf.ones(256), None), np.ones(256))


def test_the_rate_rises_and_then_falls_to_zero() -> None:
    from models.training import _rates

    recipe = dataclasses.replace(quick(CNN), epochs=10, warm_up=2, rate=0.5)
    rates = _rates(recipe, steps=5)
    assert rates.shape == (50,)
    assert rates.argmax() in (9, 10)
    assert rates.max() == pytest.approx(0.5)
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] < 0.01 * 0.5


def test_a_training_that_diverges_is_an_error() -> None:
    recipe = dataclasses.replace(quick(CNN), rate=1e30)
    with pytest.raises(TrainingError, match=r"cnn: after epoch 1 of 3 .*diverged.*lower.*1e\+30"):
        train(CNN, people(*TRAINING), people(*VALIDATION), recipe=recipe)


def test_windows_that_cannot_be_trained_on_are_refused() -> None:
    good = people(*TRAINING)
    none = good.of([])
    holes = dataclasses.replace(good, x=np.where(good.x > 1.0, np.float32(np.nan), good.x))
    still = dataclasses.replace(good, x=good.x * np.array([1, 1, 1, 1, 1, 0], np.float32))
    for training, validation, message in (
        (none, good, "cnn: 0 training windows"),
        (good, none, "cnn: 0 validation windows"),
        (holes, good, "cnn: 90 training windows, of which .* are finite"),
        (good, holes, "cnn: 90 validation windows, of which .* are finite"),
        (still, good, r"cnn: channels \[5\] of 0 to 5 never change"),
    ):
        with pytest.raises(TrainingError, match=message):
            train(CNN, training, validation, recipe=quick(CNN))


def test_fewer_windows_than_a_batch_are_one_batch() -> None:
    recipe = dataclasses.replace(quick(CNN), batch=1000, epochs=1, warm_up=0)
    result = train(CNN, people(1), people(2), recipe=recipe)
    assert len(result.history["loss"]) == 1


def test_several_threads_are_refused() -> None:
    code = (
        "import tensorflow as tf;"
        "tf.config.threading.set_intra_op_parallelism_threads(2);"
        "tf.add(1, 2);"
        "from models.threads import use_one_thread;"
        "use_one_thread()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ModelsError: TensorFlow computes with 2 in this process already" in done.stderr


def test_each_family_has_one_recipe_that_augments() -> None:
    assert set(RECIPES) == {"C", "CL"}
    for recipe in RECIPES.values():
        assert recipe.augmentation != Augmentation(turn=0.0, lean=0.0, vigour=0.0, shift=0)


def _random(network: Network) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """A Keras model with random weights, moments included, and the same as training holds it."""
    import tensorflow as tf

    from models.threads import use_one_thread

    use_one_thread()
    model = build(network, seed=7)
    rng = np.random.default_rng(7)
    for layer in model.layers:
        for variable in layer.weights:
            around = variable.numpy()
            spread = rng.uniform(0.5, 1.5, around.shape) if "variance" in variable.name else None
            noise = rng.normal(0, 0.2, around.shape)
            variable.assign(spread if spread is not None else around + noise)
    parts: dict[bool, dict[str, Any]] = {True: {}, False: {}}
    for layer in model.layers:
        for variable in layer.weights:
            values = tf.convert_to_tensor(variable)
            parts[variable.trainable][f"{layer.name}/{variable.name}"] = values
    return model, parts[True], parts[False]
