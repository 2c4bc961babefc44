import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalog import Technique
from models.conversion import (
    WORKER,
    Converted,
    Limits,
    _Child,
    convert,
    representative_windows,
)
from models.conversion_worker import ORPHANED
from models.errors import ConversionError
from models.flatbuffer import read
from models.runtimes import run_litert
from models.windows import Windows
from tests.unit.small_models import Small, small_models

L, D, F = Technique
PATIENCE = 120.0
"""s after which a test gives up waiting; no test waits so long unless it fails."""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Small]:
    return small_models(tmp_path_factory)


# What the techniques do


@pytest.mark.parametrize("name", ["C_2", "CL_1", "wide"])
def test_lite_conversion_computes_what_keras_does(small: dict[str, Small], name: str) -> None:
    net = small[name]
    outputs = run_litert(net.tflite[L], net.windows)
    assert np.abs(outputs - net.keras_outputs).max() < 1e-5


@pytest.mark.parametrize("name", ["C_2", "CL_1"])
def test_dynamic_quantization_stays_near_it(small: dict[str, Small], name: str) -> None:
    net = small[name]
    difference = np.abs(run_litert(net.tflite[D], net.windows) - net.keras_outputs).max()
    assert 0 < difference < 0.03


def test_full_integer_takes_and_gives_int8_and_stays_near_it(small: dict[str, Small]) -> None:
    net = small["C_2"]
    model = read(net.tflite[F])
    outputs = run_litert(net.tflite[F], net.windows)
    assert (model.input.dtype, model.output.dtype, outputs.dtype.name) == ("int8",) * 3
    assert np.abs(model.output.to_real(outputs) - net.keras_outputs).max() < 0.03


@pytest.mark.parametrize("technique", Technique)
def test_an_lstm_becomes_one_operator(small: dict[str, Small], technique: Technique) -> None:
    names = [operator.name for operator in read(small["CL_1"].tflite[technique]).operators]
    assert names == [
        "RESHAPE",
        "CONV_2D",
        "RESHAPE",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "STRIDED_SLICE",
        "FULLY_CONNECTED",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]


@pytest.mark.parametrize(
    ("variant", "size"),
    [
        ("C_2-L", 56_196),
        ("C_2-D", 19_648),
        ("C_2-F", 19_520),
        ("CL_1-L", 33_580),
        ("CL_1-D", 19_920),
        ("CL_1-F", 20_800),
    ],
)
def test_sizes_are_those_known_but_for_the_names_of_tensors(
    small: dict[str, Small], variant: str, size: int
) -> None:
    name, technique = variant.split("-")
    assert len(small[name].tflite[Technique(technique)]) == pytest.approx(size, abs=250)


def test_bytes_that_nothing_uses_are_zero_so_that_conversion_repeats(
    small: dict[str, Small],
) -> None:
    root = tflite.Model.GetRootAs(small["CL_1"].tflite[F])
    graph = root.Subgraphs(0)
    used = {graph.Tensors(i).Buffer() for i in range(graph.TensorsLength())}
    used |= {root.Metadata(i).Buffer() for i in range(root.MetadataLength())}
    unused = [root.Buffers(i) for i in range(root.BuffersLength()) if i not in used]
    filled = [buffer.DataAsNumpy() for buffer in unused if buffer.DataLength()]
    assert filled
    assert not np.concatenate(filled).any()


def test_the_integer_input_saturates_at_the_range_that_training_scales_to(
    small: dict[str, Small],
) -> None:
    net = small["C_2"]
    assert np.abs(net.windows).max() > 1.5
    lowest, highest = read(net.tflite[F]).input.to_real([-128, 127])
    assert (lowest, highest) == pytest.approx((-1, 1), abs=0.01)


# Representative windows


def _windows(subjects: list[int], activities: list[int]) -> Windows:
    x = np.zeros((len(subjects), 128, 6), dtype=np.float32)
    x[:, 0, 0] = np.arange(len(subjects))
    return Windows(x, np.array(activities, dtype=np.int64), np.array(subjects, dtype=np.int64))


@settings(max_examples=50)
@given(
    cells=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=60),
    each=st.integers(1, 3),
    seed=st.integers(0, 5),
)
def test_representative_windows_are_as_many_of_each_subject_in_each_activity(
    cells: list[tuple[int, int]], each: int, seed: int
) -> None:
    training = _windows([subject for subject, _ in cells], [activity for _, activity in cells])
    chosen = representative_windows(training, each=each, seed=seed)
    places = chosen.x[:, 0, 0].astype(int).tolist()
    assert places == sorted(set(places))
    found = [(int(s), int(y)) for s, y in zip(chosen.subjects, chosen.y, strict=True)]
    assert found == [cells[place] for place in places]
    for cell in set(cells):
        assert found.count(cell) == min(each, cells.count(cell))
    again = representative_windows(training, each=each, seed=seed)
    np.testing.assert_array_equal(again.x, chosen.x)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_representative_windows_that_are_no_numbers_are_an_error(value: float) -> None:
    windows = np.zeros((3, 128, 6), dtype=np.float32)
    windows[1, 5, 2] = value
    with pytest.raises(ConversionError, match="C_2: 3 representative windows, of which 2"):
        convert("C_2", Path("unused.keras"), windows)
    with pytest.raises(ConversionError, match="C_2: 0 representative windows"):
        convert("C_2", Path("unused.keras"), windows[:0])


# The process that converts: a worker that speaks the protocol of the real one, and misbehaves

