"""The store: one builder, nothing half-written, damage found."""

import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.entry import INDEX, Entry
from models.errors import StoreError
from models.keys import Key, canonical_json, source_digest, versions
from models.store import Store

ROOT = Path(__file__).parents[2]
KEY = Key("weights", {"network": "C_5", "seed": 0})


def write_two_files(directory: Path) -> None:
    (directory / "model.bin").write_bytes(bytes(range(256)) * 40)
    (directory / "history.json").write_text('{"epochs": 3}')


def start(script: str, root: Path) -> subprocess.Popen[str]:
    """A program of its own that uses the store under ``root``."""
    preamble = """
        import os, sys
        from pathlib import Path
        from models.keys import Key
        from models.store import Store

        def say(line):
            print(line, flush=True)

        store = Store(Path(sys.argv[1]), notice=say)
        key = Key("weights", {"network": "C_5", "seed": 0})
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(preamble) + textwrap.dedent(script), str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


SLOW_BUILD = """
    def build(directory):
        (directory / "model.bin").write_bytes(b"half")
        say("building")
        sys.stdin.readline()
        (directory / "model.bin").write_bytes(b"whole")

    entry = store.get_or_build(key, build, label="weights of C_5")
    say((entry.path / "model.bin").read_text())
"""


def test_what_was_built_is_found_again_and_not_built_twice(tmp_path: Path) -> None:
    built = Store(tmp_path).get_or_build(KEY, write_two_files, label="C_5")

    def never(_directory: Path) -> None:
        raise AssertionError("built twice")

    found = Store(tmp_path).get_or_build(KEY, never, label="C_5")
    assert found == built
    assert set(found.files) == {"model.bin", "history.json"}
    assert found.size == 256 * 40 + len('{"epochs": 3}')
    assert Store(tmp_path).entries() == [built]


def test_other_ingredients_are_another_entry(tmp_path: Path) -> None:
    Store(tmp_path).get_or_build(KEY, write_two_files, label="C_5")
    assert Store(tmp_path).get(Key("weights", {"network": "C_5", "seed": 1})) is None
    other_kind = Key("model", KEY.ingredients)
    assert other_kind.digest != KEY.digest
    assert Store(tmp_path).get(other_kind) is None


def test_of_two_processes_one_builds_and_the_other_waits_for_it(tmp_path: Path) -> None:
    with start(SLOW_BUILD, tmp_path) as first:
        assert line_of(first) == "building"
        with start(SLOW_BUILD, tmp_path) as second:
            assert "another process is making it" in line_of(second)
            assert first.stdin is not None
            first.stdin.write("go on\n")
            first.stdin.flush()
            assert line_of(first) == "whole"
            assert line_of(second) == "whole", "the second built one of its own"


def test_racing_processes_build_once_each_key(tmp_path: Path) -> None:
    script = """
        sys.stdin.readline()
        for seed in range(20):
            def build(directory):
                (directory / "built by").write_text(str(os.getpid()))
                with open(Path(sys.argv[1]) / "log", "a") as log:
                    log.write(f"{seed}\\n")
            store.get_or_build(Key("weights", {"seed": seed}), build, label="raced")
    """
    racers = [start(script, tmp_path) for _ in range(2)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate()
        assert racer.returncode == 0
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(20))


def test_a_builder_killed_in_mid_write_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    with start(SLOW_BUILD, tmp_path) as builder:
        assert line_of(builder) == "building"
        assert len(list(tmp_path.glob("weights/*"))) == 1, "nothing was half-written"
        builder.kill()
    store = Store(tmp_path)
    assert store.get(KEY) is None
    assert store.entries() == []
    entry = store.get_or_build(KEY, write_two_files, label="C_5")
    assert list(tmp_path.glob("weights/*")) == [entry.path]


def test_what_a_killed_builder_left_goes_when_anything_else_is_built(tmp_path: Path) -> None:
    with start(SLOW_BUILD, tmp_path) as builder:
        assert line_of(builder) == "building"
        builder.kill()
    entry = Store(tmp_path).get_or_build(Key("model", {}), write_two_files, label="another")
    assert [*tmp_path.glob("weights/*"), *tmp_path.glob("model/*")] == [entry.path]


def test_clearing_spares_what_another_process_is_building(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.get_or_build(Key("model", {}), write_two_files, label="another")
    with start(SLOW_BUILD, tmp_path) as builder:
        assert line_of(builder) == "building"
        store.clear()
        assert store.entries() == []
        assert builder.stdin is not None
        builder.stdin.write("go on\n")
        builder.stdin.flush()
        assert line_of(builder) == "whole"
    assert [entry.key for entry in store.entries()] == [KEY]


def truncate(entry: Entry) -> None:
    (entry.path / "model.bin").write_bytes(b"\x00\x01")


def flip_a_bit(entry: Entry) -> None:
    data = bytearray((entry.path / "model.bin").read_bytes())
    data[5000] ^= 1
    (entry.path / "model.bin").write_bytes(data)


def lose_a_file(entry: Entry) -> None:
    (entry.path / "history.json").unlink()


def lose_the_index(entry: Entry) -> None:
    (entry.path / INDEX).unlink()


def truncate_the_index(entry: Entry) -> None:
    index = entry.path / INDEX
    index.write_bytes(index.read_bytes()[:60])


def change_the_index(entry: Entry) -> None:
    index = entry.path / INDEX
    index.write_text(index.read_text().replace('"C_5"', '"C_6"'))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "model.bin has 2 bytes, not 10,240"),
        (flip_a_bit, "model.bin has changed"),
        (lose_a_file, "history.json is missing"),
        (lose_the_index, "index.json is missing"),
        (truncate_the_index, "index.json is not readable"),
        (change_the_index, "index.json does not match"),
    ],
)
def test_a_damaged_entry_is_found_and_built_again(
    tmp_path: Path, damage: Callable[[Entry], None], told: str
) -> None:
    notices: list[str] = []
    store = Store(tmp_path, notice=notices.append)
    entry = store.get_or_build(KEY, write_two_files, label="weights of C_5")
    damage(entry)
    assert store.get(KEY) is None
    assert store.get_or_build(KEY, write_two_files, label="weights of C_5") == entry
    assert store.get(KEY) == entry
    (notice,) = notices
    assert notice.startswith("weights of C_5: the stored one is damaged")
    assert told in notice


def test_a_build_that_fails_leaves_nothing_and_tells_why(tmp_path: Path) -> None:
    def fail(directory: Path) -> None:
        (directory / "model.bin").write_bytes(b"half")
        raise ValueError("loss is not a number")

    with pytest.raises(ValueError, match="loss is not a number"):
        Store(tmp_path).get_or_build(KEY, fail, label="C_5")
    assert list(tmp_path.glob("weights/*")) == []
    Store(tmp_path).get_or_build(KEY, write_two_files, label="C_5")


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_full_disk_is_told_as_such_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
        from models.errors import StoreError
        from tests.full_disk import full_disk
        with full_disk(4096):
            try:
                store.get_or_build(
                    key, lambda d: (d / "model").write_bytes(bytes(100_000)) and None, label="C_5"
                )
            except StoreError as error:
                say(error)
    """
    with start(script, tmp_path) as builder:
        message = line_of(builder)
    assert str(tmp_path) in message
    assert "Make room" in message
    assert list(tmp_path.glob("weights/*")) == []


