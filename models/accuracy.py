"""What is known of a model's accuracy on the test subjects, as files hold it."""

from typing import Annotated

from pydantic import Field

from models.catalog import ACTIVITIES
from models.file_part import Count, FilePart

Fraction = Annotated[float, Field(ge=0, le=1)]
PerActivity = Annotated[
    tuple[Count, ...], Field(min_length=len(ACTIVITIES), max_length=len(ACTIVITIES))
]


class SubjectScore(FilePart):
    """How many of a subject's windows were classified, and how many of these correctly."""

    windows: Annotated[int, Field(ge=1)]
    correct: Count

    @property
    def accuracy(self) -> float:
        """Fraction classified correctly."""
        return self.correct / self.windows


class RuntimeAccuracy(FilePart):
    """The accuracy of a model in one runtime on the test subjects.

    Attributes:
        windows: How many were classified.
        accuracy: Fraction classified correctly.
        interval: 95 % confidence interval of it, by bootstrap over subjects.
        per_subject: The score of each test subject by number.
        confusion: Rows are the true activity, columns the one named by the model.
    """

    windows: Annotated[int, Field(ge=1)]
    accuracy: Fraction
    interval: tuple[Fraction, Fraction]
    per_subject: dict[int, SubjectScore]
    confusion: Annotated[
        tuple[PerActivity, ...], Field(min_length=len(ACTIVITIES), max_length=len(ACTIVITIES))
    ]


class NotMeasured(FilePart):
    """Why there is no accuracy in a runtime: what it refuses, or that it is not installed."""

    reason: str


class Accuracies(FilePart):
    """What was measured in each runtime; LiteRT is the reference."""

    litert: RuntimeAccuracy
    tflm: RuntimeAccuracy | NotMeasured


class Agreement(FilePart):
    """How TFLM's outputs compare with LiteRT's, window by window.

    Attributes:
        windows: How many both have run.
        identical: Fraction whose outputs are equal to the last bit.
        same_class: Fraction with the same activity.
        largest_difference: Of any output: in steps for an integer model, else in probability.
        tolerance: The largest difference that counts as agreement, in the same unit.
        agree: Whether every difference is within the tolerance, and the activity the same wherever
            the two most probable ones are further apart than that.
    """

    windows: Annotated[int, Field(ge=1)]
    identical: Fraction
    same_class: Fraction
    largest_difference: Annotated[float, Field(ge=0)]
    tolerance: Annotated[float, Field(ge=0)]
    agree: bool
