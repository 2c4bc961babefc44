"""NI's gRPC device service on loopback, for the twin's card.

What is not served answers as NI's server does with what it does not have: not implemented.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from typing import Any, NoReturn, TypeAlias

import grpc
from nidaqmx._stubs import nidaqmx_pb2 as pb
from nidaqmx._stubs import nidaqmx_pb2_grpc

from bench.twin.daq import attributes
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.errors import Code, DaqError
from bench.twin.daq.inputs import names
from bench.twin.daq.requests import (
    HANDLERS,
    Handler,
    Request,
    Response,
    SessionError,
)
from bench.twin.daq.task import Alive

Context: TypeAlias = grpc.ServicerContext

WORKERS = 32
"""Threads; each event stream and each waiting read takes one."""
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.so_reuseport", 0),
)


class DigitizerServer:
    """Serves `digitizer` on a free port of 127.0.0.1 until it is closed."""

    def __init__(self, digitizer: Digitizer) -> None:
        pool = futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="daq")
        self._server = grpc.server(pool, options=_OPTIONS)
        handlers = dict(HANDLERS)
        if digitizer.ends:
            handlers |= {name: self._end for name in HANDLERS if _reads(name)}
        servicer = _servicer(digitizer, handlers)
        nidaqmx_pb2_grpc.add_NiDAQmxServicer_to_server(servicer, self._server)
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def address(self) -> str:
        """What a gRPC channel is opened to."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop serving; calls in progress are cancelled."""
        self._server.stop(grace=None).wait()

    def _end(self, _: Digitizer, __: Request, ___: Alive) -> NoReturn:
        self._server.stop(grace=None)
        raise SessionError(grpc.StatusCode.UNAVAILABLE, "The server ends.")


def _reads(name: str) -> bool:
    return name.startswith("Read")


def _servicer(digitizer: Digitizer, handlers: Mapping[str, Handler]) -> Any:
    servicer = nidaqmx_pb2_grpc.NiDAQmxServicer()
    for name in dir(servicer):
        attribute = re.fullmatch(r"(Get|Set|Reset)([A-Z]\w*)Attribute\w*", name)
        if attribute:
            setattr(servicer, name, _unary(digitizer, _attribute(name, *attribute.groups())))
    for name, handler in handlers.items():
        setattr(servicer, name, _unary(digitizer, handler, reads=_reads(name)))
    servicer.RegisterEveryNSamplesEvent = _stream(digitizer, _every_n_samples)
    servicer.RegisterDoneEvent = _stream(digitizer, _done)
    return servicer


def _unary(
    digitizer: Digitizer, handler: Handler, reads: bool = False
) -> Callable[[Request, Context], Response]:
    def answer(request: Request, context: Context) -> Response:
        try:
            return handler(digitizer, request, context.is_active)
        except (DaqError, SessionError) as error:
            _abort(context, error, reads)

    return answer


Events: TypeAlias = Callable[[Digitizer, Request, Alive], Iterator[Response]]


def _stream(digitizer: Digitizer, events: Events) -> Callable[[Request, Context], Any]:
    def answer(request: Request, context: Context) -> Iterator[Response]:
        try:
            stream = events(digitizer, request, context.is_active)
        except DaqError as error:
            _abort(context, error)
        context.send_initial_metadata(())  # tells the client that it is registered
        yield from stream

    return answer


def _abort(context: Context, error: DaqError | SessionError, reads: bool = False) -> NoReturn:
    if isinstance(error, SessionError):
        context.abort(error.status, str(error))
    count = (("ni-samps-per-chan-read", "0"),) if reads else ()
    context.set_trailing_metadata((("ni-error", str(int(error.code))), *count))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _every_n_samples(digitizer: Digitizer, request: Request, alive: Alive) -> Iterator[Response]:
    task, count = digitizer.task(request.task.name), request.n_samples
    if count < 1:
        raise DaqError(Code.INVALID_ATTRIBUTE_VALUE, f"N Samples: {count}; at least 1")
    kind = request.every_n_samples_event_type_raw
    response = pb.RegisterEveryNSamplesEventResponse
    return (
        response(every_n_samples_event_type_raw=kind, n_samples=count)
        for _ in task.every(count, alive)
    )


def _done(digitizer: Digitizer, request: Request, alive: Alive) -> Iterator[Response]:
    task = digitizer.task(request.task.name)
    return (pb.RegisterDoneEventResponse(status=0) for _ in task.done(alive))


def _attribute(method: str, verb: str, subject: str) -> Handler:
    response = getattr(pb, f"{method}Response")
    raw = "value_raw" in response.DESCRIPTOR.fields_by_name
    field = "value_raw" if raw else "value"

    def get(digitizer: Digitizer, request: Request, _: Alive) -> Response:
        return response(**{field: _value(digitizer, subject, request)})

    def set_(digitizer: Digitizer, request: Request, _: Alive) -> Response:
        setter = attributes.SETTABLE.get(request.attribute_raw)
        if setter is None:
            raise _unsupported(request.attribute_raw)
        with digitizer.task(request.task.name).configure() as settings:
            setter(settings, request.value_raw if hasattr(request, "value_raw") else request.value)
        return response()

    def reset(_: Digitizer, request: Request, __: Alive) -> Response:
        raise _unsupported(request.attribute_raw)

    return {"Get": get, "Set": set_, "Reset": reset}[verb]


def _value(digitizer: Digitizer, subject: str, request: Request) -> attributes.Value:
    number = request.attribute_raw
    if subject in ("Task", "Read", "Timing", "Buffer", "Trig") and number in attributes.OF_TASK:
        return attributes.OF_TASK[number](digitizer.task(request.task.name))
    if subject == "SystemInfo" and number in attributes.OF_SYSTEM:
        return attributes.OF_SYSTEM[number](digitizer)
    if subject == "Device" and number in attributes.OF_DEVICE:
        digitizer.check_device(request.device_name)
        return attributes.OF_DEVICE[number](digitizer)
    if subject == "Chan" and number in attributes.OF_CHANNEL:
        return _of_channels(digitizer, request)
    raise _unsupported(number)


def _of_channels(digitizer: Digitizer, request: Request) -> attributes.Value:
    """The value of a channel, or of several that have it in common."""
    inputs = {one.name: one for one in digitizer.task(request.task.name).settings.inputs}
    wanted = names(request.channel) or list(inputs)
    missing = [name for name in wanted if name not in inputs]
    if missing or not wanted:
        raise DaqError(Code.CHAN_NOT_IN_TASK, f"Channel Name: {missing or request.channel!r}")
    values = [attributes.OF_CHANNEL[request.attribute_raw](inputs[name]) for name in wanted]
    if any(value != values[0] for value in values):
        raise DaqError(
            Code.INVALID_ATTRIBUTE_VALUE, f"Channels differ: {', '.join(wanted)}; ask one by one"
        )
    return values[0]


def _unsupported(number: int) -> DaqError:
    return DaqError(Code.ATTRIBUTE_NOT_SUPPORTED_IN_TASK_CONTEXT, f"Property: 0x{number:04X}")
