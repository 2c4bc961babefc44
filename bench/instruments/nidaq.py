"""NI-DAQmx cards through ``nidaqmx``: the local driver, or NI's gRPC device server elsewhere."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Self

import grpc
import nidaqmx
import numpy as np
from nidaqmx.constants import AcquisitionType, Edge, TerminalConfiguration
from nidaqmx.error_codes import DAQmxErrors
from nidaqmx.errors import DaqError, DaqNotFoundError, DaqNotSupportedError, DaqWarning, Error
from nidaqmx.grpc_session_options import SessionInitializationBehavior as Begins
from nidaqmx.stream_readers import AnalogMultiChannelReader
from nidaqmx.system.device import Device

from bench.errors import BenchError, DigitizerError
from bench.instruments.digitizer import Floats, Recording, SamplesLostError, TriggerMissingError
from bench.station.settings import InputChannel

_LARGEST_READ = 250_000
"""Samples of each channel in one call: large for speed, bounded for the size of a message."""
_BUFFERED_BLOCKS = 10
_SESSION = "har-energy-bench"
_UNLIMITED = -1
_CONNECTING = 60.0
"""s after which a server counts as absent that neither accepts nor refuses a connection."""
Leaving = Callable[[], None]
_LOST = (
    DAQmxErrors.SAMPLES_NO_LONGER_AVAILABLE,
    DAQmxErrors.INPUT_FIFO_OVERFLOW_2,
    DAQmxErrors.ACQ_STOPPED_TO_PREVENT_INPUT_BUFFER_OVERWRITE,
    DAQmxErrors.ADC_OVERRUN,
)


class NiDaq:
    """A card under NI-DAQmx.

    Args:
        device: The card's name in NI-DAQmx, such as ``Dev1``.
        server: ``host:port`` of NI's gRPC device server, or None for the local driver.
        timeout: How long a trigger or a sample may be late, in s.
        leaving: Called when a task is interrupted by what is no error of the bench, such as a
            Ctrl-C, before the driver is asked to clear it: a server that hangs never answers.

    Raises:
        DigitizerError: The server cannot be reached.
    """

    def __init__(
        self, device: str, *, server: str | None, timeout: float, leaving: Leaving = lambda: None
    ) -> None:
        self.name = device if server is None else f"{device} at {server}"
        self._device, self._timeout, self._leaving = device, timeout, leaving
        self._channel = None if server is None else _connect(server)
        if self._channel is not None:
            self._release_left_over()

    def identify(self, card: str) -> None:
        """Check that the device exists and is a `card`, such as ``PCI-6251``.

        Raises:
            DigitizerError: No driver, no such device, or another one.
        """
        with driver_errors(self.name):
            found = Device(self._device, grpc_options=self._options()).product_type
        if found != card:
            raise DigitizerError(
                f"{self.name} is a {found}, not a {card}: correct the station's device or card"
            )

    @property
    def identity(self) -> str:
        """See `Digitizer.identity`; the serial number as NI prints it, in hexadecimal."""
        with driver_errors(self.name):
            device = Device(self._device, grpc_options=self._options())
            return f"{device.product_type}, serial number {device.serial_num:08X}"

    def arm(
        self, inputs: Sequence[InputChannel], *, rate: float, before: int, after: int, trigger: str
    ) -> "_Finite":
        """See `Digitizer.arm`."""
        count = before + after
        task = self._task(inputs, rate, AcquisitionType.FINITE, count)
        with _cleared_on_error(task, self._leaving), driver_errors(self.name):
            task.triggers.reference_trigger.cfg_dig_edge_ref_trig(
                f"/{self._device}/{trigger}", before, trigger_edge=Edge.RISING
            )
            task.start()
        return _Finite(self.name, task, count, before, self._timeout, self._leaving)

    def sample(self, inputs: Sequence[InputChannel], *, rate: float, count: int) -> Recording:
        """See `Digitizer.sample`."""
        task = self._task(inputs, rate, AcquisitionType.FINITE, count)
        finite = _Finite(self.name, task, count, 0, self._timeout, self._leaving)
        with finite as acquisition:
            with driver_errors(self.name):
                task.start()
            return acquisition.read()

    def stream(self, inputs: Sequence[InputChannel], *, rate: float, block: int) -> "_Continuous":
        """See `Digitizer.stream`."""
        task = self._task(inputs, rate, AcquisitionType.CONTINUOUS, _BUFFERED_BLOCKS * block)
        with _cleared_on_error(task, self._leaving), driver_errors(self.name):
            task.start()
        return _Continuous(self.name, task, block, self._timeout, self._leaving)

    def close(self) -> None:
        """See `Digitizer.close`."""
        if self._channel is not None:
            self._channel.close()

    def _release_left_over(self) -> None:
        """Clear the task of an owner that was killed: a server keeps it, and the card with it.

        The bench's tasks on a card have one name, so nobody else's is touched.
        """
        with driver_errors(self.name):
            task = self._new_task(Begins.AUTO)
        _clear(task)

    def _new_task(self, begins: Begins = Begins.INITIALIZE_SERVER_SESSION) -> Any:
        if self._channel is None:
            return nidaqmx.Task()
        name = f"{_SESSION}-{self._device}"
        options = nidaqmx.GrpcSessionOptions(self._channel, name, initialization_behavior=begins)
        return nidaqmx.Task(name, grpc_options=options)

    def _options(self) -> Any:
        return None if self._channel is None else nidaqmx.GrpcSessionOptions(self._channel, "")

    def _task(
        self, inputs: Sequence[InputChannel], rate: float, mode: AcquisitionType, count: int
    ) -> Any:
        with driver_errors(self.name):
            task = self._new_task()
        with _cleared_on_error(task, self._leaving), driver_errors(self.name):
            for each in inputs:
                task.ai_channels.add_ai_voltage_chan(
                    f"{self._device}/{each.channel}",
                    terminal_config=TerminalConfiguration.DIFF,
                    min_val=-each.range,
                    max_val=each.range,
                )
            task.timing.cfg_samp_clk_timing(rate, sample_mode=mode, samps_per_chan=count)
        return task


class _Running:
    """A configured task: its actual rate, its samples, its end."""

    def __init__(self, name: str, task: Any, timeout: float, leaving: Leaving) -> None:
        self._name, self._task, self._timeout, self._leaving = name, task, timeout, leaving
        with _cleared_on_error(task, leaving), driver_errors(name):
            self.rate = float(task.timing.samp_clk_rate)
            self._channels = int(task.number_of_channels)
            self._reader = AnalogMultiChannelReader(task.in_stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        _, error, _ = exception
        _clear_after(error, self._task, self._leaving)

    def _fetch(self, count: int, duration: float) -> Floats:
        """The next `count` samples of each channel, of which the last is `duration` s away."""
        samples = np.empty((self._channels, count))
        with driver_errors(self._name):
            got = self._reader.read_many_sample(samples, count, timeout=duration + self._timeout)
        if got != count:
            raise SamplesLostError(f"{self._name}: {got} samples instead of {count}")
        return samples


class _Finite(_Running):
    def __init__(
        self, name: str, task: Any, count: int, before: int, timeout: float, leaving: Leaving
    ) -> None:
        super().__init__(name, task, timeout, leaving)
        self._count, self._before = count, before

    def read(self) -> Recording:
        """See `Acquisition.read`."""
        first = range(0, self._count, _LARGEST_READ)
        sizes = (min(_LARGEST_READ, self._count - index) for index in first)
        # None of them is readable before all have been taken, if there is a trigger.
        duration = self._count / self.rate
        samples = np.concatenate([self._fetch(size, duration) for size in sizes], axis=1)
        return Recording(self.rate, self._before, samples)


class _Continuous(_Running):
    def __init__(self, name: str, task: Any, block: int, timeout: float, leaving: Leaving) -> None:
        super().__init__(name, task, timeout, leaving)
        self._block = block

    def __iter__(self) -> Iterator[Floats]:
        while True:
            yield self._fetch(self._block, self._block / self.rate)


def _connect(server: str) -> grpc.Channel:
    options = [
        ("grpc.max_receive_message_length", _UNLIMITED),
        ("grpc.max_send_message_length", _UNLIMITED),
    ]
    channel = grpc.insecure_channel(server, options=options)
    if not _is_accepted(channel):
        channel.close()
        raise DigitizerError(
            f"no gRPC device server at {server}: start it or correct digitizer.grpc"
        )
    return channel


def _is_accepted(channel: grpc.Channel) -> bool:
    """Wait until the server accepts a connection or refuses it, however slow that is."""
    states: SimpleQueue[grpc.ChannelConnectivity] = SimpleQueue()
    accepted, refused = grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE
    state, tell = None, states.put
    channel.subscribe(tell, try_to_connect=True)
    with suppress(Empty):
        while state not in (accepted, refused):
            state = states.get(timeout=_CONNECTING)
    channel.unsubscribe(tell)
    return state is accepted


@contextmanager
def _cleared_on_error(task: Any, leaving: Leaving) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        _clear_after(error, task, leaving)
        raise


def _clear_after(error: object, task: Any, leaving: Leaving) -> None:
    try:
        if error is not None and not isinstance(error, BenchError):
            leaving()
    finally:
        _clear(task)


def _clear(task: Any) -> None:
    """Stop and release a task. It says nothing that an earlier error has not said better."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DaqWarning)  # stopped before it was done
        try:
            task.close()
        except (Error, grpc.RpcError):
            return


