"""A process that outlives the owner of a station, to switch the output off when the owner cannot.

The owner starts it before it talks to the supply and keeps a pipe to it. The pipe ends with the
owner, however that ends: returning, an exception, ``os._exit``, SIGKILL. Unless the owner has said
before that the output is off, the guardian then opens a session of its own and switches it off,
again and again until that is confirmed or its time is up.

The conversation, one line each: the owner sends its orders (JSON); the guardian answers ``ready``
or ``busy``, and ``armed`` once its drivers are loaded; the owner sends ``released`` or just closes
the pipe; a guardian that then had to switch off answers ``off`` or what went wrong.
"""

import importlib
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bench.errors import BenchError, StationBusyError, SupplyError

_READY, _BUSY, _ARMED, _RELEASED, _OFF = "ready", "busy", "armed", "released", "off"
_EXIT_TIME = 30.0
"""s that an owner waits for its guardian to end."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_SETTLING = 0.2
"""s after which the output is asked for again: a command that the owner sent in its last moment
may have been waiting in the supply's other session."""


@dataclass(frozen=True)
class Orders:
    """What a guardian must know.

    Attributes:
        supply: The section ``[supply]`` of the station file, as text.
        lock: File of the guardian's lock.
        log: File that it appends to.
        lock_timeout: How long to wait for the lock, in s.
        patience: How long to retry to switch off, in s.
    """

    supply: dict[str, Any]
    lock: str
    log: str
    lock_timeout: float
    patience: float


class Guardian:
    """The owner's end of a guardian process.

    Args:
        orders: What to do when the pipe ends.

    Raises:
        StationBusyError: The guardian of an earlier owner is still at work.
        SupplyError: The guardian does not start.
    """

    def __init__(self, orders: Orders) -> None:
        self._armed = False
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "bench.station.guardian"],
            cwd=Path(__file__).parents[2],  # where the package is, installed or not
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # whoever waits for the owner's output must not wait for us
            text=True,
            **_own_group(),
        )
        try:
            self._tell(json.dumps(asdict(orders)))
            answer = self._hear()
            if answer == _BUSY:
                raise StationBusyError(
                    "the guardian of an earlier run is still trying to switch the output off: "
                    f"see {orders.log}, or switch it off by hand and try again"
                )
            if answer != _READY:
                raise SupplyError(
                    f"the guardian process did not start (exit code {self._process.poll()}): "
                    f"try `{sys.executable} -m bench.station.guardian` to see why"
                )
        except BaseException:
            self._end()
            raise

    def check(self) -> None:
        """Make sure that the guardian is alive and armed.

        Raises:
            SupplyError: It has ended, so the output must not be on.
        """
        self._armed = self._armed or self._hear() == _ARMED
        code = self._process.poll()
        if not self._armed or code is not None:
            raise SupplyError(
                f"the guardian process has ended (exit code {code}): "
                "without it there is no power: start again"
            )

    def release(self) -> None:
        """Let the guardian go: the output is confirmed off."""
        self._tell(_RELEASED)
        self._end()

    def take_over(self) -> None:
        """Have the guardian switch off, because the owner cannot; its session must be closed.

        Raises:
            SupplyError: The guardian could not confirm it either: power may still be on.
        """
        answer = self._end()
        if answer != _OFF:
            raise SupplyError(
                f"the output may still be on: {answer or 'the guardian process has ended'}; "
                "switch it off by hand"
            )

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # a guardian that has ended is noticed by its silence
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _end(self) -> str:
        """Close the pipe and wait; the guardian's last word."""
        try:
            word, _ = self._process.communicate(timeout=_EXIT_TIME)
        except subprocess.TimeoutExpired:
            return f"guardian process {self._process.pid} is still trying"
        return word.strip().rpartition("\n")[2]


def _own_group() -> dict[str, Any]:
    """Keep a Ctrl-C, which the terminal sends to a whole group of processes, from the guardian."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def main() -> int:
    """Guard one owner; 0 when the output is off or was never the guardian's business."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    first = sys.stdin.readline()
    if not first:
        return 0
    orders = Orders(**json.loads(first))
    lock = FileLock(orders.lock, mode=0o666)
    try:
        lock.acquire(timeout=orders.lock_timeout)
    except Timeout:
        _say(_BUSY)
        return 1
    _say(_READY)
    # Now rather than when every moment counts, and beside it, so that nobody waits for it.
    loading = threading.Thread(target=_load_drivers, daemon=True)
    loading.start()
    with lock:
        if sys.stdin.readline().strip() == _RELEASED:
            return 0
        loading.join()
        return _take_over(orders)


def _load_drivers() -> None:
    for module in ("registry", "ngmo2", "visa"):
        importlib.import_module(f"bench.instruments.{module}")
    _say(_ARMED)


def _take_over(orders: Orders) -> int:
    deadline = time.monotonic() + orders.patience
    pause = _FIRST_PAUSE
    while True:
        try:
            _switch_off(orders)
        except BenchError as error:
            if time.monotonic() + pause > deadline:
                _log(orders, f"gave up after {orders.patience:g} s, output may be ON: {error}")
                _say(str(error))
                return 1
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            _log(orders, "the owner ended without switching off; the output is off")
            _say(_OFF)
            return 0


def _switch_off(orders: Orders) -> None:
    from bench.instruments.registry import open_supply
    from bench.instruments.supply import switch_off
    from bench.station.settings import SupplySettings

    supply = open_supply(SupplySettings.model_validate(orders.supply))
    try:
        switch_off(supply)
        time.sleep(_SETTLING)
        if supply.output:
            switch_off(supply)
    finally:
        supply.close()


def _log(orders: Orders, message: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with suppress(OSError), Path(orders.log).open("a", encoding="utf-8") as file:
        file.write(f"{now} {orders.supply['resource']}: {message}\n")


def _say(line: str) -> None:
    with suppress(OSError):  # the owner may be gone
        print(line.replace("\n", " "), flush=True)


if __name__ == "__main__":
    sys.exit(main())
