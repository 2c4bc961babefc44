"""``python -m models``, as a user types it."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models import cli, golden, manifest
from models.catalog import NETWORKS, Technique, Variant
from models.errors import CatalogError, DatasetError, ModelsError
from models.jobs import Done, Task, work
from models.pipeline import Pipeline
from models.progress import Lines, Progress
from models.selection import select_folds, select_networks, select_techniques
from models.store import Store
from tests.unit import tiny
from tests.unit.tiny import NETWORK, TinyOpening

TINY_TOML = """
[[network]]
name = "tiny"
filters = 2
kernel = 3
dense = 20
"""


@pytest.fixture
def root(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The user's cache, with a store that has the tiny network of fold 0."""
    store = tiny.filled_store(tmp_path_factory, tmp_path / "cache")
    monkeypatch.setenv("HAR_CACHE", str(store))
    monkeypatch.setattr(cli, "Opening", lambda _dataset, seed: TinyOpening(store, seed))
    return store


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def tiny_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(TINY_TOML)
    return path


def test_evaluate_announces_the_surrogate_then_the_split_then_the_accuracies(
    root: Path, tiny_file: Path
) -> None:
    result = run("evaluate", "--networks-file", tiny_file)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("SURROGATE")
    assert lines[1].startswith("fold 0 of 0 to 3, subjects: test 3, 5, 11")
    rows = [line for line in lines if line.startswith("| tiny")]
    assert [row.split("|")[2].strip() for row in rows] == ["base", "L", "D", "F"]
    assert rows[2].endswith("| refused |")


