import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.c_source import Identity, c_source, symbol_of
from models.errors import ConversionError

SIX = Identity("C_5", "D", (0.1, -1.0, 3.0, 1e-30, 0.0, 2.5), (1 / 3, 1.0, 2.0, 7e6, 0.1, 1e-9))
COMPILER = shutil.which("g++")

READER = """
#include <cstdint>
#include <cstdio>
#include "{symbol}.h"

int main() {{
  std::fprintf(stderr, "%s|%s|%zu\\n", {symbol}_name, {symbol}_technique, {symbol}_channels);
  for (float value : {symbol}_mean) std::fprintf(stderr, "%a\\n", static_cast<double>(value));
  for (float value : {symbol}_scale) std::fprintf(stderr, "%a\\n", static_cast<double>(value));
  std::fprintf(stderr, "%zu %u %u\\n", {symbol}_length, {symbol}_crc32,
               static_cast<unsigned>(reinterpret_cast<std::uintptr_t>({symbol}) % 16));
  return std::fwrite({symbol}, 1, {symbol}_length, stdout) == {symbol}_length ? 0 : 1;
}}
"""


@pytest.mark.skipif(COMPILER is None, reason="no g++ to compile the source with")
def test_a_program_compiled_with_it_holds_the_model(tmp_path: Path) -> None:
    model = bytes(range(256)) * 80 + b"odd"
    symbol = symbol_of("C_5-D")
    written = c_source(model, symbol, SIX)
    (tmp_path / f"{symbol}.h").write_text(written.header)
    (tmp_path / f"{symbol}.cc").write_text(written.source)
    (tmp_path / "reader.cc").write_text(READER.format(symbol=symbol))
    assert COMPILER is not None
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run(
        [COMPILER, *flags, "-o", "reader", "reader.cc", f"{symbol}.cc"], cwd=tmp_path, check=True
    )
    read = subprocess.run([tmp_path / "reader"], capture_output=True, check=True)
    assert read.stdout == model
    labels, *numbers = read.stderr.decode().splitlines()
    assert labels == "C_5|D|6"
    assert numbers.pop() == f"{len(model)} {zlib.crc32(model)} 0"
    seen = [np.float32(float.fromhex(number)) for number in numbers]
    assert seen == [np.float32(value) for value in (*SIX.mean, *SIX.scale)]


@given(st.binary(min_size=1, max_size=200))
def test_the_source_lists_the_model_s_bytes(model: bytes) -> None:
    written = c_source(model, "model", SIX)
    body = written.source.split("{")[1]
    assert bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", body)) == model
    assert f"model_length = {len(model)};" in written.header
    assert f"model_crc32 = 0x{zlib.crc32(model):08x};" in written.header
    assert max(map(len, written.source.splitlines())) <= 100
    assert c_source(model, "model", SIX) == written


@given(st.text(max_size=20))
def test_every_variant_s_name_gives_a_symbol_that_c_source_takes(name: str) -> None:
    assert c_source(b"x", symbol_of(name), SIX).header


@pytest.mark.parametrize("symbol", ["", "5_C", "a b", "a-b", "é", "a__b", "_a", "a\n"])
def test_a_symbol_that_c_plus_plus_does_not_take_is_an_error(symbol: str) -> None:
    with pytest.raises(ConversionError, match="cannot name a C"):
        c_source(b"x", symbol, SIX)


def test_an_empty_model_is_an_error() -> None:
    with pytest.raises(ConversionError, match="empty"):
        c_source(b"", "model", SIX)


def test_a_model_without_standardisation_has_no_channels() -> None:
    header = c_source(b"x", "model", Identity("mine", "own")).header
    assert "model_channels = 0;" in header
    assert "model_mean[] = {0.00000000e+00F};" in header


def test_a_name_that_is_no_plain_text_becomes_a_literal_all_the_same() -> None:
    header = c_source(b"x", "model", Identity('a"\\?é', "L")).header
    assert r'model_name[] = "a\042\134\077\303\251";' in header


def test_scales_without_means_are_an_error() -> None:
    with pytest.raises(ConversionError, match="1 means and 0 scales"):
        c_source(b"x", "model", Identity("a", "L", (1.0,), ()))
