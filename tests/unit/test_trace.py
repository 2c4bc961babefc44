import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nptdms import TdmsFile, TdmsWriter

from bench.errors import MeasurementError
from bench.measurement import trace as traces
from bench.measurement.trace import Trace, TraceFileError, load, save


def make_trace(samples: int = 400, seed: int = 1) -> Trace:
    random = np.random.default_rng(seed)
    supply = 3.3 + random.normal(0.0, 1e-4, samples)
    shunt = 0.3 + random.normal(0.0, 3e-5, samples)
    marker = np.where(np.arange(samples) < samples // 4, 0.0, 3.3)
    return Trace(100e3, samples // 4, supply, shunt, marker, {"variant": "C_5-D", "window": "3"})


def test_file_gives_back_every_bit(tmp_path: Path) -> None:
    written = make_trace()
    digest = save(written, tmp_path / "w.tdms")
    read = load(tmp_path / "w.tdms", digest)
    assert (read.rate, read.trigger_index) == (written.rate, written.trigger_index)
    assert read.about == written.about
    for name in ("supply", "shunt", "marker"):
        assert getattr(read, name).tobytes() == getattr(written, name).tobytes()


def test_same_trace_gives_same_bytes(tmp_path: Path) -> None:
    first, second = (save(make_trace(), tmp_path / name) for name in ("a.tdms", "b.tdms"))
    assert first == second == hashlib.sha256((tmp_path / "a.tdms").read_bytes()).hexdigest()
    assert save(make_trace(seed=2), tmp_path / "c.tdms") != first


def test_other_tdms_programs_find_time_and_unit(tmp_path: Path) -> None:
    save(make_trace(), tmp_path / "w.tdms")
    channel = TdmsFile.read(tmp_path / "w.tdms")["trace"]["shunt"]
    assert channel.properties["unit_string"] == "V"
    assert channel.time_track()[0] == pytest.approx(-1e-3)
    assert channel.time_track()[100] == pytest.approx(0.0, abs=1e-12)


def test_changed_file_is_refused_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "w.tdms"
    digest = save(make_trace(), path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(TraceFileError, match=digest):
        load(path, digest)


@pytest.mark.parametrize("lost", [1, 800, 3 * 400 * 8 - 1, 3 * 400 * 8, 3 * 400 * 8 + 1])
def test_truncated_file_is_refused_without_its_hash(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "w.tdms"
    save(replace(make_trace(), trigger_index=0), path)
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(TraceFileError, match=r"w\.tdms"):
        load(path)


def test_missing_file_names_its_path(tmp_path: Path) -> None:
    for expected in (None, "0" * 64):
        with pytest.raises(TraceFileError, match=r"none\.tdms"):
            load(tmp_path / "none.tdms", expected)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 900))
def test_any_bytes_are_a_trace_or_a_trace_file_error(
    tmp_path: Path, garbage: bytes, start: int
) -> None:
    path = tmp_path / "w.tdms"
    save(make_trace(20), path)
    content = path.read_bytes()
    path.write_bytes(content[:start] + garbage + content[start + len(garbage) :])
    with contextlib.suppress(TraceFileError):
        assert len(load(path)) == 20


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullWriter(TdmsWriter):  # type: ignore[misc]  # nptdms has no types
        def write_segment(self, *objects: object) -> None:
            super().write_segment([])
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(traces, "TdmsWriter", FullWriter)
    with pytest.raises(TraceFileError, match="No space left"):
        save(make_trace(), tmp_path / "w.tdms")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rate", "trigger", "lengths", "named"),
    [
        (1e5, 0, (10, 9, 10), "shapes"),
        (0.0, 0, (10, 10, 10), "rate"),
        (float("nan"), 0, (10, 10, 10), "rate"),
        (1e5, 10, (10, 10, 10), "trigger"),
        (1e5, -1, (10, 10, 10), "trigger"),
    ],
)
def test_impossible_traces_are_refused(
    rate: float, trigger: int, lengths: tuple[int, int, int], named: str
) -> None:
    supply, shunt, marker = (np.zeros(length) for length in lengths)
    with pytest.raises(MeasurementError, match=named):
        Trace(rate, trigger, supply, shunt, marker)


def test_samples_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="read-only"):
        make_trace().shunt[0] = 1.0
