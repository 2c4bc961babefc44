import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest

from bench.twin.esp32 import constants
from bench.twin.esp32.application import ApplicationHost, Description, Partition, StoppedError
from bench.twin.esp32.chip import Defects
from bench.twin.esp32.image import application_image, bootloader_image
from tests.twin.esp32_board import (
    FACTORY,
    FIRMWARE,
    IDLE_CURRENT,
    MODEL,
    Board,
    entry,
    partition_table,
)
from tests.twin.wall_clock import Clock


def test_the_application_in_flash_starts() -> None:
    said = Board().power()
    assert b"boot:0x13 (SPI_FAST_FLASH_BOOT)" in said
    assert said.endswith(b"ready\r\n")


def test_the_application_sees_what_was_flashed() -> None:
    board = Board()
    seen: list[object] = []

    def look(host: ApplicationHost) -> None:
        seen.extend((host.description, host.partitions[1], host.flash(MODEL, 9)))

    board.orders[b"look"] = look
    board.power()
    board.say(b"look")
    model = Partition("model", 1, 0x40, MODEL, 0x2F0000)
    assert seen == [Description("har-bench", "1.2.3"), model, b"the model"]


def without(offset: int, **changes: bytes) -> dict[int, bytes]:
    firmware = {place: data for place, data in FIRMWARE.items() if place != offset}
    return firmware | ({offset: changes["instead"]} if changes else {})


BAD_TABLE = partition_table(entry("factory", 0, 0, FACTORY, 0x400000))
NO_APPLICATION = partition_table(entry("model", 1, 0x40, MODEL, 0x1000))
DAMAGED = FIRMWARE[FACTORY][:600] + b"\x01" + FIRMWARE[FACTORY][601:]


@pytest.mark.parametrize(
    ("firmware", "text"),
    [
        ({}, b"invalid header: 0xffffffff"),
        (without(0x1000, instead=b"\x00" * 16), b"invalid header: 0x00000000"),
        (without(0x1000, instead=bootloader_image()[:-1] + b"\0"), b"bootloader has a wrong hash"),
        (without(0x1000, instead=bootloader_image(1 << 20)), b"exceeds flash chip size 0x100000"),
        (without(0x8000), b"partition 0 invalid magic number 0xffff"),
        (without(0x8000, instead=BAD_TABLE), b"exceeds flash chip size 0x400000"),
        (
            without(0x8000, instead=FIRMWARE[0x8000][:64] + b"junk" * 8),
            b"partition 2 invalid magic",
        ),
        (without(0x8000, instead=NO_APPLICATION), b"No bootable app partitions"),
        (without(FACTORY), b"image at 0x10000 has invalid magic byte"),
        (without(FACTORY, instead=DAMAGED), b"image at 0x10000 has a wrong checksum"),
        (without(FACTORY, instead=FIRMWARE[FACTORY][:-8]), b"image at 0x10000 has a wrong hash"),
    ],
)
def test_flash_that_cannot_boot_says_why(firmware: dict[int, bytes], text: bytes) -> None:
    board = Board(firmware)
    said = board.power()
    assert text in said
    assert board.log == []
    assert board.say(b"hello") == b""


def test_a_damaged_partition_table_is_found_by_its_digest() -> None:
    table = bytearray(FIRMWARE[0x8000])
    table[20] ^= 1
    assert b"partition table MD5 mismatch" in Board(without(0x8000, instead=bytes(table))).power()


def test_an_application_in_an_update_slot_starts_when_there_is_no_factory_partition() -> None:
    table = partition_table(entry("ota_0", 0, 0x10, FACTORY, 0x100000))
    assert Board(without(0x8000, instead=table)).power().endswith(b"ready\r\n")


def test_without_power_the_chip_is_silent_and_draws_nothing() -> None:
    board = Board()
    assert board.say(b"hello") == b""
    assert board.lines((0, 1), (1, 0), (0, 0)) == b""
    board.power()
    assert board.say(b"hello") == b"<hello>"
    board.off()
    assert board.say(b"hello") == b""
    assert board.world.history.load[-1] == 0.0
    assert board.log == ["boot", "stop"]


def test_every_power_cycle_starts_the_application_anew() -> None:
    board = Board()
    for _ in range(2):
        said = board.power()
        assert b"POWERON_RESET" in said
        assert said.endswith(b"ready\r\n")
        board.off()
        board.world.begin()
    assert board.log == ["boot", "stop"] * 2


