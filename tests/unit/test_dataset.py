"""The data set from disk, zip, cache and download, against small distributions made here."""

import contextlib
import functools
import hashlib
import http.server
import io
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.dataset import SURROGATE, Dataset, Publication, Windows, load
from models.errors import DatasetError

TOP = "UCI HAR Dataset"
SIGNALS = [f"{kind}_{axis}" for kind in ("total_acc", "body_gyro") for axis in "xyz"]
LABELS = {"train": [5, 5, 1, 6], "test": [2, 3]}
SUBJECTS = {"train": [1, 1, 3, 30], "test": [2, 2]}
ONE_SIGNAL = "train/Inertial Signals/body_gyro_y_train.txt"
Files = dict[str, bytes]


def small_distribution() -> tuple[Files, Windows]:
    """A distribution of six windows in UCI-HAR's own layout and number format."""
    rng = np.random.default_rng(1)
    files: Files = {"README.txt": b"read me", "activity_labels.txt": b"1 WALKING\n"}
    x = []
    for part, labels in LABELS.items():
        files[f"{part}/y_{part}.txt"] = "".join(f"{label}\n" for label in labels).encode()
        files[f"{part}/subject_{part}.txt"] = "".join(f"{s}\n" for s in SUBJECTS[part]).encode()
        windows = rng.normal(size=(len(labels), 128, 6)).round(7)
        for channel, signal in enumerate(SIGNALS):
            rows = ("".join(f" {v: .7e}" for v in row) for row in windows[:, :, channel])
            text = "".join(f"{row}\r\n" for row in rows)
            files[f"{part}/Inertial Signals/{signal}_{part}.txt"] = text.encode()
        x.append(windows)
    y = np.array(LABELS["train"] + LABELS["test"]) - 1
    subjects = np.array(SUBJECTS["train"] + SUBJECTS["test"])
    return files, Windows(np.concatenate(x).astype(np.float32), y, subjects)


FILES, WINDOWS = small_distribution()


def sums_of(files: Files) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


UNREACHABLE = "http://127.0.0.1:9/archive.zip"
PUBLICATION = Publication(UNREACHABLE, sums_of(FILES))


def as_folder(files: Files, top: Path) -> Path:
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return top


