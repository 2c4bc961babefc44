from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.twin.esp32 import slip

PAYLOADS = st.lists(st.binary(min_size=1, max_size=80), max_size=6)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(PAYLOADS, st.lists(st.integers(0, 1000), max_size=8))
def test_payloads_survive_however_the_stream_is_cut(
    payloads: list[bytes], places: list[int]
) -> None:
    decoder = slip.Decoder()
    stream = b"".join(slip.encode(payload) for payload in payloads)
    received = [payload for part in cut(stream, places) for payload in decoder.feed(part)]
    assert received == payloads


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40))
def test_a_frame_after_noise_arrives(noise: bytes, payload: bytes) -> None:
    decoder = slip.Decoder()
    decoder.feed(noise)
    assert decoder.feed(slip.encode(payload))[-1:] == [payload]


def test_a_wrong_escape_loses_its_frame_alone() -> None:
    stream = b"\xc0abc\xdbx\xc0" + slip.encode(b"next") + b"\xc0abc\xdb\xc0" + slip.encode(b"last")
    assert slip.Decoder().feed(stream) == [b"next", b"last"]


def test_an_endless_frame_is_given_up() -> None:
    decoder = slip.Decoder()
    assert decoder.feed(bytes(slip.LONGEST + 1)) == []
    assert decoder.feed(b"tail\xc0" + slip.encode(b"next")) == [b"next"]


def test_delimiters_inside_a_payload_are_escaped() -> None:
    assert slip.encode(b"\xc0\xdb") == b"\xc0\xdb\xdc\xdb\xdd\xc0"