def test_bytes_take_their_time_both_ways() -> None:
    board = Board()
    board.power()
    before = board.world.now
    board.say(b"x" * 100)
    assert board.world.now - before == pytest.approx(202 * 10 / 115200, rel=1e-6)


def test_time_does_not_depend_on_how_bytes_arrive() -> None:
    whole, parts = Board(), Board()
    silent = {b"": lambda host: None}
    for board in (whole, parts):
        board.orders |= silent
        board.power()
    whole.say(b"x" * 6145)
    for byte in b"x" * 6145:
        parts.say(bytes((byte,)))
    assert whole.world.now == parts.world.now


def test_two_uarts_at_different_rates_do_not_understand_each_other() -> None:
    board = Board()
    board.orders[b"slow"] = lambda host: host.set_baud(9600)
    board.power()
    board.say(b"slow")
    assert b"hello" not in board.say(b"hello")
    board.line.rate = 9600
    assert board.say(b"hello") == b"<hello>"


@pytest.mark.parametrize(
    ("states", "mode"),
    [
        ([(0, 1), (0, 0)], b"SPI_FAST_FLASH_BOOT"),
        ([(0, 1), (1, 1), (1, 0), (0, 0)], b"DOWNLOAD_BOOT"),
        ([(0, 0), (1, 1), (0, 1), (1, 0), (0, 0)], b"DOWNLOAD_BOOT"),
        ([(1, 1), (0, 1), (1, 1), (0, 0)], b"SPI_FAST_FLASH_BOOT"),
    ],
)
def test_reset_lines_choose_the_boot_mode(states: list[tuple[int, int]], mode: bytes) -> None:
    board = Board()
    board.power()
    said = board.lines(*states)
    assert said.count(b"boot:") == 1
    assert mode in said


def test_opening_and_closing_a_port_does_not_reset() -> None:
    board = Board()
    board.power()
    assert board.lines((1, 1), (0, 0), (1, 1), (1, 0), (0, 0)) == b""
    assert board.log == ["boot"]


def test_lines_that_are_set_before_power_count() -> None:
    held, loader = Board(), Board()
    held.lines((0, 1))
    loader.lines((1, 0))
    assert held.power() == b""
    assert held.world.history.load[-1] == constants.HELD_CURRENT
    assert b"DOWNLOAD_BOOT" in loader.power()
    assert b"SPI_FAST_FLASH_BOOT" in held.lines((0, 0))


def test_a_reset_ends_the_application_and_lowers_the_marker() -> None:
    board = Board()
    board.orders[b"up"] = lambda host: host.marker(True)
    board.power()
    board.say(b"up")
    before = board.world.history.marker[-1]
    board.lines((0, 1))
    after = board.world.history.marker[-1]
    assert (before, after) == (True, False)
    assert board.log == ["boot", "done", "stop"]


def test_an_ended_application_cannot_act() -> None:
    board = Board()
    hosts: list[ApplicationHost] = []
    board.orders[b"keep"] = hosts.append
    board.power()
    board.say(b"keep")
    board.off()
    board.power()
    now = board.world.now
    acts: tuple[Callable[[ApplicationHost], object], ...] = (
        lambda host: host.write(b"x"),
        lambda host: host.marker(True),
        lambda host: host.run([(1.0, 1.0)]),
        lambda host: host.flash(0, 1),
        lambda host: host.micros(),
        lambda host: host.set_baud(9600),
        lambda host: host.identify("other"),
    )
    for act in acts:
        with pytest.raises(StoppedError):
            act(hosts[0])
    assert board.world.now == now
    assert board.line.take() == b""


def test_too_much_load_resets_the_chip_in_the_middle() -> None:
    board = Board()
    board.orders[b"heat"] = lambda host: host.run([(0.120, 1.0)])
    board.power()
    said = board.say(b"heat")
    assert b"RTCWDT_BROWN_OUT_RESET" in said
    assert said.endswith(b"ready\r\n")
    assert board.log == ["boot", "stop", "boot", "stopped"]


def test_too_little_voltage_keeps_the_chip_in_reset() -> None:
    board = Board()
    assert b"ready" not in board.power(2.5)
    assert board.world.history.load[-1] == constants.HELD_CURRENT
    board.off()
    assert board.power(3.3).endswith(b"ready\r\n")