def zipped(files: Files, top: str = f"{TOP}/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            # Of no date: the bytes are in names of tests, which each worker collects by itself.
            archive.writestr(zipfile.ZipInfo(top + name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def zip_in_zip(files: Files) -> bytes:
    return zipped({f"{TOP}.zip": zipped(files), f"{TOP}.names": b"names"}, top="")


def as_zip(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HAR_DATASET", "HAR_OFFLINE", "HAR_CACHE"):
        monkeypatch.delenv(name, raising=False)


class Lab:
    """A user's machine: a cache of its own, and what the user was told."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.told: list[str] = []

    def load(self, path: Path | None = None, publication: Publication = PUBLICATION) -> Dataset:
        return load(path, cache=self.cache, progress=self.told.append, publication=publication)

    def files_left(self) -> list[Path]:
        """What is in the cache, but for the files that serve as locks."""
        return [p for p in self.cache.rglob("*") if p.is_file() and p.suffix != ".lock"]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "cache")


@pytest.fixture(scope="session")
def surrogate_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the surrogate lies ready, to save the time of simulating it."""
    cache = tmp_path_factory.mktemp("surrogate")
    load(Path(SURROGATE), cache=cache)
    return cache


@pytest.fixture
def lab_with_surrogate(lab: Lab, surrogate_cache: Path) -> Lab:
    shutil.copytree(surrogate_cache, lab.cache, copy_function=os.link)
    return lab


def same(seen: Windows, wanted: Windows) -> bool:
    return (
        np.array_equal(seen.x, wanted.x)
        and np.array_equal(seen.y, wanted.y)
        and np.array_equal(seen.subjects, wanted.subjects)
    )


# Forms of the distribution


@pytest.mark.parametrize("form", ["folder", "folder above", "zip", "zip without top", "zip in zip"])
def test_every_form_of_the_distribution_gives_its_windows(
    lab: Lab, tmp_path: Path, form: str
) -> None:
    make: dict[str, Callable[[], Path]] = {
        "folder": lambda: as_folder(FILES, tmp_path / TOP),
        "folder above": lambda: as_folder(FILES, tmp_path / "data" / TOP).parent,
        "zip": lambda: as_zip(zipped(FILES), tmp_path / "a.zip"),
        "zip without top": lambda: as_zip(zipped(FILES, top=""), tmp_path / "a.zip"),
        "zip in zip": lambda: as_zip(zip_in_zip(FILES), tmp_path / "a.zip"),
    }
    path = make[form]()
    dataset = lab.load(path)
    assert same(dataset.windows, WINDOWS)
    assert dataset.name == "uci-har"
    assert dataset.digest == WINDOWS.digest()
    assert dataset.origin == str(path)


def test_second_load_is_from_the_cache(lab: Lab, tmp_path: Path) -> None:
    path = as_zip(zipped(FILES), tmp_path / "a.zip")
    first = lab.load(path)
    assert [line for line in lab.told if line.startswith("reading")]
    lab.told.clear()
    second = lab.load(path)
    assert lab.told == []
    assert same(second.windows, first.windows)
    assert second.digest == first.digest


def test_loaded_windows_cannot_be_changed(lab: Lab, tmp_path: Path) -> None:
    windows = lab.load(as_folder(FILES, tmp_path / TOP)).windows
    with pytest.raises(ValueError, match="read-only"):
        windows.x[0, 0, 0] = 0.0


def test_windows_of_subjects_keep_their_order() -> None:
    chosen = WINDOWS.of({30, 1})
    assert chosen.subjects.tolist() == [1, 1, 30]
    assert np.array_equal(chosen.x, WINDOWS.x[[0, 1, 3]])
    assert len(WINDOWS.of([])) == 0


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.zeros((1, 127, 6), np.float32), [0], r"x is float32 \(1, 127, 6\)"),
        (np.zeros((1, 128, 6), np.float64), [0], "x is float64"),
        (np.zeros((2, 128, 6), np.float32), [0], r"wanted float32 \(1, 128, 6\)"),
        (np.zeros((1, 128, 6), np.float32), [6], "labels from 6 to 6, wanted 0 to 5"),
    ],
)
def test_windows_of_another_shape_or_label_are_refused(
    x: np.ndarray, y: list[int], says: str
) -> None:
    with pytest.raises(DatasetError, match=says):
        Windows(x, np.array(y), np.ones(len(y), np.int64))


# Where it is looked for


def test_path_goes_before_environment_before_cache(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = as_zip(zipped(FILES), tmp_path / "one.zip")
    other = as_zip(zip_in_zip(FILES), tmp_path / "other.zip")
    monkeypatch.setenv("HAR_DATASET", str(one))
    assert lab.load(other).origin == str(other)
    assert lab.load().origin == str(one)
    monkeypatch.delenv("HAR_DATASET")
    assert str(lab.cache) in lab.load().origin


def test_what_was_named_is_never_replaced(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.load(as_zip(zipped(FILES), tmp_path / "a.zip"))
    absent = tmp_path / "absent.zip"
    with pytest.raises(DatasetError, match=r"absent\.zip: No such file.*--dataset or HAR_DATASET"):
        lab.load(absent)
    monkeypatch.setenv("HAR_DATASET", str(absent))
    with pytest.raises(DatasetError, match=r"absent\.zip"):
        lab.load()


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Path, list[str]]]:
    """A web server on loopback: its address, the folder it serves, the paths it was asked for."""
    monkeypatch.setattr("models.download._SILENCE_SECONDS", 120.0)  # a slow machine is not silence
    folder = tmp_path / "served"
    folder.mkdir()
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/broken.zip":
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(zipped(FILES)[:1000])
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder, asked
        httpd.shutdown()
        thread.join()


def test_download_is_done_once(lab: Lab, server: tuple[str, Path, list[str]]) -> None:
    address, folder, asked = server
    as_zip(zip_in_zip(FILES), folder / "har.zip")
    publication = Publication(f"{address}/har.zip", PUBLICATION.sums)
    for _ in range(2):
        dataset = lab.load(publication=publication)
        assert dataset.name == "uci-har"
        assert same(dataset.windows, WINDOWS)
    assert asked == ["/har.zip"]
    assert any("ESANN 2013" in line for line in lab.told), "the terms of use are told"
    assert not [path for path in lab.files_left() if path.suffix == ".zip"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.zip", "404"),
        ("broken.zip", "broke off after 1,000 of 100,000 bytes"),
        ("page.zip", "an HTML page"),
        ("other.zip", "is not the published file"),
    ],
)
def test_failed_download_is_told_and_the_surrogate_stands_in(
    lab_with_surrogate: Lab, server: tuple[str, Path, list[str]], name: str, says: str
) -> None:
    lab = lab_with_surrogate
    address, folder, _ = server
    as_zip(b"<!DOCTYPE html><html>log in, please</html>", folder / "page.zip")
    other = FILES | {"train/y_train.txt": b"1\n1\n1\n1\n"}
    as_zip(zipped(other), folder / "other.zip")
    dataset = lab.load(publication=Publication(f"{address}/{name}", PUBLICATION.sums))
    assert dataset.name == "surrogate"
    assert dataset.describe().startswith("SURROGATE")
    why = next(line for line in lab.told if "surrogate" in line)
    assert says in why
    assert "HAR_DATASET" in why
    assert not [path for path in lab.files_left() if path.suffix == ".zip"]


