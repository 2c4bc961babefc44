"""The limits of a run, where they apply."""

from dataclasses import dataclass
from functools import cached_property

from bench.run.judged import Judged
from bench.run.models_side import ModelsSide
from bench.run.reached import Reached
from bench.run.selection import Case
from bench.verdict.judge import judge
from bench.verdict.limits import Limits, limits_path, load_limits


@dataclass
class RunLimits:
    """The limits file that a run is judged by, the data set's own unless the user named one.

    Attributes:
        models: The models' side, which knows the data set.
    """

    models: ModelsSide

    @cached_property
    def file(self) -> Limits:
        """What the file says.

        Raises:
            BenchError: It cannot be read or is wrong.
        """
        named = self.models.options.limits
        return load_limits(named or limits_path(self.models.pipeline.dataset.name))

    @property
    def why_none(self) -> str:
        """Why no limit applies to this run, or nothing."""
        if self.models.options.own is not None:
            return "a user's own model has no limits file"
        pipeline = self.models.pipeline
        return self.file.why_not(pipeline.dataset.name, pipeline.split.fold) or ""

    def judge(self, case: Case, found: Reached) -> Judged:
        """A case judged by every limit on a quantity that was found."""
        if why := self.why_none:
            return Judged(case.name, (), why)
        judgements = tuple(
            judge(limit, *found[limit.quantity])
            for limit in self.file.of(case.name, case.mode)
            if limit.quantity in found
        )
        return Judged(case.name, judgements)

    def expected_undeployable(self, case: Case) -> str | None:
        """Why the limits expect that a case does not fit; None if they do not."""
        if self.models.options.profile != "bench" or self.why_none:
            return None
        return self.file.expected_undeployable(case.name)