def test_evaluate_writes_a_page_that_names_no_place_of_this_machine(
    root: Path, tiny_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "docs" / "accuracy.md"
    result = run("evaluate", "--networks-file", tiny_file, "--markdown", page)
    assert result.exit_code == 0, result.output
    text = page.read_text()
    assert "| tiny" in text
    assert "fold 0 of 0 to 3" in text
    assert "surrogate" in text
    assert str(tmp_path) not in text


def test_processes_give_what_one_process_gives(
    root: Path, tiny_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = list(
        work(TinyOpening(root), [Task(NETWORK, 0, tuple(Technique))], jobs=1, progress=Lines())
    )
    tasks = [Task(NETWORK, 0, tuple(Technique)), Task(NETWORK, 0)]
    together = dict(work(TinyOpening(root), tasks, jobs=2, progress=Lines()))
    assert together[tasks[0]] == alone[0][1]
    assert isinstance(together[tasks[1]], Done)
    assert "trained" not in capfd.readouterr().err


def test_export_writes_all_that_a_device_needs(root: Path, tiny_file: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    result = run("export", "--networks-file", tiny_file, "--techniques", "L,F", "--to", to)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in to.iterdir()) == ["tiny-F", "tiny-L", "tiny.keras"]
    assert sorted(path.name for path in (to / "tiny-F").iterdir()) == [
        "golden.npz",
        "manifest.json",
        "model_tiny_F.cc",
        "model_tiny_F.h",
        "tiny-F.tflite",
    ]
    facts = manifest.read(to / "tiny-F")
    header = (to / "tiny-F" / "model_tiny_F.h").read_text()
    assert f"tiny_F_length = {facts.model.size};" in header
    assert 'tiny_F_name[] = "tiny";' in header
    assert 'tiny_F_technique[] = "F";' in header
    first = f"tiny_F_mean[] = {{{facts.standardisation.mean[0]:.8e}F, "
    assert first in header
    assert "tiny_F_channels = 6;" in header
    assert len(golden.read(to / "tiny-F" / facts.golden.file).labels) == facts.golden.windows


def test_export_to_a_place_that_cannot_be_says_so(
    root: Path, tiny_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("export", "--networks-file", tiny_file, "--to", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert "name another with --to" in result.stderr


def test_list_shows_what_there_is_and_makes_nothing(root: Path, tiny_file: Path) -> None:
    before = len(Store(root).entries())
    result = run("list", "--networks-file", tiny_file, "--networks", "tiny,C_1")
    assert result.exit_code == 0, result.output
    rows = [line.split("│")[1:-1] for line in result.stdout.splitlines() if "│" in line]
    by_name = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert "fold 0" in [line.strip() for line in result.stdout.splitlines()]
    assert by_name["C_1"] == ["no", "", "", ""]
    assert by_name["tiny"][0] == "yes"
    assert all(cell.endswith("%") for cell in by_name["tiny"][1:])
    assert f"{before} entries" in result.stdout
    assert len(Store(root).entries()) == before


def test_train_tells_how_the_training_went(root: Path, tiny_file: Path) -> None:
    result = run("train", "--networks-file", tiny_file)
    assert result.exit_code == 0, result.output
    assert "tiny, fold 0: 2 epochs, accuracy on the validation subjects 0." in result.stdout


def test_clear_asks_before_it_empties_the_store(root: Path) -> None:
    assert CliRunner().invoke(cli.app, ["clear"], input="n\n").exit_code == 0
    assert Store(root).entries()
    result = run("clear", "--yes")
    assert result.exit_code == 0
    assert Store(root).entries() == []


def test_a_network_that_fails_is_told_and_does_not_stop_the_others(
    root: Path, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    result = run("evaluate", "--networks-file", tiny_file, "--networks", "tiny,CL_1")
    assert result.exit_code == 1
    assert "| tiny" in result.stdout
    assert "error: CL_1, fold 0: CL_1 is not complete in the store" in result.stderr


def test_a_variant_that_the_runtimes_compute_differently_is_told(
    root: Path, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = Variant(NETWORK, Technique.FULL_INTEGER)
    artefact = TinyOpening(root)(0, Lines()).variant(variant)
    found = artefact.manifest.agreement
    if found is None:
        pytest.skip("tflite-micro is not installed: there is nothing to compare")
    other = found.model_copy(
        update={"agree": False, "largest_difference": 90.0, "same_class": 0.5, "tolerance": 2.0}
    )
    differing = replace(
        artefact, manifest=artefact.manifest.model_copy(update={"agreement": other})
    )
    monkeypatch.setattr(Pipeline, "variants", lambda *_: {variant.technique: differing})
    result = run("evaluate", "--networks-file", tiny_file)
    assert result.exit_code == 1
    wanted = "error: fold 0: tiny-F: TFLM differs from LiteRT by up to 90, wanted 2 or less"
    assert wanted in result.stderr
    assert "same activity in 50.00 % of the windows" in result.stderr


class Dies:
    """Opens no pipeline: the process that tries is gone, as after running out of memory."""

    def __call__(self, _fold: int, _progress: Progress) -> Pipeline:
        os._exit(9)


def test_a_process_that_is_killed_is_an_error_of_its_network() -> None:
    ((task, result),) = work(Dies(), [Task(NETWORK, 0)], jobs=2, progress=Lines())
    assert task.network == NETWORK
    assert isinstance(result, ModelsError)
    assert str(result).startswith("a process was killed")


@dataclass(frozen=True)
class Interrupted:
    """Opens no pipeline: Ctrl-C reaches the process that tries, and what it was at is noted."""

    folder: Path

    def __call__(self, fold: int, _progress: Progress) -> Pipeline:
        (self.folder / str(fold)).touch()
        signal.raise_signal(signal.SIGINT)
        raise AssertionError


def test_an_interrupted_process_begins_no_other_network(tmp_path: Path) -> None:
    tasks = [Task(NETWORK, fold) for fold in range(4)]
    list(work(Interrupted(tmp_path), tasks, jobs=2, progress=Lines()))
    assert len(list(tmp_path.iterdir())) in {1, 2}


class Orphaned:
    """Opens no pipeline: kills the process that started this one, and then would never end."""

    def __call__(self, _fold: int, _progress: Progress) -> Pipeline:
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()
        raise AssertionError


ORPHANING = """
from tests.unit.test_models_cli import *
list(work(Orphaned(), [Task(NETWORK, 0)], jobs=2, progress=Lines()))
"""


def test_a_process_ends_with_the_one_that_started_it() -> None:
    command = [sys.executable, "-c", ORPHANING]
    root = Path(__file__).parents[2]
    # It returns when nobody is left that could write.
    result = subprocess.run(command, cwd=root, capture_output=True, timeout=600, check=False)
    assert result.returncode == -signal.SIGKILL


def test_an_unknown_network_is_an_error_without_a_traceback(root: Path) -> None:
    result = run("evaluate", "--networks", "C_9")
    assert result.exit_code == 1
    assert "error: no network is called 'C_9'; there are C_1, C_2" in result.stderr


def test_a_seed_that_tensorflow_cannot_take_is_refused(root: Path) -> None:
    result = run("train", "--seed", str(2**32))
    assert result.exit_code == 2
    assert "--seed" in result.stderr


def test_help_of_every_command_gives_an_example() -> None:
    commands = ("list", "train", "evaluate", "export", "clear")
    for command in commands:
        assert f"python -m models {command}" in run(command, "--help").stdout
    assert all(command in run("--help").stdout for command in commands)


def test_it_runs_as_a_module() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "models", "evaluate", "--folds", "7"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "error: no fold is called '7'; there are 0 to 3, and all\n"


def test_networks_are_chosen_by_name_and_pattern(tiny_file: Path) -> None:
    assert select_networks() == list(NETWORKS.values())
    assert [n.name for n in select_networks("CL_*,C_1")] == [
        "C_1",
        *(f"CL_{i}" for i in range(1, 7)),
    ]
    assert select_networks(file=tiny_file) == [NETWORK]
    assert [n.name for n in select_networks("C_2,tiny", tiny_file)] == ["C_2", "tiny"]
    with pytest.raises(CatalogError, match="'X_'"):
        select_networks("C_1,X_")
    with pytest.raises(CatalogError, match="networks ',' name nothing"):
        select_networks(",")


def test_techniques_and_folds_are_chosen_by_letter_and_number() -> None:
    assert select_techniques("F, L") == (Technique.LITE, Technique.FULL_INTEGER)
    assert select_folds("all") == [0, 1, 2, 3]
    assert select_folds("3,1,1") == [1, 3]
    with pytest.raises(CatalogError, match="'Q'"):
        select_techniques("L,Q")
    with pytest.raises(DatasetError, match="'4'"):
        select_folds("4")
    with pytest.raises(CatalogError, match="techniques '' name nothing"):
        select_techniques("")
    with pytest.raises(DatasetError, match="folds '' name nothing"):
        select_folds("")
