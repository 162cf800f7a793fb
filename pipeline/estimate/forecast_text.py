"""What `plan` prints, for people and for programs."""

from collections.abc import Mapping
from typing import Any

from pipeline import status
from pipeline.estimate import pricing
from pipeline.estimate.forecast import Forecast
from pipeline.estimate.pricing import MachineConfig, MachineCosts
from pipeline.output.quality import describe_documents
from pipeline.updates import update_forecast
from transforms import escaping
from transforms.features import FLOAT32, NUM_TOKENS, NUM_WORDPIECES
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS
from transforms.receipts import shares, unit_of


def to_text(forecast: Forecast, machine: MachineConfig | None) -> str:
    """Return the lines of a forecast, with the costs on a machine if one is given."""
    counts = _whole(forecast.counts)
    rates = shares(counts)
    padding = counts[PADDED_TOKENS] - counts[COMPUTED_TOKENS]
    reasons = ", ".join(f"{round(n):,} {reason}" for reason, n in sorted(forecast.reasons.items()))
    method = "read whole" if forecast.whole else "estimated from a sample"
    written = ", ".join(
        f"{status.size(size)} in {name}/" for name, size in forecast.bytes.items() if size
    )
    lines = [
        f"files       {forecast.files:,} in {forecast.splits:,} splits; {method}",
        f"documents   {describe_documents(counts)}: {counts['embedded']:,} embedded, "
        f"{counts['rejected']:,} rejected" + (f" ({reasons})" if reasons else ""),
        f"wordpieces  {counts[NUM_WORDPIECES]:,}, {rates['unknown']:.1%} [UNK]; "
        f"{rates['truncated']:.1%} of the {unit_of(counts)} truncated",
        *([f"[UNK]       {', '.join(forecast.unknown)}"] if forecast.unknown else []),
        f"tokens      {counts[NUM_TOKENS]:,} embedded, {counts[COMPUTED_TOKENS]:,} computed, "
        f"{padding / max(1, counts[PADDED_TOKENS]):.1%} padding",
        f"output      {status.size(sum(forecast.bytes.values()))}: {written or 'nothing'}",
        *([f"growth      {forecast.growth}"] if forecast.growth else []),
        *([f"precision   {forecast.precision}"] if forecast.precision != FLOAT32 else []),
        f"time        about {status.clock(forecast.seconds)} on this machine, {_speed(forecast)}",
    ]
    if forecast.parts_done:
        lines.append(_done(forecast))
    if forecast.update is not None:
        lines += [f"update      {line}" for line in update_forecast.to_lines(forecast.update)]
    if machine is not None:
        lines += _costs(forecast, machine)
    return "\n".join(lines)


def to_fields(forecast: Forecast, machine: MachineConfig | None) -> dict[str, Any]:
    """Return a forecast by the names in JSON, with the costs on a machine if one is given."""
    counts = _whole(forecast.counts)
    return {
        **vars(forecast),
        "update": forecast.update._asdict() if forecast.update else None,
        "counts": counts,
        "shares": shares(counts),
        "reasons": _whole(forecast.reasons),
        "bytes": _whole(forecast.bytes),
        "share_left": forecast.share_left,
        "costs": None if machine is None else _price(forecast, machine),
    }


def _whole(estimates: Mapping[str, float]) -> dict[str, int]:
    return {name: round(estimate) for name, estimate in estimates.items()}


def _price(forecast: Forecast, machine: MachineConfig) -> MachineCosts | None:
    """Compute the costs of a job on a machine; None if there is nothing to embed."""
    speed = machine.tokens_per_second or forecast.tokens_per_second
    if speed is None or forecast.tokens_per_second is None:
        return None
    tokens, share = forecast.counts[NUM_TOKENS], forecast.share_left
    whole = pricing.cost(machine, tokens, speed, forecast.startup)
    left = pricing.cost(machine, share * tokens, speed, forecast.startup if share else 0.0)
    return MachineCosts(machine, speed, whole, left if forecast.parts_done else None)


def _costs(forecast: Forecast, machine: MachineConfig) -> list[str]:
    costs = _price(forecast, machine)
    if costs is None:
        return [f"cost        none on {escaping.one_line(machine.name)}: there is nothing to embed"]
    return pricing.to_lines(machine, costs.whole, costs.left, costs.tokens_per_second)


def _speed(forecast: Forecast) -> str:
    if forecast.positions_per_second is None:
        return "for start-up only: there is nothing to embed"
    return f"at {forecast.positions_per_second:,.0f} positions/s, start-up included"


def _done(forecast: Forecast) -> str:
    seconds = forecast.seconds_left
    left = f"about {status.clock(seconds)} left" if seconds else "nothing left"
    return (
        f"done        {forecast.parts_done:,} parts, {forecast.documents_done:,} documents "
        f"({1 - forecast.share_left:.0%}); {left}"
    )