def test_running_draws_the_currents_for_their_times() -> None:
    board = Board()
    board.orders[b"work"] = lambda host: host.run([(0.040, 0.010), (0.035, 0.020)], 3)
    board.power()
    before = board.world.now
    board.say(b"work")
    begin = before + 4 * 10 / 115200
    history = board.world.history
    assert history.load[-6:] == [0.040, 0.035] * 3
    assert np.diff(history.start[-6:]) == pytest.approx([0.010, 0.020, 0.010, 0.020, 0.010])
    assert history.start[-6] == pytest.approx(begin, abs=1e-8)


def test_micros_count_from_the_application_s_start() -> None:
    board = Board()
    seen: list[int] = []

    def stamp(host: ApplicationHost) -> None:
        seen.append(host.micros())
        host.run([(IDLE_CURRENT, 1.5)])
        seen.append(host.micros())

    board.orders[b"?"] = stamp
    board.power()
    board.say(b"?")
    assert seen[0] == pytest.approx(8 * 10e6 / 115200, abs=1)  # "ready\r\n" and "?"
    assert seen[1] - seen[0] == pytest.approx(1_500_000, abs=1)


def test_an_application_s_own_error_is_a_panic_and_not_the_lab_s(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def crash(_: ApplicationHost) -> None:
        raise KeyError("broken")

    board = Board()
    board.orders[b"crash"] = crash
    board.power()
    with caplog.at_level(logging.ERROR):
        said = board.say(b"crash")
    assert b"Guru Meditation Error" in said
    assert "application on the simulated chip failed" in caplog.text
    assert board.say(b"hello") == b""
    assert board.lines((0, 1), (0, 0)).endswith(b"ready\r\n")


def test_a_larger_application_takes_longer_to_start() -> None:
    small, large = Board(), Board(FIRMWARE | {FACTORY: application_image("har", "1", 640 << 10)})
    small.power()
    large.power()
    assert large.world.now - small.world.now > 0.05


def test_a_silent_specimen_still_runs() -> None:
    board = Board(defects=Defects(silent=True))
    assert board.power() == b""
    assert board.say(b"hello") == b""
    assert board.log == ["boot"]


def test_a_specimen_with_a_wrong_clock_sends_garbage() -> None:
    board = Board(defects=Defects(clock=1.3))
    said = board.power()
    assert said
    assert b"ready" not in said


def test_a_reset_interrupts_an_application_that_waits_for_the_wall_clock() -> None:
    board = Board(pace="wall")
    board.orders[b"hour"] = lambda host: host.run([(0.042, 0.02)], 180_000)
    board.power()
    inference = threading.Thread(target=board.say, args=(b"hour",))
    inference.start()
    with board.world.changed:
        assert board.world.changed.wait_for(lambda: 0.042 in board.world.history.load, 10.0)
    board.chip.receive(b"waits")  # while the application is busy
    board.off()
    inference.join(10.0)
    assert not inference.is_alive()
    assert board.log == ["boot", "stop", "stopped"]


def wall_board(clock: Clock) -> Board:
    """A board that runs and has then been left alone for a minute."""
    board = Board(pace="wall")
    board.world.changed = clock  # type: ignore[assignment]  # no other thread is there to wait for
    board.power()
    clock.now += 60.0
    return board


def test_at_the_wall_pace_work_takes_its_time_however_long_nobody_asked(clock: Clock) -> None:
    board = wall_board(clock)
    board.orders[b"work"] = lambda host: host.run([(0.042, 2.0)])
    begin = clock.now
    board.say(b"work")
    assert clock.now - begin == pytest.approx(2.0, abs=0.01)


def test_at_the_wall_pace_the_device_counts_the_time_between_commands(clock: Clock) -> None:
    board = wall_board(clock)
    counted: list[int] = []
    board.orders[b"time"] = lambda host: counted.append(host.micros())
    board.say(b"time")
    clock.now += 30.0
    board.say(b"time")
    assert counted[0] >= 60_000_000
    assert counted[1] - counted[0] == pytest.approx(30_000_000, abs=1000)


def test_at_the_wall_pace_a_reset_happens_when_the_line_moves(clock: Clock) -> None:
    board = wall_board(clock)
    board.lines((0, 1))
    assert board.world.now >= 60.0
    assert board.world.history.start[-1] == board.world.now
