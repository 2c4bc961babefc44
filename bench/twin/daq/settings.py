"""What a task is told before it runs, checked as NI-DAQmx checks it for a PCI-6251."""

from dataclasses import dataclass, field
from enum import IntEnum

from bench.twin.card import CONVERT_PERIOD, MAX_AGGREGATE_RATE, MAX_RATE, Channel
from bench.twin.daq.errors import Code, DaqError
from bench.twin.daq.inputs import DEVICE, Input

TIMEBASE = 20e6
"""Hz; the sample clock is this divided by an integer, never slower than what was asked for."""
MIN_RATE = TIMEBASE / 2**32
MARKER_LINE = f"/{DEVICE}/PFI0"
TRIGGER_LINES = frozenset(
    [f"/{DEVICE}/PFI{line}" for line in range(16)] + [f"/{DEVICE}/RTSI{line}" for line in range(8)]
)
"""Where a digital edge can come from; the marker is on the first, nothing on the others."""
FEWEST_SAMPLES = 2
"""Of a finite acquisition, and on either side of a reference trigger."""
DEFAULT_BUFFERS = ((100.0, 1_000), (10_000.0, 10_000), (1e6, 100_000), (float("inf"), 1_000_000))
"""Samples per channel of a continuous task's buffer, up to each rate (NI-DAQmx help)."""


class Mode(IntEnum):
    """NI's `AcquisitionType`."""

    FINITE = 10178
    CONTINUOUS = 10123


class Edge(IntEnum):
    """NI's `Edge1`."""

    RISING = 10280
    FALLING = 10171


@dataclass(frozen=True)
class Clock:
    """The sample clock: `requested` samples per second of each channel, and how many."""

    requested: float
    mode: Mode
    samples: int

    @property
    def rate(self) -> float:
        """What the hardware makes of the request."""
        return TIMEBASE / (TIMEBASE // self.requested)


@dataclass(frozen=True)
class Trigger:
    """A digital edge on `line`; `pretrigger` samples come before it (0: it starts the task)."""

    line: str
    edge: Edge
    pretrigger: int = 0


@dataclass
class Settings:
    """A task's settings; `verify` says whether the card can do them together."""

    inputs: list[Input] = field(default_factory=list)
    clock: Clock | None = None
    start: Trigger | None = None
    reference: Trigger | None = None
    buffer: int | None = None
    auto_start: bool = True
    read_all_available: bool = False

    @property
    def channels(self) -> list[Channel]:
        """What the card converts, in order."""
        return [one.channel for one in self.inputs]

    @property
    def fastest(self) -> float:
        """The highest rate in samples per second of each channel that these channels allow."""
        several = len(self.inputs) > 1
        return MAX_AGGREGATE_RATE / len(self.inputs) if several else MAX_RATE

    @property
    def convert_rate(self) -> float:
        """Conversions per second within a scan."""
        if self.clock is None or len(self.inputs) < 2:
            return MAX_RATE
        return max(1.0 / CONVERT_PERIOD, self.clock.rate * len(self.inputs))

    @property
    def total(self) -> int | None:
        """How many samples of each channel the task acquires; None: until it is stopped."""
        if self.clock is None or self.clock.mode is Mode.CONTINUOUS:
            return None
        return self.clock.samples

    @property
    def buffer_samples(self) -> int:
        """Size of the buffer in samples per channel."""
        if self.buffer is not None:
            return self.buffer
        if self.clock is None:
            return 0
        if self.clock.mode is Mode.FINITE:
            return self.clock.samples
        size = next(size for limit, size in DEFAULT_BUFFERS if self.clock.rate <= limit)
        return max(size, self.clock.samples)

    def verify(self) -> None:
        """Raise the `DaqError` of the first thing that cannot be done."""
        if not self.inputs:
            raise DaqError(Code.CAN_NOT_PERFORM_OP_WHEN_NO_CHANS_IN_TASK)
        clock = self.clock
        if clock is None:
            if self.start or self.reference:
                raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, "Property: a trigger needs a clock")
            return
        _check_rate(clock.requested, self.fastest, len(self.inputs))
        if clock.mode is Mode.FINITE:
            _check_between("SampQuant.SampPerChan", clock.samples, FEWEST_SAMPLES, 2**24)
        if self.reference:
            if clock.mode is not Mode.FINITE:
                raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, "Property: RefTrig.Type, finite only")
            most = clock.samples - FEWEST_SAMPLES
            pretrigger = self.reference.pretrigger
            _check_between("RefTrig.PretrigSamples", pretrigger, FEWEST_SAMPLES, most)


def sample_clock(source: str, rate: float, mode: int, samples: int) -> Clock:
    """The sample clock that the user asks for; rates are verified with the channels."""
    if source.lower() not in ("", "onboardclock"):
        raise DaqError(Code.INVALID_SAMP_CLK_SRC, f"Source: {source!r}; only the onboard clock")
    if mode not in set(Mode):
        raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, f"Property: SampQuant.SampMode: {mode}")
    if not rate >= MIN_RATE:
        raise DaqError(
            Code.INVALID_ATTRIBUTE_VALUE,
            f"Property: SampClk.Rate\nRequested Value: {rate}\nMinimum Value: {MIN_RATE}",
        )
    return Clock(rate, Mode(mode), samples)


def edge_trigger(source: str, edge: int, pretrigger: int = 0) -> Trigger:
    """The trigger that the user asks for; the device's name may be left out, as may its slash."""
    name = source if source.startswith("/") else f"/{source}"
    if name.count("/") == 1:
        name = f"/{DEVICE}{name}"
    line = next((line for line in TRIGGER_LINES if line.lower() == name.lower()), None)
    if line is None:
        raise DaqError(
            Code.INVALID_ROUTING_SOURCE_TERMINAL_NAME_ROUTING, f"Source Terminal: {source!r}"
        )
    if edge not in set(Edge):
        raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, f"Property: DigEdge.Edge: {edge}")
    return Trigger(line, Edge(edge), pretrigger)


def _check_rate(requested: float, fastest: float, channels: int) -> None:
    if requested <= fastest:
        return
    if channels == 1:
        raise DaqError(
            Code.INVALID_ATTRIBUTE_VALUE,
            f"Property: SampClk.Rate\nRequested Value: {requested}\nMaximum Value: {fastest}",
        )
    raise DaqError(
        Code.SAMPLE_RATE_NUM_CHANS_CONVERT_PERIOD_COMBO,
        f"Number of Channels: {channels}\nSample Rate: {requested}\nMaximum Sample Rate: {fastest}",
    )


def _check_between(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise DaqError(
            Code.INVALID_ATTRIBUTE_VALUE,
            f"Property: {what}\nRequested Value: {value}\n"
            f"Maximum Value: {most}\nMinimum Value: {least}",
        )
