"""The twin's supply: an R&S NGMO2 whose channel A feeds the circuit, and whose channel B is open.

The commands are those for which there is evidence in public drivers and in logs of real units.
What that evidence leaves open (how a boolean reads, what an empty error queue says, whether a trip
latches) is a `Dialect`, so that a driver can be tried with each.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields

from bench.twin import scpi
from bench.twin.scpi import Command, Handler, Interpreter, ScpiError
from bench.twin.scpi_server import HungUpError, ScpiServer
from bench.twin.supply_faults import TRIPS_AT, SupplyFault
from bench.twin.supply_readings import Meter, Reading, text
from bench.twin.supply_settings import CHOICES, SETTINGS, Channel, Setting
from bench.twin.supply_source import Source
from bench.twin.world import World

IDENTITY = "ROHDE&SCHWARZ,NGMO2,100778,1.16 /A:3:1.14,B:3:1.14"
"""As a real unit answered; the firmware's field holds a comma."""
COMMAND_SECONDS = 2e-3
"""Simulated time of a command (assumed: GPIB and a slow processor)."""
AMPS_ABOVE_5_V = 2.5


@dataclass(frozen=True)
class Dialect:
    """Forms that the evidence leaves open.

    Attributes:
        booleans: Replies for off and on.
        line_end: End of each reply.
        no_error: Reply of an empty error queue.
        trip_latches: A tripped output cannot be switched on before it was switched off.
    """

    booleans: tuple[str, str] = ("0", "1")
    line_end: str = "\n"
    no_error: str = '0,"No error"'
    trip_latches: bool = True


