"""The arena's planner, on graphs whose plan can be done by hand, and as TFLM plans on 32 bits."""

from pathlib import Path

import pytest

from bench.device.arena import head_bytes, plan_arena
from models.flatbuffer import read
from models.graph import FlatModel, Operator, Tensor

DATA = Path(__file__).parents[1] / "data"


def tensor(index: int, elements: int, data: bytes | None = None) -> Tensor:
    return Tensor(
        index=index,
        name=f"t{index}",
        shape=(1, elements),
        dtype="float32",
        data=data,
        offset=None,
        variable=False,
        quantisation=None,
    )


def chain(*elements: int) -> FlatModel:
    """Operators in a row, each from one tensor to the next."""
    tensors = tuple(tensor(index, count) for index, count in enumerate(elements))
    operators = tuple(
        Operator(
            index=index,
            name="RESHAPE",
            version=1,
            inputs=(index,),
            outputs=(index + 1,),
            intermediates=(),
            options={},
        )
        for index in range(len(elements) - 1)
    )
    return FlatModel(operators, tensors, inputs=(0,), outputs=(len(elements) - 1,))


def test_a_tensor_lives_from_its_writer_to_its_last_reader() -> None:
    # Only neighbours live together: 100 + 300 floats is the largest pair.
    assert head_bytes(chain(100, 300, 20, 200)) == 4 * 400


def test_the_largest_is_placed_first_and_gaps_are_used() -> None:
    # 400 lies at 0, its neighbours above it, the first and last tensor in the room of the others.
    assert head_bytes(chain(40, 80, 400, 60, 40)) == 4 * 480


def test_sizes_are_rounded_up_to_sixteen_bytes() -> None:
    assert head_bytes(chain(1, 1)) == 32


def test_the_tail_counts_tensors_and_operators() -> None:
    small, large = plan_arena(chain(4, 4)), plan_arena(chain(4, 4, 4))
    assert large.tail - small.tail == 12 + 32


@pytest.mark.parametrize(("name", "total"), [("tiny-L", 7256), ("tiny-D", 7224)])
def test_the_arena_is_what_tflm_takes_of_it_on_32_bits(name: str, total: int) -> None:
    # `arena_used_bytes` of TFLM with the firmware's FULLY_CONNECTED, built for a 32-bit core.
    assert plan_arena(read((DATA / f"{name}.tflite").read_bytes())).total == total
