"""What limits are held against: each quantity with the uncertainty of its guard band."""

from bench.run.reached import accuracy_reached, device_reached
from tests.unit import records


def test_guard_bands_are_made_of_the_stated_uncertainties() -> None:
    record = records.variant("C_1-D", energy=1e-3).model_copy(
        update={
            "saving": records.estimate(0.3, "1"),
            "accuracy": (records.accuracy({1: 0.9, 2: 0.8}, (0.81, 0.87)),),
        }
    )
    found = device_reached(record) | accuracy_reached(record, None)
    assert found["energy"] == (1e-3, 1e-5)
    assert found["saving"] == (0.3, 0.003)
    assert found["arena"][1] == found["latency"][1] == 0.0
    value, half = found["accuracy"]
    assert abs(half - 0.03) < 1e-12
    assert abs(value - 0.85) < 1e-12


def test_without_a_saving_there_is_none_to_judge() -> None:
    assert "saving" not in device_reached(records.variant("C_1-L", energy=1e-3))


def test_a_drop_is_as_uncertain_as_it_varies_between_subjects() -> None:
    base = records.base("C_1", {1: 0.9, 2: 0.8, 3: 0.85})
    alike, scattered = (
        records.variant("C_1-F").model_copy(update={"accuracy": (records.accuracy(scores),)})
        for scores in ({1: 0.89, 2: 0.79, 3: 0.84}, {1: 0.90, 2: 0.77, 3: 0.85})
    )
    drop, half = accuracy_reached(alike, base)["accuracy drop"]
    assert abs(drop - 0.01) < 1e-12
    assert half < 1e-12
    drop, half = accuracy_reached(scattered, base)["accuracy drop"]
    assert abs(drop - 0.01) < 1e-12
    assert half > 0.005
