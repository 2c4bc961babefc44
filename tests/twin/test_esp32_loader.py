import hashlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.esp32 import constants, slip
from bench.twin.esp32.chip import Identity
from bench.twin.esp32.image import checksum
from bench.twin.esp32.protocol import GREETING, SYNC, Command, Refusal, request
from bench.twin.esp32.registers import mac_crc
from tests.twin.esp32_board import FIRMWARE, Board

RAM = 0x400BE000


class Client:
    """A host that speaks the protocol to the loader of a powered chip."""

    def __init__(self, *, stub: bool = False, board: Board | None = None) -> None:
        self.board = board or Board()
        self.board.power()
        self.board.enter_loader()
        self.frames = slip.Decoder()
        self.status_bytes = 4
        if stub:
            self.upload(b"some code" + GREETING)
            self.status_bytes = 2

    def exchange(self, frame: bytes) -> list[bytes]:
        return self.frames.feed(self.board.say(slip.encode(frame)))

    def ask(self, command: int, *words: int, data: bytes = b"") -> tuple[int, int, bytes]:
        """Status, value and data of the reply; status 0 is success."""
        payload = struct.pack(f"<{len(words)}I", *words) + data
        (reply,) = self.exchange(request(command, payload, checksum(data)))
        _, _, length, value = struct.unpack_from("<BBHI", reply)
        assert len(reply) == 8 + length
        body, status = reply[8 : -self.status_bytes], reply[-self.status_bytes :]
        return int.from_bytes(status[:2], "big"), value, body

    def upload(self, program: bytes) -> list[bytes]:
        assert self.ask(Command.MEM_BEGIN, len(program), 1, 0x1800, RAM)[0] == 0
        assert self.ask(Command.MEM_DATA, len(program), 0, 0, 0, data=program)[0] == 0
        return self.exchange(request(Command.MEM_END, struct.pack("<II", 0, RAM)))

    def write(self, offset: int, *blocks: bytes, size: int | None = None) -> list[int]:
        total = sum(map(len, blocks)) if size is None else size
        statuses = [self.ask(Command.FLASH_BEGIN, total, len(blocks), 0x400, offset)[0]]
        for number, block in enumerate(blocks):
            reply = self.ask(Command.FLASH_DATA, len(block), number, 0, 0, data=block)
            statuses.append(reply[0])
        return statuses

    def register(self, address: int) -> int:
        return self.ask(Command.READ_REG, address)[1]


@pytest.mark.parametrize("stub", [False, True])
def test_sync_is_answered_eight_times(stub: bool) -> None:
    replies = Client(stub=stub).exchange(SYNC)
    assert len(replies) == 8
    values = {struct.unpack_from("<I", reply, 4)[0] for reply in replies}
    assert (values == {0}) is stub  # 0 tells a host that a stub answers


def test_the_stub_greets() -> None:
    board = Board()
    client = Client(board=board)
    assert client.upload(GREETING)[-1] == GREETING


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=5), st.booleans(), st.booleans())
def test_no_bytes_upset_the_loader(noise: list[bytes], framed: bool, stub: bool) -> None:
    client = Client(stub=stub)
    for data in noise:
        client.board.say(slip.encode(data) if framed else data)
    client.board.enter_loader()
    client.frames = slip.Decoder()
    assert len(client.exchange(SYNC)) == 8


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(list(Command)),
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5000), max_size=6),
    st.binary(max_size=40),
    st.booleans(),
)
def test_no_request_upsets_the_loader(
    command: Command, words: list[int], data: bytes, stub: bool
) -> None:
    client = Client(stub=stub)
    payload = struct.pack(f"<{len(words)}I", *words) + data
    client.exchange(request(command, payload, checksum(data)))
    client.board.enter_loader()
    client.frames = slip.Decoder()
    assert len(client.exchange(SYNC)) == 8


@pytest.mark.parametrize("stub", [False, True])
def test_a_block_with_a_wrong_checksum_is_refused_and_not_written(stub: bool) -> None:
    client = Client(stub=stub, board=Board({}))
    assert client.write(0x5000, size=4) == [0]
    block = struct.pack("<4I", 4, 0, 0, 0) + b"\x12\x34\x56\x78"
    (reply,) = client.exchange(request(Command.FLASH_DATA, block, 0x55))
    assert int.from_bytes(reply[8:10], "big") == Refusal.BAD_CHECKSUM.value[stub]
    assert client.board.flash.read(0x5000, 4) == b"\xff" * 4


