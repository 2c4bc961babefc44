"""The twin's application: MLPerf Tiny's console on the flashed model.

It speaks the text protocol of MLPerf Tiny's reference API (commands end with ``%``, every answer
with ``m-ready``, errors are ``e-[..]``) and, beside it, ``model``, ``arena``, ``clock``, ``ops``.
A measured run is quiet: what is said before it has left the UART, unmeasured inferences settle the
supply, and the results are said after a post-roll.
"""

from math import prod

import numpy as np

from bench.device.images import ModelImage, decode_model
from bench.errors import DeviceError
from bench.twin.cost_model import Settings
from bench.twin.esp32.application import ApplicationHost
from bench.twin.runtime import ARENA_SIZE, Loader, Runtime, Values, load

BAUD = 115200
SETTLE = 0.010
"""Length in s of the unmeasured inferences before a window, and of the post-roll behind it: ten
time constants of the shunt with up to 100 uF of decoupling."""
MAX_COMMAND = 4096
MAX_INFERENCES = 1_000_000
DEFAULT_WARM_UP = 10


class ConsoleError(Exception):
    """A command that cannot be carried out; its text is the answer."""


class Console:
    """One boot of the application; see `bench.twin.esp32.application.Application`."""

    def __init__(self, host: ApplicationHost, settings: Settings, load: Loader = load) -> None:
        self._host, self._settings, self._load = host, settings, load
        self._line = bytearray()
        self._image: ModelImage | None = None
        self._runtime: Runtime | None = None
        self._why_no_model = "no model"
        self._expected, self._input = 0, bytearray()
        self._output = np.empty(0, dtype=np.float32)

    def boot(self) -> None:
        """Load the model partition and announce the console."""
        self._host.set_baud(BAUD)
        self._idle(0.0)
        try:
            self._load_model()
        except DeviceError as error:
            self._why_no_model = str(error)
        self._say("m-init-done", "m-ready")

    def receive(self, data: bytes) -> None:
        """Collect bytes and carry out each command that they complete."""
        for byte in data:
            if byte == ord("%"):
                line, self._line = self._line, bytearray()
                self._execute(line)
            elif len(self._line) <= MAX_COMMAND:
                self._line.append(byte)

    def stop(self) -> None:
        """Nothing is held."""

    def _execute(self, line: bytearray) -> None:
        try:
            if len(line) > MAX_COMMAND:
                raise ConsoleError(f"command longer than {MAX_COMMAND}")
            command = line.decode("ascii", "replace").strip()
            name, *arguments = command.split() or [""]
            handler = getattr(self, f"_do_{name}", None) if name.isidentifier() else None
            if handler is None:
                raise ConsoleError(f"unknown command: {command[:40]!a}")
            handler(arguments)
        except ConsoleError as error:
            self._say(f"e-[{error}]")
        self._say("m-ready")

    def _do_name(self, _arguments: list[str]) -> None:
        self._say(f"m-name-dut-[{self._host.description.name}]")

    def _do_profile(self, _arguments: list[str]) -> None:
        description = self._host.description
        self._say(f"m-profile-[{description.name} {description.version}]")
        self._say(f"m-model-[{self._identity()}]")

    def _do_timestamp(self, _arguments: list[str]) -> None:
        self._say(f"m-lap-us-{self._host.micros()}")

    def _do_help(self, _arguments: list[str]) -> None:
        names = sorted(name[4:] for name in dir(self) if name.startswith("_do_"))
        self._say(f"m-help-[{' '.join(names)}]")

    def _do_model(self, _arguments: list[str]) -> None:
        image = self._image
        if image is None:
            raise ConsoleError(self._why_no_model)
        self._say(
            f"m-model-name-[{image.name}]",
            f"m-model-technique-[{image.technique}]",
            f"m-model-bytes-{len(image.model)}",
            f"m-model-crc-{image.crc:08x}",
        )

    def _do_arena(self, _arguments: list[str]) -> None:
        runtime = self._ready_runtime()
        self._say(f"m-arena-used-{runtime.arena_bytes}", f"m-arena-size-{ARENA_SIZE}")

    def _do_clock(self, _arguments: list[str]) -> None:
        self._say(f"m-clock-hz-{self._settings.clock_mhz * 1_000_000}")

    def _do_ops(self, _arguments: list[str]) -> None:
        for cost in self._ready_runtime().costs:
            self._say(f"m-op-[{cost.name}]-us-{cost.seconds * 1e6:.1f}")

    def _do_db(self, arguments: list[str]) -> None:
        match arguments:
            case ["load", size] if size.isdecimal() and 0 < int(size) <= 1 << 20:
                self._expected, self._input = int(size), bytearray()
                self._say(f"m-[Expecting {size} bytes]")
            case ["print"]:
                for at in range(0, len(self._input), 16):
                    self._say(f"m-buffer-{bytes(self._input[at : at + 16]).hex()}")
            case [text]:
                self._append(text)
            case _:
                raise ConsoleError("db wants: load N, HEX or print")

    def _append(self, text: str) -> None:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise ConsoleError("db: not hexadecimal") from None
        if len(self._input) + len(data) > self._expected:
            raise ConsoleError(f"db: more than the {self._expected} bytes expected")
        self._input += data
        if len(self._input) == self._expected:
            self._say("m-load-done")

    def _do_infer(self, arguments: list[str]) -> None:
        if not 1 <= len(arguments) <= 2 or not all(a.isdecimal() for a in arguments):
            raise ConsoleError("infer wants: N [W]")
        count, warm_up = (*map(int, arguments), DEFAULT_WARM_UP)[:2]
        if not 0 < count <= MAX_INFERENCES or warm_up > MAX_INFERENCES:
            raise ConsoleError(f"infer: N and W up to {MAX_INFERENCES}")
        runtime = self._ready_runtime()
        self._output = runtime.model.output.to_real(runtime.invoke(self._tensor(runtime)))
        steps = [(cost.amps, cost.seconds) for cost in runtime.costs]
        latency = sum(seconds for _, seconds in steps)
        host = self._host
        self._say(f"m-warmup-start-{warm_up}")
        host.run(steps, warm_up)
        self._idle(0.0)
        self._say("m-warmup-done", f"m-infer-start-{count}")
        host.run(steps, 1 + int(SETTLE / latency))
        host.marker(True)
        begin = host.micros()
        host.run(steps, count)
        host.marker(False)
        end = host.micros()
        self._idle(SETTLE)
        self._say(f"m-lap-us-{begin}", f"m-lap-us-{end}", "m-infer-done")
        self._do_results([])

    def _do_results(self, _arguments: list[str]) -> None:
        self._say(f"m-results-[{','.join(f'{value:.9g}' for value in self._output)}]")

    def _tensor(self, runtime: Runtime) -> Values:
        """The input tensor from what was loaded: standardised and quantised, or as it is."""
        assert self._image is not None
        standardisation, tensor = self._image.standardisation, runtime.model.input
        dtype = np.dtype("<f4" if standardisation else tensor.dtype)
        wanted = prod(tensor.shape) * dtype.itemsize
        if len(self._input) != wanted:
            raise ConsoleError(f"input: {len(self._input)} bytes loaded, the model takes {wanted}")
        values = np.frombuffer(bytes(self._input), dtype=dtype)
        if standardisation is None:
            return values
        mean = np.asarray(standardisation.mean, dtype=np.float32)
        scale = np.asarray(standardisation.scale, dtype=np.float32)
        return tensor.to_stored((values.reshape(-1, len(mean)) - mean) / scale).ravel()

    def _load_model(self) -> None:
        for partition in self._host.partitions:
            if partition.label == "model":
                image = decode_model(self._host.flash(partition.offset, partition.size))
                self._image = image
                self._host.identify(f"{image.name}-{image.technique}")
                self._runtime = self._load(image, partition.offset, self._settings)
                return
        raise DeviceError("no model partition in the partition table")

    def _ready_runtime(self) -> Runtime:
        if self._runtime is None:
            raise ConsoleError(self._why_no_model)
        return self._runtime

    def _idle(self, seconds: float) -> None:
        self._host.run(((self._settings.idle_amps, seconds),))

    def _identity(self) -> str:
        return "none" if self._image is None else f"{self._image.name}-{self._image.technique}"

    def _say(self, *lines: str) -> None:
        self._host.write("".join(f"{line}\r\n" for line in lines).encode())
