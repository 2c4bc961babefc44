"""NI-DAQmx attributes that the twin's card has, by number: what clients read, and may set."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

# The generated half of NI's service, which the client's package ships and nothing else does.
from nidaqmx._stubs import nidaqmx_pb2 as pb

from bench.twin.card import (
    CODES,
    MAX_AGGREGATE_RATE,
    MAX_RATE,
    OVER_RANGE,
    TERMINALS,
)
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.errors import Code, DaqError
from bench.twin.daq.inputs import DEVICE, RANGES, Input
from bench.twin.daq.settings import (
    MIN_RATE,
    TRIGGER_LINES,
    Clock,
    Mode,
    Settings,
    sample_clock,
)
from bench.twin.daq.task import Task

Value: TypeAlias = str | int | float | bool | list[float]

DRIVER_VERSION = (24, 5, 0)
PRODUCT = "PCI-6251"
PRODUCT_NUMBER = 0x70B8
DEFAULT_CLOCK = Clock(1000.0, Mode.FINITE, 1000)
_DEFAULT_NUMBER_OF_SAMPLES_TO_READ = 0x31E8  # asked for by the client, in no public table
_ANALOG_INPUT, _VOLTAGE, _VOLTS = 10100, 10322, 10348
_ON_DEMAND, _SAMPLE_CLOCK = 10390, 10388
_NO_TRIGGER, _DIGITAL_EDGE = 10230, 10150


def _names(task: Task) -> str:
    return ", ".join(one.name for one in task.settings.inputs)


def _available(task: Task) -> int:
    return task.poll()[0] - task.position


def _to_read(task: Task) -> int:
    settings = task.settings
    if settings.clock is None:
        return 1
    if settings.total is None or settings.read_all_available:
        return _available(task)
    return settings.total


def _clock(task: Task) -> Clock:
    return task.settings.clock or DEFAULT_CLOCK


def _trigger(name: str, field: str) -> Callable[[Task], Value]:
    def value(task: Task) -> Value:
        trigger = getattr(task.settings, name)
        if trigger is None:
            raise DaqError(Code.ATTRIBUTE_NOT_SUPPORTED_IN_TASK_CONTEXT, "no digital edge trigger")
        result: Value = getattr(trigger, field)
        return result

    return value


def _trigger_type(name: str) -> Callable[[Task], Value]:
    return lambda task: _DIGITAL_EDGE if getattr(task.settings, name) else _NO_TRIGGER


OF_TASK: Mapping[int, Callable[[Task], Value]] = {
    pb.TASK_ATTRIBUTE_NAME: lambda task: task.name,
    pb.TASK_ATTRIBUTE_CHANNELS: _names,
    pb.TASK_ATTRIBUTE_DEVICES: lambda task: DEVICE if task.settings.inputs else "",
    pb.TASK_ATTRIBUTE_NUM_CHANS: lambda task: len(task.settings.inputs),
    pb.TASK_ATTRIBUTE_NUM_DEVICES: lambda task: int(bool(task.settings.inputs)),
    pb.TASK_ATTRIBUTE_COMPLETE: lambda task: task.poll()[1],
    pb.READ_ATTRIBUTE_CHANNELS_TO_READ: _names,
    pb.READ_ATTRIBUTE_NUM_CHANS: lambda task: len(task.settings.inputs),
    pb.READ_ATTRIBUTE_AVAIL_SAMP_PER_CHAN: _available,
    pb.READ_ATTRIBUTE_TOTAL_SAMP_PER_CHAN_ACQUIRED: lambda task: task.poll()[0],
    pb.READ_ATTRIBUTE_CURR_READ_POS: lambda task: task.position,
    pb.READ_ATTRIBUTE_AUTO_START: lambda task: task.settings.auto_start,
    pb.READ_ATTRIBUTE_READ_ALL_AVAIL_SAMP: lambda task: task.settings.read_all_available,
    _DEFAULT_NUMBER_OF_SAMPLES_TO_READ: _to_read,
    pb.TIMING_ATTRIBUTE_SAMP_CLK_RATE: lambda task: _clock(task).rate,
    pb.TIMING_ATTRIBUTE_SAMP_CLK_MAX_RATE: lambda task: task.settings.fastest,
    pb.TIMING_ATTRIBUTE_AI_CONV_RATE: lambda task: task.settings.convert_rate,
    pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_MODE: lambda task: int(_clock(task).mode),
    pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_PER_CHAN: lambda task: _clock(task).samples,
    pb.TIMING_ATTRIBUTE_SAMP_TIMING_TYPE: lambda task: (
        _SAMPLE_CLOCK if task.settings.clock else _ON_DEMAND
    ),
    pb.BUFFER_ATTRIBUTE_INPUT_BUF_SIZE: lambda task: task.settings.buffer_samples,
    pb.TRIGGER_ATTRIBUTE_START_TRIG_TYPE: _trigger_type("start"),
    pb.TRIGGER_ATTRIBUTE_DIG_EDGE_START_TRIG_SRC: _trigger("start", "line"),
    pb.TRIGGER_ATTRIBUTE_DIG_EDGE_START_TRIG_EDGE: _trigger("start", "edge"),
    pb.TRIGGER_ATTRIBUTE_REF_TRIG_TYPE: _trigger_type("reference"),
    pb.TRIGGER_ATTRIBUTE_DIG_EDGE_REF_TRIG_SRC: _trigger("reference", "line"),
    pb.TRIGGER_ATTRIBUTE_DIG_EDGE_REF_TRIG_EDGE: _trigger("reference", "edge"),
    pb.TRIGGER_ATTRIBUTE_REF_TRIG_PRETRIG_SAMPLES: _trigger("reference", "pretrigger"),
}


OF_CHANNEL: Mapping[int, Callable[[Input], Value]] = {
    pb.CHANNEL_ATTRIBUTE_CHAN_TYPE: lambda _: _ANALOG_INPUT,
    pb.CHANNEL_ATTRIBUTE_PHYSICAL_CHAN_NAME: lambda one: one.physical,
    pb.CHANNEL_ATTRIBUTE_AI_MEAS_TYPE: lambda _: _VOLTAGE,
    pb.CHANNEL_ATTRIBUTE_AI_VOLTAGE_UNITS: lambda _: _VOLTS,
    pb.CHANNEL_ATTRIBUTE_AI_TERM_CFG: lambda one: int(one.configuration),
    pb.CHANNEL_ATTRIBUTE_AI_MAX: lambda one: one.maximum,
    pb.CHANNEL_ATTRIBUTE_AI_MIN: lambda one: one.minimum,
    pb.CHANNEL_ATTRIBUTE_AI_RNG_HIGH: lambda one: one.channel.range,
    pb.CHANNEL_ATTRIBUTE_AI_RNG_LOW: lambda one: -one.channel.range,
    pb.CHANNEL_ATTRIBUTE_AI_RESOLUTION: lambda one: 2.0 * OVER_RANGE * one.channel.range / CODES,
}

OF_DEVICE: Mapping[int, Callable[[Digitizer], Value]] = {
    pb.DEVICE_ATTRIBUTE_PRODUCT_TYPE: lambda _: PRODUCT,
    pb.DEVICE_ATTRIBUTE_PRODUCT_NUM: lambda _: PRODUCT_NUMBER,
    pb.DEVICE_ATTRIBUTE_SERIAL_NUM: lambda digitizer: digitizer.card.seed % 2**32,
    pb.DEVICE_ATTRIBUTE_IS_SIMULATED: lambda _: True,
    pb.DEVICE_ATTRIBUTE_AI_PHYSICAL_CHANS: lambda _: ", ".join(
        f"{DEVICE}/ai{terminal}" for terminal in range(TERMINALS)
    ),
    pb.DEVICE_ATTRIBUTE_TERMINALS: lambda _: ", ".join(sorted(TRIGGER_LINES)),
    pb.DEVICE_ATTRIBUTE_AI_MAX_SINGLE_CHAN_RATE: lambda _: MAX_RATE,
    pb.DEVICE_ATTRIBUTE_AI_MAX_MULTI_CHAN_RATE: lambda _: MAX_AGGREGATE_RATE,
    pb.DEVICE_ATTRIBUTE_AI_MIN_RATE: lambda _: MIN_RATE,
    pb.DEVICE_ATTRIBUTE_AI_VOLTAGE_RNGS: lambda _: [
        limit for span in RANGES for limit in (-span, span)
    ],
}

OF_SYSTEM: Mapping[int, Callable[[Digitizer], Value]] = {
    pb.SYSTEM_ATTRIBUTE_NIDAQ_MAJOR_VERSION: lambda _: DRIVER_VERSION[0],
    pb.SYSTEM_ATTRIBUTE_NIDAQ_MINOR_VERSION: lambda _: DRIVER_VERSION[1],
    pb.SYSTEM_ATTRIBUTE_NIDAQ_UPDATE_VERSION: lambda _: DRIVER_VERSION[2],
    pb.SYSTEM_ATTRIBUTE_DEV_NAMES: lambda digitizer: ", ".join(digitizer.devices),
    pb.SYSTEM_ATTRIBUTE_TASKS: lambda digitizer: ", ".join(digitizer.tasks),
}


def _set_rate(settings: Settings, value: Any) -> None:
    clock = settings.clock or DEFAULT_CLOCK
    settings.clock = sample_clock("", value, clock.mode, clock.samples)


def _set_mode(settings: Settings, value: Any) -> None:
    clock = settings.clock or DEFAULT_CLOCK
    settings.clock = sample_clock("", clock.requested, value, clock.samples)


def _set_samples(settings: Settings, value: Any) -> None:
    settings.clock = replace(settings.clock or DEFAULT_CLOCK, samples=value)


def _set_buffer(settings: Settings, value: Any) -> None:
    settings.buffer = value


def _set_auto_start(settings: Settings, value: Any) -> None:
    settings.auto_start = value


def _set_read_all_available(settings: Settings, value: Any) -> None:
    settings.read_all_available = value


SETTABLE: Mapping[int, Callable[[Settings, Any], None]] = {
    pb.TIMING_ATTRIBUTE_SAMP_CLK_RATE: _set_rate,
    pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_MODE: _set_mode,
    pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_PER_CHAN: _set_samples,
    pb.BUFFER_ATTRIBUTE_INPUT_BUF_SIZE: _set_buffer,
    pb.READ_ATTRIBUTE_AUTO_START: _set_auto_start,
    pb.READ_ATTRIBUTE_READ_ALL_AVAIL_SAMP: _set_read_all_available,
}
