import subprocess
import sys

import numpy as np
import pytest

from models.architecture import build, macs, parameters
from models.catalog import NETWORKS, Network
from models.errors import CatalogError

pytestmark = pytest.mark.usefixtures("one_thread")

CNN = ["conv", "dropout", "pool", "flatten", "dense", "output"]
CNN_LSTM = ["conv", "batch_norm", "relu", "lstm", "dropout", "dense", "output"]
SEQUENCE = Network("seq", filters=2, kernel=5, dense=7, lstm=3, lstm_output="sequence")

# Parameters and multiply-accumulates of the paper's networks, counted once by hand from Table 1.
SIZES = {
    "C_1": (7_025, 9_168),
    "C_2": (13_344, 17_736),
    "C_3": (25_982, 34_872),
    "C_4": (51_258, 69_144),
    "C_5": (63_896, 86_280),
    "C_6": (101_810, 137_688),
    "C_7": (127_086, 171_960),
    "C_8": (202_914, 274_776),
    "CL_1": (7_156, 155_320),
    "CL_2": (7_330, 175_984),
    "CL_3": (7_678, 217_312),
    "CL_4": (3_526, 79_168),
    "CL_5": (5_014, 136_640),
    "CL_6": (8_374, 299_968),
}


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (NETWORKS["C_3"], CNN),
        (NETWORKS["CL_3"], CNN_LSTM),
        (SEQUENCE, [*CNN_LSTM[:5], "flatten", *CNN_LSTM[5:]]),
    ],
    ids=["C", "CL", "CL sequence"],
)
def test_layers_stand_in_the_papers_order(network: Network, names: list[str]) -> None:
    model = build(network, dropout=0.3)
    assert [layer.name for layer in model.layers] == names
    assert model.get_layer("dropout").rate == 0.3
    assert model.input_shape == (None, 128, 6)
    assert model.output_shape == (None, 6)


def test_activations_are_those_of_the_paper() -> None:
    cnn, cnn_lstm = build(NETWORKS["C_1"]), build(NETWORKS["CL_1"])
    assert cnn.get_layer("conv").activation.__name__ == "relu"
    # In the other family, batch normalisation stands between the convolution and its ReLU.
    assert cnn_lstm.get_layer("conv").activation.__name__ == "linear"
    for model in (cnn, cnn_lstm):
        assert model.get_layer("dense").activation.__name__ == "relu"
        assert model.get_layer("output").activation.__name__ == "softmax"


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_sizes_of_the_papers_networks(name: str) -> None:
    network = NETWORKS[name]
    assert (parameters(network), macs(network)) == SIZES[name]
    assert build(network).count_params() == SIZES[name][0]


@pytest.mark.parametrize(
    "network",
    [SEQUENCE, Network("odd", filters=3, kernel=6, dense=5, pool=4)],
    ids=["sequence", "pool that leaves a rest"],
)
def test_parameters_of_other_networks_are_keras_count(network: Network) -> None:
    assert parameters(network) == build(network).count_params()


@pytest.mark.parametrize("name", ["C_2", "CL_4"])
def test_the_seed_alone_decides_the_initial_weights(name: str) -> None:
    def weights(seed: int) -> np.ndarray:
        model = build(NETWORKS[name], seed, memory=100.0)
        return np.concatenate([values.ravel() for values in model.get_weights()])

    first = weights(3)
    assert np.array_equal(first, weights(3))
    assert not np.array_equal(first, weights(4))


def test_a_longer_memory_opens_the_forget_gates() -> None:
    units = 16
    bias = build(NETWORKS["CL_3"], memory=100.0).get_layer("lstm").get_weights()[2]
    gates = bias.reshape(4, units)
    # A gate of sigmoid(b) keeps exp(b) + 1 samples.
    kept = np.exp(gates[1]) + 1.0
    assert 2.0 <= kept.min() < kept.max() <= 100.0
    assert np.array_equal(gates[0], -gates[1])
    assert not gates[2:].any()


@pytest.mark.parametrize(
    "network",
    [
        Network("long", filters=1, kernel=129, dense=2),
        Network("pooled", filters=1, kernel=3, dense=2, pool=127),
        Network("long_lstm", filters=1, kernel=129, dense=2, lstm=2),
    ],
    ids=lambda network: network.name,
)
def test_a_network_that_leaves_nothing_of_a_window_is_refused(network: Network) -> None:
    with pytest.raises(CatalogError, match=f"{network.name}: kernel {network.kernel} and pool"):
        build(network)


def test_formulae_need_no_tensorflow() -> None:
    code = (
        "import sys; from models.architecture import macs; from models.catalog import NETWORKS;"
        "print(macs(NETWORKS['C_1']), {'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["9168", "set()"]