@contextmanager
def driver_errors(name: str) -> Iterator[None]:
    """Turn every error of the driver into a `DigitizerError` with the driver's code."""
    try:
        yield
    except DaqError as error:
        code = error.error_code
        text = f"{str(error).splitlines()[0]} [{code}]"  # the advice after it is long and general
        if code == DAQmxErrors.SAMPLES_NOT_YET_AVAILABLE:
            raise TriggerMissingError(
                f"{name}: no trigger, or no samples in time: check the marker's wiring ({text})",
                code,
            ) from error
        if code == DAQmxErrors.INVALID_DEVICE_ID:
            raise DigitizerError(
                f"{name}: no such device: connect it or correct digitizer.device ({text})", code
            ) from error
        if code in _LOST:
            raise SamplesLostError(
                f"{name}: samples were lost: read faster or sample slower ({text})", code
            ) from error
        raise DigitizerError(f"{name}: {text}", code) from error
    except (DaqNotFoundError, DaqNotSupportedError) as error:
        raise DigitizerError(
            f"{name}: NI-DAQmx is not installed here: install it, or set digitizer.grpc to NI's "
            "gRPC device server on a machine that has it"
        ) from error
    except (Error, grpc.RpcError) as error:
        raise DigitizerError(f"{name}: the driver's server failed: {error}") from error
