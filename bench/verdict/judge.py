"""Judge a quantity by its limit."""

from bench.verdict.limits import Limit
from bench.verdict.rules import Judgement, decide


def judge(limit: Limit, value: float, expanded_uncertainty: float = 0.0) -> Judgement:
    """Compare `value` with `limit`, both in the limit's unit.

    Args:
        limit: The limit, which names its decision rule.
        value: The estimate.
        expanded_uncertainty: Its expanded uncertainty U (about 95 %), zero or more.
    """
    if limit.min is not None:
        bound, wanted, margin = "min", limit.min, value - limit.min
    else:
        assert limit.max is not None
        bound, wanted, margin = "max", limit.max, limit.max - value
    return Judgement(
        quantity=limit.quantity,
        unit=limit.unit,
        value=value,
        expanded_uncertainty=expanded_uncertainty,
        bound=bound,
        limit=wanted,
        rule=limit.rule,
        outcome=decide(margin, expanded_uncertainty, limit.rule),
        margin=margin,
        source=limit.source,
    )