_WORKER = """
import json, os, sys
from pathlib import Path

_, model, _, folder, *techniques = sys.argv
plan = json.loads(Path(model).read_text())
tries = Path(model).with_suffix(".tries")
print("starting", file=sys.stderr, flush=True)
if plan.get("start") == "crash":
    raise SystemExit("no such module")
print("ready", flush=True)
for technique in techniques:
    with tries.open("a") as file:
        file.write(technique)
    behaviour = plan.get(technique, ["good"])
    tried = tries.read_text().count(technique)
    match behaviour[min(tried, len(behaviour)) - 1]:
        case "crash":
            print("about to crash", file=sys.stderr, flush=True)
            os.abort()
        case "hang":
            print("hanging", file=sys.stderr, flush=True)
            sys.stdin.read()
        case "error":
            print("failed", technique, json.dumps("ValueError: two\\nlines"), flush=True)
        case "damaged":
            Path(folder, f"{technique}.tflite").write_bytes(b"half a mod")
            print("done", technique, flush=True)
        case _:
            Path(folder, f"{technique}.tflite").write_bytes(Path(plan["model"]).read_bytes())
            print("done", technique, flush=True)
"""


class Worker:
    """Converts with the misbehaving worker and tells how often it tried what."""

    def __init__(self, folder: Path, model: bytes) -> None:
        self.script = folder / "worker.py"
        self.script.write_text(_WORKER)
        self.plan = folder / "plan.json"
        self._good = folder / "good.tflite"
        self._good.write_bytes(model)

    def convert(
        self, technique: float = PATIENCE, **plan: str | list[str]
    ) -> dict[Technique, Converted]:
        self.plan.write_text(json.dumps({"model": str(self._good), **plan}))
        return convert(
            "C_2",
            self.plan,
            np.zeros((1, 128, 6), dtype=np.float32),
            limits=Limits(technique=technique),
            worker=(sys.executable, str(self.script)),
        )

    @property
    def tries(self) -> str:
        return self.plan.with_suffix(".tries").read_text()


@pytest.fixture
def worker(tmp_path: Path, small: dict[str, Small]) -> Worker:
    return Worker(tmp_path, small["C_2"].tflite[L])


def _attempts(converted: dict[Technique, Converted]) -> dict[Technique, tuple[bool, int]]:
    return {t: (one.error is None, one.attempts) for t, one in converted.items()}


def test_one_process_converts_with_all_techniques(worker: Worker) -> None:
    assert _attempts(worker.convert()) == {L: (True, 1), D: (True, 1), F: (True, 1)}
    assert worker.tries == "LDF"


@pytest.mark.parametrize("fault", ["crash", "error", "damaged"])
def test_a_technique_that_fails_once_is_tried_once_more_alone(worker: Worker, fault: str) -> None:
    converted = worker.convert(D=[fault, "good"])
    assert _attempts(converted) == {L: (True, 1), D: (True, 2), F: (True, 1)}
    assert worker.tries == "LDFD"
    assert converted[D].model == converted[L].model


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            "crash",
            r"C_2-D: the converter crashed \((signal 6|exit code 3)\); .*: .*about to crash",
        ),
        ("error", r"C_2-D: ValueError: two\nlines"),
        ("damaged", r"C_2-D: not a \.tflite file: 10 bytes"),
    ],
)
def test_a_fault_that_stays_is_an_error_of_its_variant_alone(
    worker: Worker, fault: str, message: str
) -> None:
    converted = worker.convert(D=[fault])
    assert _attempts(converted) == {L: (True, 1), D: (False, 2), F: (True, 1)}
    with pytest.raises(ConversionError, match=message):
        _ = converted[D].model


def test_a_technique_that_hangs_is_given_up_at_its_time_limit(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for = _Child.wait_for

    def patient_with_the_others(child: _Child, event: str, seconds: float) -> str | None:
        return wait_for(child, event, seconds if event == "done F" else PATIENCE)

    monkeypatch.setattr(_Child, "wait_for", patient_with_the_others)
    converted = worker.convert(technique=0.5, F=["hang"])
    assert _attempts(converted) == {L: (True, 1), D: (True, 1), F: (False, 2)}
    assert "no result within the time limit of 0.5 s; its last words: " in str(converted[F].error)


def test_a_process_that_cannot_start_says_why(worker: Worker) -> None:
    converted = worker.convert(start="crash")
    assert _attempts(converted) == {L: (False, 2), D: (False, 2), F: (False, 2)}
    wanted = "C_2-L: the conversion process did not start: .*no such module"
    with pytest.raises(ConversionError, match=wanted):
        _ = converted[L].model


def test_the_worker_ends_with_its_parent(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [*WORKER, "no.keras", "no.npy", str(tmp_path), "L"],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    worker.communicate(b"")  # what the end of the parent does: its end of the pipe closes
    assert worker.returncode == ORPHANED


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal on POSIX only")
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        hanging = tmp_path / "hanging.py"
        hanging.write_text(
            "import signal, socket, time\n"
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            f"line = socket.create_connection(('127.0.0.1', {port}))\n"
            "time.sleep(600)\n"
        )
        parent = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, numpy as np\n"
                "from pathlib import Path\n"
                "from models.conversion import _Child, convert\n"
                "wait_for = _Child.wait_for\n"
                "def told(*about):\n"
                "    print('waiting', flush=True)\n"
                "    return wait_for(*about)\n"
                "_Child.wait_for = told\n"
                "windows = np.zeros((1, 128, 6), dtype=np.float32)\n"
                f"convert('C_2', Path('x'), windows, worker=(sys.executable, {str(hanging)!r}))\n",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        line, _ = server.accept()
        with line, parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"waiting\n"
            parent.send_signal(signal.SIGINT)
            assert line.recv(1) == b""  # closed by the kernel: the child is gone
    assert parent.returncode != 0