@dataclass
class Supply:
    """The instrument with serial number `seed`; its methods take the world's lock."""

    world: World
    seed: int
    dialect: Dialect = field(default_factory=Dialect)
    faults: Collection[SupplyFault] = frozenset()

    def __post_init__(self) -> None:
        self._channels = {"A": Channel(), "B": Channel()}
        self._source = Source(self.world, self.seed)
        self._meter = Meter(self.world, self.seed)
        self._interpreter = Interpreter(self._commands())
        self._earlier = ""

    def connected(self) -> None:
        """A client opened a session; with the output off, the world begins anew."""
        with self.world.lock:
            if not self.world.on:
                self.world.begin()

    def carry_out(self, message: str) -> str | None:
        """The reply to a program message, with its end; None if it asks for nothing."""
        with self.world.lock:
            self.world.catch_up()
            self._source.rest(COMMAND_SECONDS)
            self._trip_if(self._channels["A"], not self.world.on)
            was_on = self.world.on
            reply = self._interpreter.carry_out(message)
            if SupplyFault.HANGS_UP in self.faults and self.world.on and not was_on:
                raise HungUpError
            if reply is None or self._is_silent():
                return None
            earlier, self._earlier = self._earlier, reply
            if SupplyFault.STALE in self.faults and self.world.on:
                reply = earlier
            return reply + self.dialect.line_end

    def _is_silent(self) -> bool:
        hangs = SupplyFault.HANGS in self.faults and self.world.on
        return hangs or SupplyFault.SILENT in self.faults

    def overrun(self) -> None:
        """Report that a message was longer than the input buffer."""
        with self.world.lock:
            self._interpreter.report(ScpiError(*scpi.INPUT_OVERRUN))

    def _commands(self) -> Iterator[Command]:
        queries: dict[str, Callable[[], str]] = {
            "*IDN?": self._identity,
            "*OPC?": lambda: "1",
            "*TST?": lambda: "0",
            "*ESR?": self._take_event_status,
            "*STB?": lambda: "4" if self._interpreter.has_errors else "0",
            "SYSTem:ERRor[:NEXT]?": self._next_error,
        }
        actions: dict[str, Callable[[], None]] = {
            "*RST": self._reset,
            "*CLS": lambda: self._interpreter.clear(),
            "*WAI": lambda: None,
        }
        for header, query in queries.items():
            yield Command.of(header, _without_parameter(query))
        for header, action in actions.items():
            yield Command.of(header, _without_parameter(action))
        for setting in SETTINGS:
            yield Command.of(setting.header, self._setter(setting))
            yield Command.of(f"{setting.header}?", self._getter(setting))
        for header, attribute, words in CHOICES:
            yield Command.of(header, self._chooser(attribute, words))
            yield Command.of(f"{header}?", self._chosen(attribute))
        for header in ("OUTPut:#[:STATe]", "OUT:#[:STATe]"):
            yield Command.of(header, self._switch)
            yield Command.of(f"{header}?", self._is_on)
        yield Command.of("MEASure:#?", self._measure(None))
        yield Command.of("MEASure:#:VOLTage?", self._measure("VOLT"))
        yield Command.of("MEASure:#:CURRent?", self._measure("CURR"))
        yield Command.of("FETCh:#:ARRay?", self._fetch)

    def _identity(self) -> str:
        other = SupplyFault.OTHER_MODEL in self.faults
        return IDENTITY.replace("NGMO2", "NGMO1") if other else IDENTITY

    def _take_event_status(self) -> str:
        status, self._interpreter.event_status = self._interpreter.event_status, 0
        return str(status)

    def _next_error(self) -> str:
        error = self._interpreter.next_error()
        return self.dialect.no_error if error is None else f'{error.code},"{error.text}"'

    def _reset(self) -> None:
        for channel in self._channels.values():
            for each in fields(Channel):
                setattr(channel, each.name, each.default)
        self._apply()

    def _setter(self, setting: Setting) -> Handler:
        def set_(name: str, parameter: str) -> None:
            channel = self._channels[name]
            value = scpi.number(parameter, setting.low, setting.high)
            value = round(round(value / setting.step) * setting.step, 9)
            wanted = {"volts": channel.volts, "limit": channel.limit, setting.attribute: value}
            if wanted["volts"] > 5.0 and wanted["limit"] > AMPS_ABOVE_5_V:
                raise ScpiError(*scpi.SETTINGS_CONFLICT)
            if setting.attribute != "volts" or SupplyFault.STUCK not in self.faults:
                setattr(channel, setting.attribute, value)
            self._apply()

        return set_

    def _getter(self, setting: Setting) -> Handler:
        def get(name: str, parameter: str) -> str:
            scpi.nothing(parameter)
            return text(getattr(self._channels[name], setting.attribute), setting.step)

        return get

    def _chooser(self, attribute: str, words: dict[str, str]) -> Handler:
        def choose(name: str, parameter: str) -> None:
            value = scpi.word(parameter.strip("\"'"), words)
            setattr(self._channels[name], attribute, value)

        return choose

    def _chosen(self, attribute: str) -> Handler:
        def get(name: str, parameter: str) -> str:
            scpi.nothing(parameter)
            return str(getattr(self._channels[name], attribute)).upper()

        return get

    def _switch(self, name: str, parameter: str) -> None:
        channel, on = self._channels[name], scpi.switch(parameter)
        if on and channel.tripped:
            raise ScpiError(*scpi.EXECUTION)
        channel.on, channel.tripped = on, False
        self._apply()
        if on and SupplyFault.COMPLAINS in self.faults:
            raise ScpiError(*scpi.HARDWARE)

    def _is_on(self, name: str, parameter: str) -> str:
        scpi.nothing(parameter)
        return self.dialect.booleans[self._channels[name].on]

    def _measure(self, function: str | None) -> Handler:
        def measure(name: str, parameter: str) -> str:
            scpi.nothing(parameter)
            channel = self._channels[name]
            reading = Reading(function or channel.function, channel.range)
            seconds = channel.interval * channel.count
            return self._meter.read(name, self._terminals(name), reading, seconds)

        return measure

    def _fetch(self, name: str, parameter: str) -> str:
        scpi.nothing(parameter)
        channel = self._channels[name]
        reading = Reading(channel.function, channel.range)
        count = round(channel.length)
        values = self._meter.series(name, self._terminals(name), reading, count, channel.period)
        return ",".join(values)

    def _terminals(self, name: str) -> float | None:
        """V at an open channel; None for the one that feeds the circuit."""
        if name == "A":
            return None
        return self._channels[name].volts if self._channels[name].on else 0.0

    def _apply(self) -> None:
        """Trip what is above its protection, and make the output what the settings say."""
        for channel in self._channels.values():
            self._trip_if(channel, channel.volts > channel.protection)
        feeding = self._channels["A"]
        self._source.set(feeding.volts if feeding.on else None, feeding.ohms, self._limit(feeding))

    def _limit(self, channel: Channel) -> float:
        """A above which it really trips."""
        trips = SupplyFault.TRIPS in self.faults
        return min(channel.limit, TRIPS_AT) if trips else channel.limit

    def _trip_if(self, channel: Channel, over: bool) -> None:
        if channel.on and over:
            channel.on, channel.tripped = False, self.dialect.trip_latches
            self._apply()


class SupplyServer:
    """Serves the supply with serial number `seed` on a port of 127.0.0.1 until it is closed."""

    def __init__(
        self,
        world: World,
        seed: int,
        dialect: Dialect | None = None,
        faults: Collection[SupplyFault] = frozenset(),
    ) -> None:
        self._server = ScpiServer(Supply(world, seed, dialect or Dialect(), faults))

    @property
    def address(self) -> str:
        """The VISA resource; both its terminations are a line feed."""
        return self._server.address

    def close(self) -> None:
        """Stop serving and hang up; the output stays as it is."""
        self._server.close()


def _without_parameter(answer: Callable[[], str | None]) -> Handler:
    def handler(_: str, parameter: str) -> str | None:
        scpi.nothing(parameter)
        return answer()

    return handler
