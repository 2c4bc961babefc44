"""The serial loader: the ROM's, and the flasher stub that a host uploads over it.

Both speak the same protocol; they differ in which commands they know, in their status bytes, and in
when they erase. The stub is recognised by its greeting: whatever a host uploads that holds it runs
as this stub, because the twin has no core to run an upload's machine code on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.twin.esp32 import constants, slip
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.download import Download, ReadBack
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.image import checksum
from bench.twin.esp32.protocol import (
    GREETING,
    Command,
    Refusal,
    RefusedError,
    Request,
    parse_request,
    reply,
)
from bench.twin.esp32.registers import Registers

_ROM_SYNC_VALUE = 0x20120707
"""Any value but 0, which says that a stub answers."""
_SYNC_REPLIES = 8
_SLOW_READ = 64
_STAY = 1
_BAUD_RATES = range(300, 5_000_001)


class Board(Protocol):
    """What surrounds the loader. What starts another program ends the loader and never returns."""

    @property
    def flash(self) -> Flash:
        """The flash beside the chip."""

    @property
    def registers(self) -> Registers:
        """The chip's memory."""

    def start_stub(self) -> None:
        """Let the stub run."""

    def start_upload(self, uploaded: bytes) -> None:
        """Let another uploaded program run."""

    def start_flash(self) -> None:
        """Boot from flash."""

    def start_rom(self) -> None:
        """Reset by software, which does not sample IO0 anew: the ROM's loader again."""


@dataclass(frozen=True)
class Answer:
    """The reply to a command that was carried out, how often it is sent, and what follows it."""

    value: int = 0
    data: bytes = b""
    times: int = 1
    then: Callable[[], None] | None = None


