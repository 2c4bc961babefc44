from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalog import NETWORKS, WINDOW_SAMPLES, Network, Technique, Variant
from models.errors import CatalogError
from models.networks_file import load_networks

CNN = {"name": '"mine"', "filters": "24", "kernel": "5", "dense": "64", "pool": "4"}
LSTM = {"name": '"mine"', "filters": "8", "kernel": "3", "dense": "128", "lstm": "12"}


def networks_file(folder: Path, *tables: dict[str, str]) -> Path:
    path = folder / "networks.toml"
    text = (
        "[[network]]\n" + "".join(f"{field} = {value}\n" for field, value in table.items())
        for table in tables
    )
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def test_table_1_of_the_paper() -> None:
    cnn = {f"C_{i}": f for i, f in enumerate((1, 2, 4, 8, 10, 16, 20, 32), start=1)}
    lstm = {
        f"CL_{i}": fh
        for i, fh in enumerate(((2, 16), (4, 16), (8, 16), (16, 4), (16, 8), (16, 16)), start=1)
    }
    assert set(NETWORKS) == {*cnn, *lstm}
    for name, filters in cnn.items():
        assert NETWORKS[name] == Network(name, filters=filters, kernel=3, dense=100, pool=2)
        assert NETWORKS[name].family == "C"
    for name, (filters, units) in lstm.items():
        assert NETWORKS[name] == Network(name, filters=filters, kernel=3, dense=256, lstm=units)
        assert NETWORKS[name].family == "CL"


def test_there_are_42_variants_with_names_of_their_own() -> None:
    names = {Variant(network, t).name for network in NETWORKS.values() for t in Technique}
    assert len(names) == 42
    assert {"C_5-D", "CL_6-F"} < names


def test_networks_of_both_families_are_read(tmp_path: Path) -> None:
    sequence = LSTM | {"name": '"other"', "lstm_output": '"sequence"'}
    networks = load_networks(networks_file(tmp_path, CNN, sequence))
    assert networks == {
        "mine": Network("mine", filters=24, kernel=5, dense=64, pool=4),
        "other": Network("other", 8, 3, 128, lstm=12, lstm_output="sequence"),
    }


def test_fields_left_out_are_those_of_the_paper(tmp_path: Path) -> None:
    plain = {field: value for field, value in CNN.items() if field != "pool"}
    networks = load_networks(networks_file(tmp_path, plain, LSTM | {"name": '"other"'}))
    assert networks["mine"].pool == 2
    assert networks["other"].lstm_output == "last"


def test_byte_order_mark_of_windows_editors_is_no_fault(tmp_path: Path) -> None:
    path = networks_file(tmp_path, CNN)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(load_networks(path)) == ["mine"]


@given(
    filters=st.integers(1, 64),
    dense=st.integers(1, 512),
    lengths=st.integers(1, WINDOW_SAMPLES).flatmap(
        lambda kernel: st.tuples(st.just(kernel), st.integers(1, WINDOW_SAMPLES - kernel + 1))
    ),
)
def test_every_possible_size_is_accepted(
    tmp_path_factory: pytest.TempPathFactory, filters: int, dense: int, lengths: tuple[int, int]
) -> None:
    kernel, pool = lengths
    network = Network("mine", filters=filters, kernel=kernel, dense=dense, pool=pool)
    fields = {"filters": filters, "kernel": kernel, "dense": dense, "pool": pool}
    table = {"name": '"mine"'} | {field: str(value) for field, value in fields.items()}
    path = networks_file(tmp_path_factory.getbasetemp(), table)
    assert load_networks(path) == {"mine": network}


def without(table: dict[str, str], field: str) -> dict[str, str]:
    return {name: value for name, value in table.items() if name != field}


@pytest.mark.parametrize(
    ("table", "field", "says"),
    [
        (without(CNN, "filters"), "filters", "missing"),
        (without(CNN, "kernel"), "kernel", "missing"),
        (without(CNN, "dense"), "dense", "missing"),
        (CNN | {"kernal": "3"}, "kernal", "unknown; the fields are name, filters, kernel"),
        (CNN | {"filters": '"24"'}, "filters", "'24'; Input should be a valid integer"),
        (CNN | {"filters": "24.0"}, "filters", "24.0; Input should be a valid integer"),
        (CNN | {"filters": "true"}, "filters", "True; Input should be a valid integer"),
        (CNN | {"filters": "0"}, "filters", "0; Input should be greater than or equal to 1"),
        (CNN | {"dense": "-1"}, "dense", "-1"),
        (CNN | {"kernel": "129"}, "kernel", "129; Input should be less than or equal to 128"),
        (CNN | {"pool": "0"}, "pool", "0"),
        (CNN | {"pool": "125"}, "pool", "125 leaves nothing of the 124 samples"),
        (CNN | {"kernel": "128"}, "pool", "4 leaves nothing of the 1 samples"),
        (CNN | {"lstm_output": '"last"'}, "lstm_output", "'last' without lstm"),
        (LSTM | {"lstm_output": '"first"'}, "lstm_output", "should be 'last' or 'sequence'"),
        (LSTM | {"lstm": "0"}, "lstm", "0"),
        (LSTM | {"pool": "2"}, "pool", "2 with lstm"),
        (CNN | {"name": '"my-net"'}, "name", "my-net"),
        (CNN | {"name": '"C_5"'}, "name", "taken by C_5 of Table 1"),
        (CNN | {"name": '"c_5"'}, "name", "taken by C_5 of Table 1"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, table: dict[str, str], field: str, says: str) -> None:
    path = networks_file(tmp_path, table)
    with pytest.raises(CatalogError) as caught:
        load_networks(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: network '{table['name'][1:-1]}', field {field}: ")
    assert says in message


def test_network_without_a_name_is_counted(tmp_path: Path) -> None:
    path = networks_file(tmp_path, CNN, without(CNN, "name"))
    with pytest.raises(CatalogError, match=r"network number 2.*field name: missing"):
        load_networks(path)


def test_two_networks_of_one_name_are_refused(tmp_path: Path) -> None:
    path = networks_file(tmp_path, CNN, LSTM | {"name": '"Mine"'})
    with pytest.raises(CatalogError, match="'Mine', field name: taken by network 1 of this file"):
        load_networks(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[network]]\nname = \n", r"is no TOML \(Invalid value \(at line 2"),
        ("", r"no \[\[network\]\] table"),
        ("[network]\nfilters = 3\n", r"no \[\[network\]\] table"),
        ("network = [1]\n", r"no \[\[network\]\] table"),
        ("network = []\n", r"no \[\[network\]\] table"),
        ("[[networks]]\nfilters = 3\n", "field networks is unknown"),
    ],
)
def test_file_without_networks_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "networks.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=f"networks.toml: .*{says}"):
        load_networks(path)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.toml: No such file"):
        load_networks(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match=r"binary\.toml: is no TOML"):
        load_networks(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("filters = 100000000\ndense = 4", "field filters: 100000000 makes"),
        ("filters = 9999999999999999999\ndense = 4", "field filters: 9"),
        ("filters = 2\ndense = 16000000", "field dense: 16000000 makes"),
        ("filters = 2\ndense = 4\nlstm = 1000000", "field lstm: 1000000 makes"),
    ],
)
def test_network_that_no_device_can_hold_is_refused(tmp_path: Path, fields: str, says: str) -> None:
    path = tmp_path / "networks.toml"
    path.write_text(f'[[network]]\nname = "huge"\nkernel = 3\n{fields}\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=f"network 'huge', {says}"):
        load_networks(path)
