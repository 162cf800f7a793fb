import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli
from pipeline.errors import UsageError
from pipeline.estimate import pricing
from pipeline.estimate.pricing import MachineConfig
from pipeline.options import beam_flags

tokens = st.floats(1, 1e15)
speeds = st.floats(0.1, 1e7)
prices = st.floats(0, 1e6)
counts = st.integers(1, 10_000)
seconds = st.floats(0, 1e4)
factors = st.integers(1, 10**6)
near = pytest.approx


@given(tokens, speeds, prices, counts, factors)
def test_cost_grows_with_tokens_and_with_the_price(
    tokens: float, speed: float, price: float, count: int, factor: int
) -> None:
    one = pricing.cost(MachineConfig("m", None, price, count), tokens, speed, 0.0)
    more = pricing.cost(MachineConfig("m", None, price, count), factor * tokens, speed, 0.0)
    assert (more.hours, more.price) == (near(factor * one.hours), near(factor * (one.price or 0)))
    assert more.price_per_million == near(one.price_per_million)
    dearer = pricing.cost(MachineConfig("m", None, factor * price, count), tokens, speed, 0.0)
    assert (dearer.hours, dearer.price) == (one.hours, near(factor * (one.price or 0)))


@given(tokens, speeds, prices, counts, seconds)
def test_many_machines_take_the_same_machine_hours_in_a_share_of_the_time(
    tokens: float, speed: float, price: float, count: int, startup: float
) -> None:
    alone = pricing.cost(MachineConfig("m", None, price), tokens, speed, 0.0)
    many = pricing.cost(MachineConfig("m", None, price, count), tokens, speed, 0.0)
    assert (many.machine_hours, many.price) == (near(alone.machine_hours), near(alone.price))
    assert many.hours == near(alone.hours / count)
    # All machines start up, at the same time.
    started = pricing.cost(MachineConfig("m", None, price, count), tokens, speed, startup)
    assert started.hours == near(many.hours + startup / 3600)
    assert started.machine_hours == near(many.machine_hours + count * startup / 3600)


@given(st.floats(0, 1e12))
def test_a_figure_has_two_significant_digits(value: float) -> None:
    shown = float(pricing.figure(value).replace(",", ""))
    assert shown == near(value, rel=0.051, abs=0)


def test_without_a_price_the_flag_is_named() -> None:
    machine = MachineConfig("a\x1b[1m", 500.0, count=4)
    cost = pricing.cost(machine, 36e5, 500.0, 0.0)
    assert (cost.price, cost.price_per_million) == (None, None)
    assert pricing.to_lines(machine, cost, cost, 500.0) == [
        "machine     4 x a\\u001b[1m, each at 500 tokens/s, as given",
        "hours       0.50: 2.00 machine-hours, start-up included",
        "cost        add --machine_price X, the price of one machine per hour, to see the cost",
    ]


def test_the_rest_of_a_started_job_is_priced_too() -> None:
    machine = MachineConfig("m", None, 3.0)
    whole, left = (pricing.cost(machine, tokens, 1000.0, 0.0) for tokens in (36e6, 9e6))
    assert pricing.to_lines(machine, whole, left, 1000.0)[-1] == (
        "cost        30.00 at 3.00 per hour, 0.83 per million tokens, 7.50 for the rest"
    )
    nothing = pricing.cost(machine, 0.0, 1000.0, 0.0)
    assert nothing == pricing.Cost(0.0, 0.0, 0.0, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--machine_price=1"], "--machine_price describes a machine: add --machine NAME"),
        (["--machines=2"], "--machines describes a machine: add --machine NAME"),
        (["--machine_tokens_per_second=2"], "--machine_tokens_per_second describes a machine"),
        (["--machine="], "--machine is empty; give the machine a name"),
        (["--machine=m", "--machines=0"], "--machines is 0; give 1 or more"),
        (["--machine=m", "--machine_price=-1"], "--machine_price is -1.0; give the price of"),
        (["--machine=m", "--machine_price=nan"], "--machine_price is nan; give the price of"),
        (["--machine=m", "--machine_tokens_per_second=inf"], "is inf; give a number above 0"),
        (["--machine=m", "--machine_tokens_per_second=0"], "is 0.0; give a number above 0"),
    ],
)
def test_invalid_values_are_refused_at_once(
    words: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["plan", "--input", "nowhere.txt", "--output", "out", *words]) == 2
    assert message in capsys.readouterr().err


def test_embed_has_no_machine_flags(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(UsageError, match="unknown flag --machine_price"):
        beam_flags.beam_options(["--machine_price=3"])
    assert cli.main(["embed", "--input", "x", "--output", "y", "--machines=3"]) == 2
    assert "unknown flag --machines" in capsys.readouterr().err