@pytest.mark.parametrize("stub", [False, True])
def test_a_request_of_another_length_than_announced_is_refused(stub: bool) -> None:
    client = Client(stub=stub)
    (reply,) = client.exchange(request(Command.READ_REG, bytes(4))[:-1])
    assert int.from_bytes(reply[8:10], "big") == Refusal.BAD_LENGTH.value[stub]


def test_the_rom_does_not_know_the_stub_s_commands() -> None:
    client = Client()
    for command in (Command.ERASE_FLASH, Command.ERASE_REGION, Command.READ_FLASH, 0x14):
        (reply,) = client.exchange(request(command, bytes(16)))
        assert reply[1] != command
        assert reply[8:10] == b"\x01\x05"
    assert Client(stub=True).ask(0x14)[0] == 0xFF00


@pytest.mark.parametrize("stub", [False, True])
def test_what_is_written_is_in_flash(stub: bool) -> None:
    client = Client(stub=stub)
    data = bytes(range(256)) * 20
    assert client.write(0x6000, data[:0x400], data[0x400:]) == [0, 0, 0]
    assert client.board.flash.read(0x6000, len(data)) == data
    status, _, digest = client.ask(Command.SPI_FLASH_MD5, 0x6000, len(data), 0, 0)
    expected = hashlib.md5(data)
    assert (status, digest) == (0, expected.digest() if stub else expected.hexdigest().encode())


def test_the_stub_spares_the_neighbouring_sectors() -> None:
    client = Client(stub=True, board=Board({0xF000: b"\x11" * 0x3000}))
    client.write(0xFC00, b"\x22" * 0x400)
    flash = client.board.flash
    assert flash.read(0xF000, 0xC00) == b"\xff" * 0xC00
    assert flash.read(0xFC00, 0x400) == b"\x22" * 0x400
    assert flash.read(0x10000, 0x2000) == b"\x11" * 0x2000


@pytest.mark.parametrize("stub", [False, True])
def test_a_compressed_file_arrives_whole(stub: bool) -> None:
    client = Client(stub=stub)
    data = b"model weights " * 3000
    packed = zlib.compress(data, 9)
    half = len(packed) // 2
    assert client.ask(Command.FLASH_DEFL_BEGIN, len(data), 2, 0x400, 0x20000)[0] == 0
    for number, block in enumerate((packed[:half], packed[half:])):
        assert client.ask(Command.FLASH_DEFL_DATA, len(block), number, 0, 0, data=block)[0] == 0
    assert client.board.flash.read(0x20000, len(data)) == data


def test_a_compressed_file_may_not_be_longer_than_announced() -> None:
    client = Client(stub=True)
    packed = zlib.compress(bytes(100_000))
    client.ask(Command.FLASH_DEFL_BEGIN, 1000, 1, 0x4000, 0x20000)
    status = client.ask(Command.FLASH_DEFL_DATA, len(packed), 0, 0, 0, data=packed)[0]
    assert status == Refusal.TOO_MUCH_DATA.value[1]


def test_what_is_no_zlib_stream_is_refused() -> None:
    client = Client(stub=True)
    client.ask(Command.FLASH_DEFL_BEGIN, 1000, 1, 0x4000, 0x20000)
    status = client.ask(Command.FLASH_DEFL_DATA, 4, 0, 0, 0, data=b"\0\1\2\3")[0]
    assert status == Refusal.BAD_COMPRESSION.value[1]


@pytest.mark.parametrize("stub", [False, True])
def test_writing_past_the_end_or_without_begin_is_refused(stub: bool) -> None:
    client = Client(stub=stub)
    assert client.write(client.board.flash.size - 0x100, size=0x400) == [
        Refusal.BAD_FLASH_ADDRESS.value[stub]
    ]
    block = client.ask(Command.FLASH_DATA, 4, 0, 0, 0, data=bytes(4))
    assert block[0] == Refusal.NOT_BEGUN.value[stub]


def test_an_unfinished_download_is_noticed() -> None:
    client = Client(stub=True)
    client.write(0x6000, bytes(0x400), size=0x800)
    assert client.ask(Command.FLASH_END, 1)[0] == Refusal.NOT_ENOUGH_DATA.value[1]


def test_writing_takes_the_flash_s_time_and_current() -> None:
    client = Client(stub=True)
    before = client.board.world.now
    client.ask(Command.ERASE_REGION, 0x20000, 0x10000)
    assert client.board.world.now - before == pytest.approx(constants.BLOCK_ERASE, rel=0.05)
    busy = constants.STUB_CURRENT + constants.FLASH_BUSY_CURRENT
    assert busy in client.board.world.history.load
    assert client.board.world.history.load[-1] == constants.STUB_CURRENT


