"""A connection to an instrument through VISA, with the bench's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyvisa

from bench.instruments.supply import SupplyConnectionError, SupplyTimeoutError


class VisaLink:
    """Lines to and from the instrument at a VISA resource.

    Args:
        resource: VISA resource.
        library: PyVISA's name of the VISA library; empty for PyVISA's own choice.
        timeout: Of one reply, in s.
        baud: Of a serial line; other resources ignore it.

    Raises:
        SupplyConnectionError: There is no such resource.
    """

    def __init__(self, resource: str, *, library: str, timeout: float, baud: int) -> None:
        self.name = resource
        self._library, self._timeout, self._baud = library, timeout, baud
        self._open()

    def _open(self) -> None:
        with self._own_errors():
            self._resource = pyvisa.ResourceManager(self._library).open_resource(
                self.name, read_termination="\n", write_termination="\n"
            )
            self._resource.timeout = 1e3 * self._timeout
            if self._serial:
                self._resource.baud_rate = self._baud
        if not self._socket:  # what the last owner asked for may still wait to be read
            self.clear()

    @property
    def _socket(self) -> bool:
        return self.name.upper().endswith("SOCKET")

    @property
    def _serial(self) -> bool:
        return self.name.upper().startswith("ASRL")

    def write(self, command: str) -> None:
        """Send one line."""
        with self._own_errors():
            self._resource.write(command)

    def read(self) -> str:
        """Receive one line, without its end.

        Raises:
            SupplyTimeoutError: None came in time.
        """
        with self._own_errors():
            return str(self._resource.read(encoding="latin-1"))

    def clear(self) -> None:
        """Forget all that is under way, above all the late reply to a query that timed out.

        A socket is opened anew: pyvisa-py's own clear would wait forever on one whose other end
        has gone, and a reply may still be on its way.
        """
        if self._socket:
            self.close()
            self._open()
            return
        with self._own_errors():
            if self._serial:  # has no device clear
                self._resource.flush(pyvisa.constants.BufferOperation.discard_read_buffer)
            else:
                self._resource.clear()

    def close(self) -> None:
        """Close the session; never fails."""
        try:
            self._resource.close()
        except (pyvisa.Error, OSError):
            return

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except pyvisa.VisaIOError as error:
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise SupplyTimeoutError(
                    f"{self.name}: no reply within {self._timeout:g} s: "
                    "check that the instrument is on and its interface is set up"
                ) from error
            raise self._lost(error) from error
        # pyvisa-py lets errors of sockets through, and raises a bare Exception or ValueError where
        # a resource cannot be opened; anything that it raises means that nobody can be talked to.
        except Exception as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> SupplyConnectionError:
        return SupplyConnectionError(
            f"{self.name}: cannot be reached ({error}): check the address and the cable"
        )
