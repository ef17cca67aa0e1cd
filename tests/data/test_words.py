"""Words for names, values and lists: short, and harmless to a terminal."""

from gradloop.data import words


def test_long_and_hostile_names_are_cut_and_escaped():
    assert words.name("x" * 100) == "'" + "x" * 39 + "…'"
    assert words.value("a\x1b\n\u202eb") == r'"a\x1b\n\u202eb"'


def test_lists_of_any_length():
    assert [words.listed(map(str, range(count)), most=2) for count in (0, 1, 2, 3, 4)] == [
        "",
        "0",
        "0 and 1",
        "0, 1 and 2",
        "0, 1 and 2 others",
    ]
    assert words.columns(["a"]) == "column 'a'" and words.columns("ab") == "columns 'a' and 'b'"
    assert words.counted(0, "row") == "0 rows"
