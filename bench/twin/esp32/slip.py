"""SLIP framing (RFC 1055) as Espressif's serial protocol uses it."""

END, ESCAPE = b"\xc0", b"\xdb"
_ESCAPED = {0xDC: 0xC0, 0xDD: 0xDB}

LONGEST = 1 << 16
"""Bytes on the wire between two ends beyond which a frame is noise: four flash blocks of 16 KB."""


def encode(payload: bytes) -> bytes:
    """`payload` as one frame, with an end before and behind."""
    escaped = payload.replace(ESCAPE, ESCAPE + b"\xdd").replace(END, ESCAPE + b"\xdc")
    return END + escaped + END


class Decoder:
    """Cuts a stream of bytes into payloads. Noise between frames becomes short wrong payloads."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes; a frame with a wrong escape is left out."""
        payloads = []
        *complete, rest = data.split(END)
        for part in complete:
            self._collect(part)
            payload = None if self._skipping else _unescape(bytes(self._pending))
            if payload:
                payloads.append(payload)
            self._pending.clear()
            self._skipping = False
        self._collect(rest)
        return payloads

    def _collect(self, part: bytes) -> None:
        self._pending += part
        if len(self._pending) > LONGEST:
            self._pending.clear()
            self._skipping = True


def _unescape(raw: bytes) -> bytes | None:
    first, *rest = raw.split(ESCAPE)
    payload = bytearray(first)
    for part in rest:
        if not part or part[0] not in _ESCAPED:
            return None
        payload.append(_ESCAPED[part[0]])
        payload += part[1:]
    return bytes(payload)
