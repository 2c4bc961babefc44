"""What a client of analogue inputs asks of NI's gRPC device service, method by method."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import grpc
import numpy as np
from nidaqmx._stubs import nidaqmx_pb2 as pb

from bench.twin.circuit import Floats
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.errors import TEXTS, Code, DaqError
from bench.twin.daq.inputs import names, voltage_inputs
from bench.twin.daq.settings import edge_trigger, sample_clock
from bench.twin.daq.task import Alive

Request: TypeAlias = Any
Response: TypeAlias = Any
Handler: TypeAlias = Callable[[Digitizer, Request, Alive], Response]

_GROUP_BY_CHANNEL = 0
_INITIALIZE, _ATTACH = 1, 2
_VOLTS = 10348


class SessionError(Exception):
    """A session cannot be had in the way that the client wants; `status` is gRPC's."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


def create_task(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """A new task, or the one that has this name."""
    exists = request.session_name in digitizer.tasks
    if exists and request.initialization_behavior == _INITIALIZE:
        raise SessionError(grpc.StatusCode.ALREADY_EXISTS, "The session exists already.")
    if not exists and request.initialization_behavior == _ATTACH:
        raise SessionError(grpc.StatusCode.FAILED_PRECONDITION, "There is no such session.")
    task, new = digitizer.create(request.session_name)
    response = pb.CreateTaskResponse(new_session_initialized=new)
    response.task.name = task.name
    return response


def clear_task(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Stop and forget."""
    digitizer.clear(request.task.name)
    return pb.ClearTaskResponse()


def create_ai_voltage_chan(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Add voltage inputs."""
    if request.units_raw != _VOLTS:
        raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, "Property: AI.Voltage.Units; only V")
    for name in names(request.physical_channel):
        digitizer.check_device(name.partition("/")[0])
    inputs = voltage_inputs(
        request.physical_channel,
        request.name_to_assign_to_channel,
        request.terminal_config_raw,
        request.min_val,
        request.max_val,
    )
    with digitizer.task(request.task.name).configure() as settings:
        taken = {one.name for one in settings.inputs} & {one.name for one in inputs}
        if taken:
            raise DaqError(Code.CHAN_ALREADY_IN_TASK, f"Channel Name: {min(taken)}")
        settings.inputs += inputs
    return pb.CreateAIVoltageChanResponse()


def cfg_samp_clk_timing(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Set the sample clock."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.clock = sample_clock(
            request.source, request.rate, request.sample_mode_raw, request.samps_per_chan
        )
    return pb.CfgSampClkTimingResponse()


def cfg_dig_edge_start_trig(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Start at an edge."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.start = edge_trigger(request.trigger_source, request.trigger_edge_raw)
    return pb.CfgDigEdgeStartTrigResponse()


def cfg_dig_edge_ref_trig(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Keep what was before an edge, and stop after it."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.reference = edge_trigger(
            request.trigger_source, request.trigger_edge_raw, request.pretrigger_samples
        )
    return pb.CfgDigEdgeRefTrigResponse()


def disable_start_trig(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Start at once."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.start = None
    return pb.DisableStartTrigResponse()


def disable_ref_trig(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Do without the reference trigger."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.reference = None
    return pb.DisableRefTrigResponse()


def cfg_input_buffer(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Set the buffer's size."""
    with digitizer.task(request.task.name).configure() as settings:
        settings.buffer = request.num_samps_per_chan
    return pb.CfgInputBufferResponse()


def task_control(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Move the task through NI's states; the twin tells running, reserved and neither."""
    task = digitizer.task(request.task.name)
    match request.action_raw:
        case pb.TASK_CONTROL_ACTION_TASK_START:
            task.start()
        case pb.TASK_CONTROL_ACTION_TASK_VERIFY:
            task.settings.verify()
        case pb.TASK_CONTROL_ACTION_TASK_RESERVE | pb.TASK_CONTROL_ACTION_TASK_COMMIT:
            task.reserve()
        case _:
            task.stop()
    return pb.TaskControlResponse()


def start_task(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Start."""
    digitizer.task(request.task.name).start()
    return pb.StartTaskResponse()


def stop_task(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Stop."""
    digitizer.task(request.task.name).stop()
    return pb.StopTaskResponse()


def is_task_done(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Whether all samples were acquired, or the task does not run."""
    return pb.IsTaskDoneResponse(is_task_done=digitizer.task(request.task.name).poll()[1])


def wait_until_task_done(digitizer: Digitizer, request: Request, alive: Alive) -> Response:
    """Wait for that."""
    digitizer.task(request.task.name).wait_until_done(request.time_to_wait, alive)
    return pb.WaitUntilTaskDoneResponse()


def read_analog_f64(digitizer: Digitizer, request: Request, alive: Alive) -> Response:
    """Samples; those that a time-out leaves out are zero, each channel in its place."""
    task = digitizer.task(request.task.name)
    channels, wanted = len(task.settings.inputs), request.num_samps_per_chan
    if wanted * channels > request.array_size_in_samps:
        raise DaqError(Code.READ_BUFFER_TOO_SMALL, f"Size: {request.array_size_in_samps}")
    samples, complete = task.read(wanted, request.timeout, alive)
    count = samples.shape[1]
    if request.fill_mode_raw != _GROUP_BY_CHANNEL:
        samples = samples.T
    elif count < wanted:
        samples = np.pad(samples, ((0, 0), (0, wanted - count)))
    response = _packed(samples)
    response.samps_per_chan_read = count
    response.status = 0 if complete else Code.SAMPLES_NOT_YET_AVAILABLE
    return response


def read_analog_scalar_f64(digitizer: Digitizer, request: Request, alive: Alive) -> Response:
    """The next sample of a task of one channel."""
    samples, complete = digitizer.task(request.task.name).read(1, request.timeout, alive)
    if not complete:
        raise DaqError(Code.SAMPLES_NOT_YET_AVAILABLE)
    return pb.ReadAnalogScalarF64Response(value=float(samples[0, 0]))


def _packed(samples: Floats) -> Response:
    """The reply, made from its wire format: setting a repeated field copies number by number."""
    raw = np.ascontiguousarray(samples, dtype="<f8").tobytes()
    if not raw:
        return pb.ReadAnalogF64Response()
    field = pb.ReadAnalogF64Response.DESCRIPTOR.fields_by_name["read_array"].number
    return pb.ReadAnalogF64Response.FromString(bytes([field << 3 | 2]) + _varint(len(raw)) + raw)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def reset_device(digitizer: Digitizer, request: Request, _: Alive) -> Response:
    """Stop all tasks."""
    digitizer.check_device(request.device_name)
    digitizer.reset()
    return pb.ResetDeviceResponse()


def get_error_string(_: Digitizer, request: Request, __: Alive) -> Response:
    """NI's text for a code."""
    known = request.error_code in set(Code)
    text = TEXTS[Code(request.error_code)] if known else ""
    return pb.GetErrorStringResponse(error_string=text)


HANDLERS: Mapping[str, Handler] = {
    "CreateTask": create_task,
    "ClearTask": clear_task,
    "CreateAIVoltageChan": create_ai_voltage_chan,
    "CfgSampClkTiming": cfg_samp_clk_timing,
    "CfgDigEdgeStartTrig": cfg_dig_edge_start_trig,
    "CfgDigEdgeRefTrig": cfg_dig_edge_ref_trig,
    "DisableStartTrig": disable_start_trig,
    "DisableRefTrig": disable_ref_trig,
    "CfgInputBuffer": cfg_input_buffer,
    "TaskControl": task_control,
    "StartTask": start_task,
    "StopTask": stop_task,
    "IsTaskDone": is_task_done,
    "WaitUntilTaskDone": wait_until_task_done,
    "ReadAnalogF64": read_analog_f64,
    "ReadAnalogScalarF64": read_analog_scalar_f64,
    "ResetDevice": reset_device,
    "GetErrorString": get_error_string,
    # The client closes an event's stream itself; there is nothing left to do.
    "UnregisterEveryNSamplesEvent": lambda *_: pb.UnregisterEveryNSamplesEventResponse(),
    "UnregisterDoneEvent": lambda *_: pb.UnregisterDoneEventResponse(),
}
