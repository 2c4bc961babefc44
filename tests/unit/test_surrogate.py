"""The stand-in has to look like recordings of people, of different people, and not like noise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalog import ACTIVITIES
from models.split import split
from models.surrogate import surrogate
from models.windows import Windows

WALKS = [ACTIVITIES.index(name) for name in ACTIVITIES if name.startswith("walking")]
POSTURES = [ACTIVITIES.index(name) for name in ("sitting", "standing", "laying")]
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def windows() -> Windows:
    return surrogate()


def of_activities(windows: Windows, activities: list[int]) -> Windows:
    chosen = np.isin(windows.y, activities)
    return Windows(windows.x[chosen], windows.y[chosen], windows.subjects[chosen])


def cadence_hz(windows: Windows) -> Array:
    """The strongest frequency of the vertical acceleration of each window."""
    vertical = windows.x[:, :, 0] - windows.x[:, :, 0].mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(vertical, 1024, axis=1)) ** 2
    strongest: Array = np.fft.rfftfreq(1024, 1 / 50)[power.argmax(axis=1)]
    return strongest


def by_subject(windows: Windows, values: Array) -> Array:
    return np.array(
        [values[windows.subjects == s].mean(axis=0) for s in np.unique(windows.subjects)]
    )


def test_size_is_that_of_uci_har(windows: Windows) -> None:
    subjects, counts = np.unique(windows.subjects, return_counts=True)
    assert subjects.tolist() == list(range(1, 31))
    assert 9_500 < len(windows) < 11_000
    assert counts.min() > 280
    assert counts.max() < 420
    assert np.bincount(windows.y).min() > 1_200
    assert np.isfinite(windows.x).all()


def test_seed_decides_everything(windows: Windows) -> None:
    assert surrogate(0).digest() == windows.digest()
    assert surrogate(1).digest() != windows.digest()


def test_neighbouring_windows_share_half_their_samples(windows: Windows) -> None:
    joined = (windows.x[1:, :64] == windows.x[:-1, 64:]).all(axis=(1, 2))
    same = (windows.y[1:] == windows.y[:-1]) & (windows.subjects[1:] == windows.subjects[:-1])
    assert not joined[~same].any()
    # Thirty people, two rounds, fourteen stretches each.
    assert (~joined).sum() == 30 * 2 * 14 - 1


def test_bodies_at_rest_feel_gravity_alone(windows: Windows) -> None:
    rest = of_activities(windows, POSTURES)
    assert np.linalg.norm(rest.x[..., :3].mean(axis=1), axis=1) == pytest.approx(1.0, abs=0.02)
    assert rest.x[..., 3:].std(axis=1).max() < 0.2
    upright = windows.x[windows.y == ACTIVITIES.index("standing"), :, 0].mean()
    lying = windows.x[windows.y == ACTIVITIES.index("laying"), :, 0].mean()
    assert upright > 0.9
    assert abs(lying) < 0.2


def test_walks_have_the_cadence_of_people(windows: Windows) -> None:
    walking, up, down = (of_activities(windows, [activity]) for activity in WALKS)
    for gait in (walking, up, down):
        assert 1.3 < np.median(cadence_hz(gait)) < 2.3
    assert np.median(cadence_hz(up)) < np.median(cadence_hz(walking))
    shaken = [gait.x[:, :, 0].std(axis=1).mean() for gait in (up, walking, down)]
    assert shaken[2] > 1.2 * max(shaken[:2])


def test_sensor_has_a_range(windows: Windows) -> None:
    largest = np.abs(windows.x[..., :3]).max()
    assert 1.99 < largest < 2.3


def test_people_differ_more_than_one_person_from_time_to_time(windows: Windows) -> None:
    walking = of_activities(windows, WALKS[:1])
    cases = {
        "cadence": (np.log(cadence_hz(walking)), 0.04),
        "amplitude": (np.log(walking.x[..., :3].std(axis=1).mean(axis=1)), 0.15),
        "mounting": (walking.x[..., 2].mean(axis=1).astype(np.float64), 0.08),
    }
    for name, (values, least) in cases.items():
        means = by_subject(walking, values)
        spread_within = np.sqrt(by_subject(walking, values**2) - means**2)
        assert means.std() > least, name
        assert means.std() > 0.5 * np.median(spread_within), name


def test_activities_can_be_told_apart_across_people_but_not_perfectly(windows: Windows) -> None:
    """Nearest centroid on means and spreads: what any network should beat."""
    features = np.concatenate([windows.x.mean(axis=1), windows.x.std(axis=1)], axis=1)
    chosen = split(0)
    train = np.isin(windows.subjects, chosen.train)
    test = np.isin(windows.subjects, chosen.test)
    scale = features[train].std(axis=0)
    centroids = np.array(
        [features[train & (windows.y == label)].mean(axis=0) for label in range(len(ACTIVITIES))]
    )
    distances = np.linalg.norm((features[test][:, None] - centroids) / scale, axis=2)
    accuracy = (distances.argmin(axis=1) == windows.y[test]).mean()
    assert 0.6 < accuracy < 0.9
