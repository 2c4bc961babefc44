"""How a run is shared out under pytest-xdist.

All tests of a network's variants go to one worker, so that its work is done once and nobody waits
for somebody else's training; other tests go by file. Tests that ask something of the whole matrix
(`WHOLE_MATRIX`) are handed out when every other test has ended: by then each variant has its
record. Test ids stay as they are.
"""

import re
from collections.abc import Sequence
from itertools import chain

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WHOLE_MATRIX = ("test_gate.py", "test_paper.py")
_STAGES = ("fits", "accuracy", "energy", "live")
"""The tests of a variant in the order of its work."""
_CASE = re.compile(rf"::test_({'|'.join(_STAGES)})\[((?:sim|hw)-(.+)-[^-\]]+)\]")


def scope_of(nodeid: str) -> str:
    """The group of tests that stays on one worker: a network, or a file."""
    case = _CASE.search(nodeid)
    return f"network {case[3]}" if case else nodeid.split("::", 1)[0]


def asks_whole_matrix(scope: str) -> bool:
    """Whether the tests of `scope` need the records of all others."""
    return scope.endswith(WHOLE_MATRIX)


def in_order_of_work(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests of a variant one after the other, those of the whole matrix last."""
    seen: dict[str, int] = {}

    def place(item: pytest.Item) -> tuple[bool, int, int, int]:
        case = _CASE.search(item.nodeid)
        scope = scope_of(item.nodeid)
        about = case[2] if case else scope
        return (
            asks_whole_matrix(scope),
            seen.setdefault(scope, len(seen)),
            seen.setdefault(about, len(seen)),
            _STAGES.index(case[1]) if case else 0,
        )

    return sorted(items, key=place)


class NetworkScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Load scheduling by network, the tests of the whole matrix last."""

    def __init__(self, config: object, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self.config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Note it, and hand out the last tests if it was the one that they waited for."""
        super().mark_test_complete(node, item_index, duration)
        self._wake_keeper()

    def remove_node(self, node: WorkerController) -> str | None:
        """Note that a worker has left."""
        crashed: str | None = super().remove_node(node)
        self._wake_keeper()
        return crashed

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in [scope for scope in self.workqueue if asks_whole_matrix(scope)]:
            self.workqueue.move_to_end(scope)
        if self._only_whole_matrix_left() and self._busy_others(node):
            self._hold(node)
        else:
            super()._assign_work_unit(node)

    def _hold(self, node: WorkerController) -> None:
        """Let a worker end, but for the last: it keeps waiting for the others."""
        if any(not other.shutting_down for other in self.nodes if other is not node):
            node.shutdown()

    def _wake_keeper(self) -> None:
        if self.workqueue and self._only_whole_matrix_left():
            for node in self.nodes:
                self._reschedule(node)

    def _only_whole_matrix_left(self) -> bool:
        return all(asks_whole_matrix(scope) for scope in self.workqueue)

    def _busy_others(self, node: WorkerController) -> bool:
        others = (work for other, work in self.assigned_work.items() if other is not node)
        tests = chain.from_iterable(unit.values() for work in others for unit in work.values())
        return not all(tests)
