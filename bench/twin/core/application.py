"""The twin's application: the firmware's core, on the simulated chip."""

from bench.twin.core.core import Core, Loaded
from bench.twin.cost_model import Settings
from bench.twin.esp32.application import ApplicationHost
from bench.twin.runtime import ARENA_SIZE, Loader, Runtime, load
from bench.twin.sampling import SensorBus
from bench.twin.sensor import AT_REST, Mpu6050, Stream

BAUD = 115200


class CoreApplication:
    """One boot of the core; see `bench.twin.esp32.application.Application`."""

    def __init__(
        self,
        host: ApplicationHost,
        settings: Settings,
        load: Loader = load,
        stream: Stream = AT_REST,
    ) -> None:
        self._host, self._settings, self._load, self._stream = host, settings, load, stream
        self._core: Core | None = None

    def boot(self) -> None:
        """Load the model partition and announce the console."""
        host, settings = self._host, self._settings
        host.set_baud(BAUD)
        sensor = SensorBus(host, settings, Mpu6050(self._stream))
        board = _Board(host, settings, self._load, sensor)
        board.wait(0.0)
        offset, size = next(
            ((p.offset, p.size) for p in host.partitions if p.label == "model"), (0, 0)
        )
        board.partition_offset = offset
        description = host.description
        self._core = Core(
            board,
            description.name,
            description.version,
            settings.clock_mhz * 1_000_000,
            host.flash(offset, size) if size else b"",
        )
        self._core.boot()

    def receive(self, data: bytes) -> None:
        """Bytes for the core."""
        if self._core is not None:
            self._core.receive(data)

    def stop(self) -> None:
        """Free the core."""
        if self._core is not None:
            self._core.stop()


class _Board:
    """What the core runs on: the chip's peripherals, and the runtime of the flashed model."""

    def __init__(
        self, host: ApplicationHost, settings: Settings, load: Loader, sensor: SensorBus
    ) -> None:
        self.partition_offset = 0
        self.sensor = sensor
        self._host, self._settings, self._load = host, settings, load
        self._runtime: Runtime | None = None
        self._computed = b"", b""

    def write(self, text: bytes) -> None:
        """The CPU waits for the UART at the idle current."""
        self.wait(0.0)
        self._host.write(text)

    def drain(self) -> None:
        """What was written has left: the host returns no earlier."""

    def micros(self) -> int:
        return self._host.micros()

    def marker(self, level: bool) -> None:
        self._host.marker(level)

    def timestamp(self) -> int:
        """MLPerf's pin is connected to nothing here."""
        return self._host.micros()

    def wait(self, seconds: float) -> None:
        self._host.run(((self._settings.idle_amps, seconds),))

    def interrupted(self) -> bool:
        return self._host.discard_input()

    def load(self, name: str, technique: str, model: bytes, offset: int) -> Loaded:
        self._host.identify(f"{name}-{technique}")
        loaded = self._load(model, self.partition_offset + offset, self._settings)
        self._runtime = loaded
        return Loaded(
            input=loaded.model.input,
            output=loaded.model.output,
            arena_used=loaded.arena_bytes,
            arena_size=ARENA_SIZE,
            operators=[(cost.name, cost.seconds) for cost in loaded.costs],
        )

    def invoke(self, content: bytes, times: int) -> bytes:
        """Equal inputs have equal outputs, so only the first of them is computed."""
        runtime = self._loaded()
        seen, output = self._computed
        if content != seen or not output:
            output = runtime.invoke(content)
            self._computed = content, output
        self._host.run(runtime.steps, times)
        return output

    def profile(self) -> None:
        self._host.run(self._loaded().steps)

    def _loaded(self) -> Runtime:
        assert self._runtime is not None  # the core asks only what has been loaded
        return self._runtime
