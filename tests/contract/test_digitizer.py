"""What the bench asks of a digitizer, asked of the twin's and of a real one alike."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from bench.errors import DigitizerError
from bench.instruments.digitizer import Digitizer, TriggerMissingError
from bench.instruments.nidaq import NiDaq
from bench.instruments.registry import open_digitizer
from bench.station.configuration import Station
from bench.station.settings import InputChannel
from tests.served import Served


@pytest.fixture
def digitizer(station: Station) -> Iterator[Digitizer]:
    card = open_digitizer(station.digitizer)
    yield card
    card.close()


def test_samples_come_in_the_order_asked_for(station: Station, digitizer: Digitizer) -> None:
    settings = station.digitizer
    recording = digitizer.sample(settings.channels, rate=settings.rate, count=1000)
    assert recording.samples.shape == (3, 1000)
    assert recording.rate == pytest.approx(settings.rate)
    for row, channel in zip(recording.samples, settings.channels, strict=True):
        assert np.all(np.abs(row) <= 1.06 * channel.range)


def test_every_sample_of_a_long_recording_is_there(station: Station, digitizer: Digitizer) -> None:
    channel = station.digitizer.shunt
    recording = digitizer.sample([channel], rate=1e6, count=600_001)
    assert recording.samples.shape == (1, 600_001)
    assert np.all(np.isfinite(recording.samples))


def test_it_says_who_it_is(station: Station, digitizer: Digitizer) -> None:
    product, _, serial = digitizer.identity.partition(", serial number ")
    assert product == station.digitizer.card
    assert int(serial, 16) >= 0


def test_a_stream_has_no_end(station: Station, digitizer: Digitizer) -> None:
    settings = station.digitizer
    with digitizer.stream(settings.channels, rate=settings.rate, block=5000) as stream:
        blocks = list(islice(stream, 5))
        assert stream.rate == pytest.approx(settings.rate)
    assert [block.shape for block in blocks] == [(3, 5000)] * 5


def test_a_missing_marker_is_told_as_such(station: Station) -> None:
    settings = station.digitizer
    card = NiDaq(settings.device, server=settings.grpc, timeout=0.05)
    try:
        with (
            card.arm(
                settings.channels, rate=settings.rate, before=10, after=10, trigger=settings.trigger
            ) as acquisition,
            pytest.raises(TriggerMissingError, match="check the marker's wiring") as caught,
        ):
            acquisition.read()
        assert caught.value.code == -200284
    finally:
        card.close()


def test_a_disarmed_card_can_be_armed_again(station: Station, digitizer: Digitizer) -> None:
    settings = station.digitizer
    for _ in range(3):
        with digitizer.arm(
            settings.channels, rate=settings.rate, before=2, after=2, trigger=settings.trigger
        ):
            pass
    assert digitizer.sample([settings.supply], rate=1e3, count=2).samples.shape == (1, 2)


Ask = Callable[[Digitizer, Station], object]
TOO_MUCH: dict[str, tuple[int, Ask]] = {
    "rate of one channel": (
        -200077,
        lambda card, s: card.sample([s.digitizer.shunt], rate=2e6, count=10),
    ),
    "rate of all channels": (
        -200081,
        lambda card, s: card.sample(s.digitizer.channels, rate=4e5, count=10),
    ),
    "channel": (
        -200170,
        lambda card, s: card.sample(
            [InputChannel.model_validate({"channel": "ai99", "range": "1 V"})], rate=1e3, count=10
        ),
    ),
    "range": (
        -200077,
        lambda card, s: card.sample(
            [InputChannel.model_validate({"channel": "ai0", "range": "50 V"})], rate=1e3, count=10
        ),
    ),
    "trigger line": (
        -89120,
        lambda card, s: card.arm(
            s.digitizer.channels, rate=1e3, before=2, after=2, trigger="PFI99"
        ),
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_the_card_cannot_do_has_the_drivers_code(
    what: str, station: Station, digitizer: Digitizer
) -> None:
    code, ask = TOO_MUCH[what]
    with pytest.raises(DigitizerError, match=rf"{station.digitizer.device}.*\[{code}\]") as caught:
        ask(digitizer, station)
    assert caught.value.code == code
    assert digitizer.sample([station.digitizer.supply], rate=1e3, count=2).samples.shape == (1, 2)


def test_a_missing_device_is_named(station: Station) -> None:
    settings = station.digitizer.model_copy(update={"device": "Dev99"})
    with pytest.raises(DigitizerError, match="Dev99") as caught:
        open_digitizer(settings)
    assert caught.value.code == -200220


def test_another_card_is_refused(station: Station) -> None:
    settings = station.digitizer.model_copy(update={"card": "PCI-6259"})
    with pytest.raises(DigitizerError, match="is a PCI-6251, not a PCI-6259"):
        open_digitizer(settings)


def test_both_edges_of_a_window_lie_around_the_trigger(twin: Served) -> None:
    settings, world = twin.station.digitizer, twin.world
    card = open_digitizer(settings)
    try:
        with card.arm(
            settings.channels, rate=1e5, before=100, after=1000, trigger="PFI0"
        ) as acquisition:
            with world.lock:
                world.connect(3.3)
                world.draw(0.04)
                world.advance(0.01)
                world.mark(True)
                world.advance(0.005)
                world.mark(False)
                world.advance(0.01)
            recording = acquisition.read()
    finally:
        card.close()
    supply, shunt, marker = recording.samples
    high = np.flatnonzero(marker > settings.marker_threshold)
    assert recording.trigger_index == 100
    assert (high[0], len(high)) == pytest.approx((recording.trigger_index, 500), abs=1)
    assert supply == pytest.approx(3.3, abs=0.01)
    assert shunt == pytest.approx(9.8 * 0.04, abs=0.01)


def test_what_a_killed_owner_left_running_does_not_keep_the_card(
    twin: Served, station: Station
) -> None:
    card = station.digitizer
    killed = open_digitizer(card)
    killed.arm(card.channels, rate=card.rate, before=10, after=1000, trigger=card.trigger)
    killed.close()  # its connection ends, its task goes on
    successor = open_digitizer(card)
    recording = successor.sample(card.channels, rate=card.rate, count=100)
    assert recording.samples.shape == (3, 100)
    successor.close()
