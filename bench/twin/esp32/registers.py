"""The chip's memory as the loader's READ_REG, WRITE_REG and uploads see it.

A word that nobody wrote reads 0, save eFuse, a few constants, the UART's divider and the SPI
controller through which a host reaches the flash's own commands.
"""

import struct
from collections.abc import Callable

from bench.twin.esp32 import constants
from bench.twin.esp32.flash import Flash

ESP32_MAGIC = 0x00F01D83
"""What the ROM holds at `_CHIP_MAGIC`: hosts tell chips apart by it."""

_CHIP_MAGIC = 0x40001000
_UART_DIVIDER = 0x3FF40014
_EFUSE = 0x3FF5A000
_APB_DATE, _REVISION_BIT = 0x3FF6607C, 1 << 31
_RTC_CALIBRATION, _CALIBRATION_SHIFT = 0x3FF5F06C, 7

_SPI = 0x3FF42000
_SPI_ADDRESS, _SPI_COMMAND_VALUE, _SPI_SENT_BITS = _SPI + 0x04, _SPI + 0x24, _SPI + 0x28
_SPI_WORDS = tuple(range(_SPI + 0x80, _SPI + 0xC0, 4))
_SPI_USER, _SPI_USER_SENDS, _SPI_USER_ADDRESS = _SPI + 0x1C, 1 << 27, 1 << 30
_SPI_START = 1 << 18

_REVISION_EFUSES = {3: 1 << 15 | 1 << 13, 5: 1 << 20}
"""eFuse words of a revision 3 chip in the D0WDQ6 package, rated for 240 MHz."""
_OSCILLATOR = 128
"""eFuse word 4: the 8 MHz oscillator's trim; with the calibration below it says 40 MHz."""


class Registers:
    """Words by address. `flash_attached` decides whether the flash answers on its bus."""

    def __init__(
        self, mac: bytes, flash: Flash, baud: Callable[[], int], chip_magic: int = ESP32_MAGIC
    ) -> None:
        self.flash_attached = False
        self._flash = flash
        self._baud = baud
        self._words = {
            _CHIP_MAGIC: chip_magic,
            _APB_DATE: _REVISION_BIT,
            _RTC_CALIBRATION: constants.CRYSTAL_HZ * 40 // 15625 // _OSCILLATOR
            << _CALIBRATION_SHIFT,
            _EFUSE + 4: int.from_bytes(mac[2:], "big"),
            _EFUSE + 8: mac_crc(mac) << 16 | int.from_bytes(mac[:2], "big"),
            _EFUSE + 16: _OSCILLATOR,
        }
        self._words |= {_EFUSE + 4 * word: bits for word, bits in _REVISION_EFUSES.items()}

    def read(self, address: int) -> int:
        """The word at `address`."""
        if address == _UART_DIVIDER:
            return constants.CRYSTAL_HZ // self._baud()
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int = 0xFFFFFFFF) -> None:
        """Replace the bits of `mask` in the word at `address`."""
        value = self.read(address) & ~mask | value & mask
        if address == _SPI and value & _SPI_START:
            self._transfer()
            value &= ~_SPI_START
        self._words[address] = value

    def load(self, address: int, data: bytes) -> None:
        """Copy `data` to memory from `address`."""
        padded = data + bytes(-len(data) % 4)
        for index, (word,) in enumerate(struct.iter_unpack("<I", padded)):
            self._words[address + 4 * index] = word

    def _transfer(self) -> None:
        """One user command of the SPI controller, as the registers describe it."""
        user = self.read(_SPI_USER)
        address = self.read(_SPI_ADDRESS) >> 8 if user & _SPI_USER_ADDRESS else 0
        length = (self.read(_SPI_SENT_BITS) + 1) // 8 if user & _SPI_USER_SENDS else 0
        sent = b"".join(self.read(word).to_bytes(4, "little") for word in _SPI_WORDS)[:length]
        code = self.read(_SPI_COMMAND_VALUE) & 0xFF
        answer = self._flash.command(code, address, sent) if self.flash_attached else b""
        self.load(_SPI_WORDS[0], answer[: 4 * len(_SPI_WORDS)] or bytes(4))


def mac_crc(mac: bytes) -> int:
    """CRC-8 (Dallas/Maxim) that eFuse keeps beside the MAC."""
    crc = 0
    for byte in mac:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
