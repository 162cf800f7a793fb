from pipeline.verify.verdict import Verdict


def test_long_lists_of_faults_are_cut() -> None:
    faults = tuple(f"file {number}:\nbad" for number in range(25))
    lines = Verdict("out", 1, 0, 0, 0, {}, faults=faults).to_text().splitlines()
    assert lines[0] == "25 faults: out"
    assert lines[2] == "fault        file 0:\\u000abad"
    assert lines[21:] == ["             file 19:\\u000abad", "             and 5 more"]
