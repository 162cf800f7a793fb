from benchmarks.peers import tables
from benchmarks.peers.results import Likeness, Row
from benchmarks.spread import Spread


def row(times: Spread | None) -> Row:
    rate = Spread(12345.6, 12000.0, 13000.0)
    return Row(
        name="other",
        label="another",
        precision="float32",
        documents=2000,
        documents_per_second=Spread(201.4, 190.0, 210.0),
        wordpieces_per_second=rate,
        startup=Spread(5.0, 4.0, 6.0),
        peak_mb=Spread(900.0, 800.0, 1000.0),
        times_float32=times,
        times_bfloat16=None,
        likeness=Likeness(0.99996, 0.975),
        details={"batch": 64},
    )


def test_a_row_becomes_a_line_of_the_table_and_a_note() -> None:
    lines = tables.markdown([row(Spread(1.5, 1.4, 1.6))], "here").splitlines()
    assert lines[0] == "here"
    assert (
        "| another | 201 (190 to 210) | 12,346 (12,000 to 13,000) | 5.0 | 1,000 "
        "| 1.50 (1.40 to 1.60) |  | 0.99996 | 0.975 | 2,000 |"
    ) in lines
    assert lines[-1] == "- another: batch 64"
    columns = {line.count("|") for line in lines if line.startswith("|")}
    assert len(columns) == 1