@pytest.mark.parametrize("length", [0, 1, 4096, 4097, 20_000])
def test_reading_back_streams_what_is_acknowledged(length: int) -> None:
    client = Client(stub=True, board=Board({0: bytes(range(256)) * 100}))
    frames = client.exchange(request(Command.READ_FLASH, struct.pack("<4I", 3, length, 4096, 2)))[
        1:
    ]
    received = b""
    digest = frames.pop() if not length else None
    while len(received) < length:
        assert len(frames) <= 2
        received += frames.pop(0)
        frames += client.exchange(struct.pack("<I", len(received)))
        if len(received) == length:
            digest = frames.pop()
    expected = client.board.flash.read(3, length)
    assert (received, digest) == (expected, hashlib.md5(expected).digest())
    assert len(client.exchange(SYNC)) == 8


def test_the_rom_reads_at_most_64_bytes() -> None:
    client = Client(board=Board({0: b"0123456789" * 10}))
    assert client.ask(Command.READ_FLASH_SLOW, 5, 70)[2] == (b"0123456789" * 8)[5:69]


def test_flash_answers_only_when_attached() -> None:
    client = Client()
    spi = 0x3FF42000

    def flash_id() -> int:
        client.ask(Command.WRITE_REG, spi + 0x24, 7 << 28 | 0x9F, 0xFFFFFFFF, 0)
        client.ask(Command.WRITE_REG, spi, 1 << 18, 0xFFFFFFFF, 0)
        assert not client.register(spi) & 1 << 18
        return client.register(spi + 0x80)

    assert flash_id() == 0
    client.ask(Command.SPI_ATTACH, 0, 0)
    assert flash_id() == 0x1640EF


def test_efuse_holds_the_mac_and_its_check() -> None:
    mac = bytes.fromhex("246f28010203")
    client = Client(board=Board(identity=Identity(mac, 0x1234)))
    low, high = client.register(0x3FF5A004), client.register(0x3FF5A008)
    assert (high << 32 | low).to_bytes(8, "big")[2:] == mac
    assert high >> 16 == mac_crc(mac)
    assert client.register(0x40001000) == 0x1234


def test_crc_of_a_mac_is_that_of_the_one_wire_bus() -> None:
    # Maxim's application note 27: the ROM code 02 1C B8 01 00 00 00 has the CRC A2.
    assert mac_crc(bytes.fromhex("021cb801000000")) == 0xA2


def test_memory_is_written_through_a_mask() -> None:
    client = Client()
    client.ask(Command.WRITE_REG, 0x3FF80000, 0x12345678, 0xFFFFFFFF, 0)
    client.ask(Command.WRITE_REG, 0x3FF80000, 0xABAD1DEA, 0x0000FFFF, 100)
    assert client.register(0x3FF80000) == 0x12341DEA


def test_the_loader_listens_at_any_rate_until_told_one() -> None:
    client = Client()
    client.board.line.rate = 460_800
    assert len(client.exchange(SYNC)) == 8
    assert client.ask(Command.CHANGE_BAUDRATE, 921_600, 0)[0] == 0
    assert client.exchange(SYNC) == []
    client.board.line.rate = 921_600
    client.frames = slip.Decoder()
    client.board.say(b"\xc0")
    assert len(client.exchange(SYNC)) == 8


def test_leaving_the_loader() -> None:
    board = Board()
    client = Client(board=board)
    client.write(0, size=0)
    client.exchange(request(Command.FLASH_END, struct.pack("<I", 1)))
    assert board.log == ["boot", "stop", "boot"]
    assert board.say(b"hello") == b"<hello>"
    stub = Client(stub=True)
    stub.exchange(request(Command.RUN_USER_CODE))
    assert stub.board.say(b"hello") == b"<hello>"


def test_a_reboot_by_the_stub_returns_to_the_rom() -> None:
    client = Client(stub=True)
    client.write(0, size=0)
    assert b"SW_CPU_RESET" in client.board.say(
        slip.encode(request(Command.FLASH_END, struct.pack("<I", 0)))
    )
    client.status_bytes = 4
    assert len(client.exchange(SYNC)) == 8
    assert client.ask(Command.READ_REG, 0x40001000)[0] == 0


def test_another_program_in_ram_prints_its_texts() -> None:
    board = Board(FIRMWARE)
    client = Client(board=board)
    replies = client.upload(b"\x36\x41\x00Hello from RAM!\n\0\x1d\xf0code that reads\xf0")
    assert b"Hello from RAM!" in replies[-1] or board.chip.repeats
    board.line.take()
    board.chip.repeat()
    assert board.line.take() == b"Hello from RAM!\n"
    board.lines((0, 1), (0, 0))
    assert not board.chip.repeats