class Loader:
    """A loader that waits for commands; `stub` tells which of the two."""

    def __init__(self, host: ApplicationHost, board: Board, *, stub: bool) -> None:
        self._host = host
        self._board = board
        self._stub = stub
        self._current = constants.STUB_CURRENT if stub else constants.ROM_CURRENT
        self._frames = slip.Decoder()
        self._download: Download | None = None
        self._read_back: ReadBack | None = None
        self._upload_address: int | None = None
        self._uploaded = bytearray()
        self._commands = self._rom_commands() | (self._stub_commands() if stub else {})

    def boot(self) -> None:
        """Draw the loader's current; a stub also greets."""
        self._host.run([(self._current, 0.0)])
        if self._stub:
            self._board.registers.flash_attached = True
            self._host.write(slip.encode(GREETING))

    def receive(self, data: bytes) -> None:
        """Answer the requests that `data` completes."""
        for frame in self._frames.feed(data):
            if self._read_back is not None and len(frame) == 4:
                self._stream(int.from_bytes(frame, "little"))
            else:
                self._read_back = None
                self._handle(frame)

    def stop(self) -> None:
        """Nothing is held."""

    def _handle(self, frame: bytes) -> None:
        try:
            request = parse_request(frame)
            if request is None:
                return
            answer = self._carry_out(request)
        except RefusedError as refused:
            self._refuse(frame[1], refused.reason)
            return
        for _ in range(answer.times):
            status = bytes(2 if self._stub else 4)
            self._host.write(
                slip.encode(reply(request.command, answer.value, answer.data + status))
            )
        if answer.then is not None:
            answer.then()

    def _carry_out(self, request: Request) -> Answer:
        handler = self._commands.get(request.command)
        if handler is None:
            raise RefusedError(Refusal.UNKNOWN_COMMAND)
        return handler(request)

    def _refuse(self, command: int, reason: Refusal) -> None:
        rom, stub = reason.value
        if self._stub:
            status = stub.to_bytes(2, "big")
        else:
            status = rom.to_bytes(2, "big") + bytes(2)
            if reason is Refusal.UNKNOWN_COMMAND:
                command = 0  # the ROM's reply to what it does not know names no command
        self._host.write(slip.encode(reply(command, 0, status)))

    def _rom_commands(self) -> dict[int, Callable[[Request], Answer]]:
        return {
            Command.SYNC: self._sync,
            Command.READ_REG: self._read_register,
            Command.WRITE_REG: self._write_registers,
            Command.MEM_BEGIN: self._memory_begin,
            Command.MEM_DATA: self._memory_data,
            Command.MEM_END: self._memory_end,
            Command.SPI_SET_PARAMS: lambda _: Answer(),
            Command.SPI_ATTACH: self._attach,
            Command.CHANGE_BAUDRATE: self._change_baud,
            Command.FLASH_BEGIN: lambda request: self._flash_begin(request, compressed=False),
            Command.FLASH_DEFL_BEGIN: lambda request: self._flash_begin(request, compressed=True),
            Command.FLASH_DATA: lambda request: self._flash_data(request, compressed=False),
            Command.FLASH_DEFL_DATA: lambda request: self._flash_data(request, compressed=True),
            Command.FLASH_END: self._flash_end,
            Command.FLASH_DEFL_END: self._flash_end,
            Command.SPI_FLASH_MD5: self._md5,
            Command.READ_FLASH_SLOW: self._read_slowly,
        }

    def _stub_commands(self) -> dict[int, Callable[[Request], Answer]]:
        return {
            Command.ERASE_FLASH: self._erase_all,
            Command.ERASE_REGION: self._erase_region,
            Command.READ_FLASH: self._read_flash,
            Command.RUN_USER_CODE: lambda _: Answer(times=0, then=self._board.start_flash),
        }

    def _sync(self, _: Request) -> Answer:
        return Answer(value=0 if self._stub else _ROM_SYNC_VALUE, times=_SYNC_REPLIES)

    def _read_register(self, request: Request) -> Answer:
        return Answer(value=self._board.registers.read(*request.words(1)))

    def _write_registers(self, request: Request) -> Answer:
        words = request.words(max(4, len(request.data) // 4))
        for first in range(0, len(words) - 3, 4):
            address, value, mask, microseconds = words[first : first + 4]
            self._board.registers.write(address, value, mask)
            self._host.run([(self._current, microseconds * 1e-6)])
        return Answer()

    def _attach(self, _: Request) -> Answer:
        self._board.registers.flash_attached = True
        return Answer()

    def _change_baud(self, request: Request) -> Answer:
        (rate,) = request.words(1)
        if rate not in _BAUD_RATES:
            raise RefusedError(Refusal.BAD_LENGTH)
        return Answer(then=lambda: self._host.set_baud(rate))

    def _memory_begin(self, request: Request) -> Answer:
        *_, self._upload_address = request.words(4)
        return Answer()

    def _memory_data(self, request: Request) -> Answer:
        block = _block(request)
        if self._upload_address is None:
            raise RefusedError(Refusal.NOT_BEGUN)
        self._board.registers.load(self._upload_address, block)
        self._uploaded += block
        self._upload_address += len(block)
        return Answer()

    def _memory_end(self, request: Request) -> Answer:
        (stay,) = request.words(1)
        if stay == _STAY:
            return Answer()
        uploaded = bytes(self._uploaded)
        if GREETING in uploaded:
            return Answer(then=self._board.start_stub)
        return Answer(then=lambda: self._board.start_upload(uploaded))

    def _flash_begin(self, request: Request, *, compressed: bool) -> Answer:
        size, _, _, offset = request.words(4)
        flash = self._board.flash
        encrypted = self._stub and len(request.data) >= 20 and bool(request.words(5)[-1])
        if encrypted and size % 16:
            raise RefusedError(Refusal.BAD_LENGTH)
        self._download = Download(
            flash, offset, size, compressed=compressed, encrypted=encrypted, erase=self._stub
        )
        if not self._stub:
            self._wait_for_flash(flash.erase(offset, offset + size) if size else 0.0)
        return Answer()

    def _flash_data(self, request: Request, *, compressed: bool) -> Answer:
        block = _block(request)
        if self._download is None or self._download.compressed != compressed:
            raise RefusedError(Refusal.NOT_BEGUN)
        self._wait_for_flash(self._download.write(block))
        return Answer()

    def _flash_end(self, request: Request) -> Answer:
        (stay,) = request.words(1)
        download, self._download = self._download, None
        if self._stub and download is not None and not download.complete:
            raise RefusedError(Refusal.NOT_ENOUGH_DATA)
        if stay != _STAY:
            return Answer(then=self._board.start_rom)
        return Answer() if self._stub else Answer(then=self._board.start_flash)

    def _md5(self, request: Request) -> Answer:
        offset, length = request.words(2)
        self._host.run([(self._current, length / constants.FLASH_READ_RATE)])
        digest = self._board.flash.md5(offset, length)
        return Answer(data=digest if self._stub else digest.hex().encode())

    def _read_slowly(self, request: Request) -> Answer:
        offset, length = request.words(2)
        if self._stub:
            raise RefusedError(Refusal.UNKNOWN_COMMAND)
        data = self._board.flash.read(offset, min(length, _SLOW_READ))
        return Answer(data=data.ljust(_SLOW_READ, b"\0"))

    def _erase_all(self, _: Request) -> Answer:
        self._wait_for_flash(self._board.flash.erase(0, self._board.flash.size))
        return Answer()

    def _erase_region(self, request: Request) -> Answer:
        offset, length = request.words(2)
        if offset + length > self._board.flash.size:
            raise RefusedError(Refusal.BAD_FLASH_ADDRESS)
        self._wait_for_flash(self._board.flash.erase(offset, offset + length))
        return Answer()

    def _read_flash(self, request: Request) -> Answer:
        offset, length, block, unacknowledged = request.words(4)
        self._read_back = ReadBack(self._board.flash, offset, length, block, unacknowledged)
        return Answer(then=lambda: self._stream(0))

    def _stream(self, acknowledged: int) -> None:
        assert self._read_back is not None
        for frame in self._read_back.next_frames(acknowledged):
            self._host.write(slip.encode(frame))
        if self._read_back.finished(acknowledged):
            self._read_back = None

    def _wait_for_flash(self, seconds: float) -> None:
        busy = self._current + constants.FLASH_BUSY_CURRENT
        self._host.run([(busy, seconds), (self._current, 0.0)])


def _block(request: Request) -> bytes:
    """The data of a block, behind a header of four words that begins with their length."""
    (length, *_) = request.words(4)
    block = request.data[16:]
    if len(block) != length:
        raise RefusedError(Refusal.BAD_LENGTH)
    if checksum(block) != request.checksum & 0xFF:
        raise RefusedError(Refusal.BAD_CHECKSUM)
    return block