def test_offline_asks_no_server(
    lab_with_surrogate: Lab,
    server: tuple[str, Path, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = lab_with_surrogate
    address, _, asked = server
    monkeypatch.setenv("HAR_OFFLINE", "1")
    publication = Publication(f"{address}/har.zip", PUBLICATION.sums)
    assert lab.load(publication=publication).name == "surrogate"
    lab.load(as_folder(FILES, tmp_path / TOP), publication)
    assert lab.load(publication=publication).name == "uci-har"
    assert asked == []


def test_surrogate_can_be_asked_for(
    lab_with_surrogate: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = lab_with_surrogate
    lab.load(as_folder(FILES, tmp_path / TOP))
    by_path = lab.load(Path(SURROGATE))
    monkeypatch.setenv("HAR_DATASET", SURROGATE)
    by_environment = lab.load()
    assert by_path.name == by_environment.name == "surrogate"
    assert by_path.digest == by_environment.digest == by_path.windows.digest()


# What can be wrong with it


def line_changed(name: str, number: int, change: Callable[[bytes], bytes]) -> Files:
    lines = FILES[name].splitlines(keepends=True)
    lines[number - 1] = change(lines[number - 1])
    return FILES | {name: b"".join(lines)}


def without(name: str) -> Files:
    return {other: data for other, data in FILES.items() if other != name}


FAULTS: dict[str, tuple[Files, str]] = {
    "a missing file": (without(ONE_SIGNAL), rf"1 of 16 files are missing: {ONE_SIGNAL}"),
    "an empty file": (FILES | {ONE_SIGNAL: b""}, rf"{ONE_SIGNAL} is empty, wanted rows of 128"),
    "a row too few": (
        FILES | {ONE_SIGNAL: b"".join(FILES[ONE_SIGNAL].splitlines(keepends=True)[:-1])},
        rf"{ONE_SIGNAL} has 3 rows, but train/y_train.txt has 4",
    ),
    "a row too many": (
        FILES | {"test/y_test.txt": b"2\n3\n3\n"},
        r"test/subject_test.txt has 2 rows, but test/y_test.txt has 3",
    ),
    "a number too few in a row": (
        line_changed(ONE_SIGNAL, 3, lambda line: line.split(maxsplit=1)[1]),
        rf"{ONE_SIGNAL} has 127 numbers in line 3, wanted 128",
    ),
    "another number of columns": (
        FILES | {ONE_SIGNAL: b"1 2 3\n" * 4},
        rf"{ONE_SIGNAL} has 3 numbers in line 1, wanted 128",
    ),
    "text that is no number": (
        line_changed(ONE_SIGNAL, 2, lambda line: b"x" + line[4:]),
        rf"{ONE_SIGNAL} has 'x.*' in line 2, column 1, wanted a number",
    ),
    "not a number": (
        line_changed(ONE_SIGNAL, 4, lambda line: line.rsplit(maxsplit=1)[0] + b" nan\n"),
        rf"{ONE_SIGNAL} has 'nan' in line 4, column 128, wanted a number",
    ),
    "bytes that are no text": (FILES | {ONE_SIGNAL: b"\xff\xfe"}, rf"{ONE_SIGNAL} is no text"),
    "a label out of range": (
        line_changed("train/y_train.txt", 3, lambda _: b"7\n"),
        r"train/y_train.txt has 7 in line 3, wanted a whole number from 1 to 6",
    ),
    "a label that is no whole number": (
        line_changed("train/y_train.txt", 3, lambda _: b"1.5\n"),
        r"train/y_train.txt has 1.5 in line 3",
    ),
    "a subject out of range": (
        line_changed("test/subject_test.txt", 1, lambda _: b"31\n"),
        r"test/subject_test.txt has 31 in line 1, wanted a whole number from 1 to 30",
    ),
    "another distribution": (
        line_changed("train/y_train.txt", 1, lambda _: b"4\n"),
        r"train/y_train.txt is not the published file: its SHA-256 is [0-9a-f]{64}, wanted",
    ),
}


@pytest.mark.parametrize("form", ["folder", "zip", "zip in zip"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_leaves_nothing(lab: Lab, tmp_path: Path, fault: str, form: str) -> None:
    files, says = FAULTS[fault]
    if form == "folder":
        path = as_folder(files, tmp_path / TOP)
    else:
        data = zipped(files) if form == "zip" else zip_in_zip(files)
        path = as_zip(data, tmp_path / "a.zip")
    with pytest.raises(DatasetError, match=says) as caught:
        lab.load(path)
    assert str(caught.value).startswith(str(path))
    assert "get the distribution again" in str(caught.value)
    assert lab.files_left() == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page"),
        (b"\n\n<html>", "an HTML page"),
        (b"", "0 bytes that begin with b''"),
        (b"Rar!\x1a\x07", "6 bytes that begin with b'rar!"),
        (zipped(FILES)[:-50], "the beginning of a zip without its end"),
        (zipped(FILES)[:100], "the beginning of a zip without its end"),
        (zipped({"notes.txt": b"x"}), "none of the UCI-HAR distribution's files"),
        (zipped({"inner.zip": b"<html>"}, top=""), "inner.zip: an HTML page"),
        (zipped({"inner.zip": zipped(FILES)[:-9]}, top=""), "inner.zip: the beginning of a zip"),
    ],
    # Not the bytes: a zip has a time in it, and all workers must find tests of the same names.
    ids=[
        "html",
        "html later",
        "empty",
        "rar",
        "no end",
        "nearly nothing",
        "other files",
        "inner html",
        "inner without end",
    ],
)
def test_file_that_is_no_distribution_is_described(
    lab: Lab, tmp_path: Path, data: bytes, says: str
) -> None:
    path = as_zip(data, tmp_path / "a.zip")
    with pytest.raises(DatasetError, match=says):
        lab.load(path)
    assert lab.files_left() == []


def test_folder_without_the_distribution_is_named(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none of the UCI-HAR distribution's files is there"):
        lab.load(tmp_path)


WHOLE = zipped(FILES)
DIRECTORY = WHOLE.index(b"PK\x01\x02")


def flipped(position: int, bits: int) -> bytes:
    return WHOLE[:position] + bytes([WHOLE[position] ^ bits]) + WHOLE[position + 1 :]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@example(flipped(DIRECTORY + 6, 0x80)).via("a version of zip that nobody has heard of")
@given(
    st.one_of(
        st.integers(0, len(WHOLE) - 1).map(lambda end: WHOLE[:end]),
        st.builds(flipped, st.integers(0, len(WHOLE) - 1), st.integers(1, 255)),
        st.builds(flipped, st.integers(DIRECTORY, len(WHOLE) - 1), st.integers(1, 255)),
        st.binary(max_size=300),
    )
)
def test_damaged_zip_is_refused_or_harmless(tmp_path: Path, data: bytes) -> None:
    path = as_zip(data, tmp_path / "a.zip")
    with contextlib.suppress(DatasetError):
        # A flipped bit in a date, say, is nobody's business.
        assert same(Lab(tmp_path / "cache").load(path).windows, WINDOWS)


# The cache


def test_changed_zip_is_noticed(lab: Lab, tmp_path: Path) -> None:
    path = as_zip(zipped(FILES), tmp_path / "a.zip")
    lab.load(path)
    as_zip(zipped(FAULTS["another distribution"][0]), path)
    with pytest.raises(DatasetError, match="is not the published file"):
        lab.load(path)


def test_changed_file_of_the_same_size_and_time_is_noticed(lab: Lab, tmp_path: Path) -> None:
    path = as_folder(FILES, tmp_path / TOP)
    lab.load(path)
    changed = path / "train/y_train.txt"
    before = changed.stat()
    changed.write_bytes(FAULTS["another distribution"][0]["train/y_train.txt"])
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed.stat().st_size == before.st_size
    with pytest.raises(DatasetError, match="is not the published file"):
        lab.load(path)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "removed"])
def test_damaged_cache_is_read_again(lab: Lab, tmp_path: Path, damage: str) -> None:
    path = as_zip(zipped(FILES), tmp_path / "a.zip")
    lab.load(path)
    (stored,) = lab.cache.rglob("x.npy")
    data = stored.read_bytes()
    if damage == "removed":
        shutil.rmtree(stored.parent)
    else:
        stored.write_bytes(data[:-1] + (b"" if damage == "truncated" else bytes([data[-1] ^ 1])))
    assert same(lab.load(path).windows, WINDOWS)
    (stored,) = lab.cache.rglob("x.npy")
    assert stored.read_bytes() == data


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX's")
@pytest.mark.parametrize("named", [True, False], ids=["named", "downloaded"])
def test_full_disk_is_named_and_leaves_nothing(
    lab: Lab, server: tuple[str, Path, list[str]], named: bool
) -> None:
    address, folder, _ = server
    path = as_zip(zipped(FILES), folder / "a.zip")
    program = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from models.dataset import DatasetError, Publication, load
        from tests.full_disk import full_disk
        path = Path({str(path)!r}) if {named} else None
        publication = Publication({address + "/a.zip"!r}, {PUBLICATION.sums!r})
        with full_disk(10_000):
            try:
                load(path, cache=Path({str(lab.cache)!r}), publication=publication)
            except DatasetError as error:
                sys.exit(str(error))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert "cannot write to the store" in done.stderr
    assert "nothing half-written is kept. Make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert lab.files_left() == []
    assert same(lab.load(path).windows, WINDOWS), "with room again it works"


# The published data set


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    named = os.environ.get("HAR_DATASET", SURROGATE)
    if named == SURROGATE:
        pytest.skip("HAR_DATASET does not name UCI-HAR")
    return load(Path(named), cache=tmp_path_factory.mktemp("cache"))


def test_uci_har_is_what_its_authors_describe(real: Dataset) -> None:
    windows = real.windows
    assert len(windows) == 10_299
    assert np.bincount(windows.y).tolist() == [1722, 1544, 1406, 1777, 1906, 1944]
    assert np.unique(windows.subjects).tolist() == list(range(1, 31))
    assert len(np.unique(windows.subjects[:7352])) == 21
    assert windows.x[0, :3, 0] == pytest.approx([1.012817, 1.022833, 1.022028], abs=1e-7)
    assert real.digest == "45869500ae1dfee40621cd1b316ffe23b458677af4ce4886dee448c008a4ecca"


def test_uci_har_is_in_g_and_radians_a_second(real: Dataset) -> None:
    standing = real.windows.x[real.windows.y == 4]
    gravity = np.linalg.norm(standing[..., :3], axis=2).mean()
    assert gravity == pytest.approx(1.03, abs=0.03)
    assert 5.0 < np.abs(real.windows.x[..., 3:]).max() < 7.0