def test_a_store_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    root = tmp_path / "a file"
    root.write_text("in the way")
    with pytest.raises(StoreError, match="HAR_CACHE"):
        Store(root).get_or_build(KEY, write_two_files, label="C_5")


def test_cleared_entries_are_gone_damaged_ones_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = store.get_or_build(KEY, write_two_files, label="one")
    other = store.get_or_build(Key("model", {}), write_two_files, label="other")
    assert store.entries() == [other, one]
    truncate_the_index(other)
    store.clear()
    assert [*tmp_path.glob("weights/*"), *tmp_path.glob("model/*")] == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_the_canonical_text_says_all_of_the_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@given(st.dictionaries(st.text(), json_values, min_size=2), st.randoms(use_true_random=False))
def test_a_key_does_not_depend_on_the_order_of_its_ingredients(
    ingredients: dict[str, object], shuffler: random.Random
) -> None:
    names = list(ingredients)
    shuffler.shuffle(names)
    shuffled = {name: ingredients[name] for name in names}
    assert Key("weights", shuffled).digest == Key("weights", ingredients).digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "a"}, {"a": {2}}, object()])
def test_what_has_no_one_text_is_no_ingredient(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Key("weights", {"value": value})


def test_the_source_digest_leaves_out_what_only_a_type_checker_imports() -> None:
    # weights.py names training.Trained in a signature and never runs it.
    assert source_digest(frozenset({"weights", "training"})) != source_digest(
        frozenset({"weights"})
    )
    without = source_digest(frozenset({"weights"}), beyond=frozenset({"training"}))
    assert without == source_digest(frozenset({"weights"}))


def test_the_source_digest_follows_imports_up_to_the_boundary() -> None:
    whole = source_digest(frozenset({"store"}))
    assert source_digest(frozenset({"store", "keys"})) == whole, "store imports keys"
    assert source_digest(frozenset({"store"}), beyond=frozenset({"keys"})) != whole


def test_a_missing_library_has_no_version() -> None:
    assert versions("numpy", "no-such-library")["no-such-library"] is None
    assert str(versions("numpy")["numpy"]).startswith("2.")
