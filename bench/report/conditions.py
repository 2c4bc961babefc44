"""What two runs must have in common so that their energies are those of one thing."""

from bench.report.record import RunFacts

CONDITIONS = {
    "mode": "mode",
    "station": "station",
    "dataset": "data set",
    "dataset_digest": "content of the data set",
    "fold": "fold",
    "seed": "seed of the training",
    "profile": "profile",
    "window": "window",
}
"""Fields of `RunFacts`, and how people call them."""


def changed_conditions(before: RunFacts, now: RunFacts) -> list[tuple[str, object, object]]:
    """The name of each condition in which two runs differ, with its value in both."""
    return [
        (name, getattr(before, field), getattr(now, field))
        for field, name in CONDITIONS.items()
        if getattr(before, field) != getattr(now, field)
    ]
