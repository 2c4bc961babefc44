"""Live samples on the simulated chip: the sensor's bus, and sleep until its interrupt."""

from bench.twin.constants import constants
from bench.twin.cost_model import Settings
from bench.twin.esp32.application import ApplicationHost
from bench.twin.sensor import Mpu6050

_OVERHEAD = 3
"""Bytes of a transfer beside its data: address, register, and address again or the value."""


class SensorBus:
    """The chip's I2C bus with the sensor on it, and the line from the sensor's interrupt.

    Args:
        host: The chip; its CPU waits while the bus is busy.
        settings: How it is set; decides the currents.
        sensor: At the bus's other end.
    """

    def __init__(self, host: ApplicationHost, settings: Settings, sensor: Mpu6050) -> None:
        self._host, self._sensor = host, sensor
        self._asleep, self._awake = settings.sleep_amps, settings.idle_amps
        self._wake, self._byte = constants().live.wake.value, constants().live.bus_byte.value

    def write(self, register: int, value: int) -> None:
        """Write a register of the sensor."""
        self._transfer(_OVERHEAD)
        self._sensor.write(register, value, self._host.micros())

    def read(self, register: int, size: int) -> bytes:
        """Read `size` bytes from a register of the sensor on."""
        self._transfer(_OVERHEAD + size)
        return self._sensor.read(register, size, self._host.micros())

    def sleep(self, longest: int) -> None:
        """Light sleep until the interrupt line is high, at most `longest` us; then wake up."""
        now = self._host.micros()
        interrupt = self._sensor.interrupt_at(now)
        if interrupt == now:
            return
        asleep = longest if interrupt is None else min(longest, interrupt - now)
        self._host.run(((self._asleep, asleep * 1e-6), (self._awake, self._wake)))

    def _transfer(self, count: int) -> None:
        self._host.run(((self._awake, count * self._byte),))
