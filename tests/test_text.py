from gradloop.text import number, printable, table


def test_what_could_command_a_terminal_is_written_out():
    assert printable("a\x1b[31mb\r\n\x00\x9b\u202e\ud800") == r"a\x1b[31mb\r\n\x00\x9b\u202e\ud800"


def test_ordinary_letters_of_any_language_stay():
    assert printable("größe 面積 😀 [bold]") == "größe 面積 😀 [bold]"


def test_numbers_are_short():
    assert [number(value) for value in (442, 0.1 + 0.2, 1e-12, float("inf"))] == [
        "442",
        "0.3",
        "1e-12",
        "inf",
    ]


def test_table_lines_up_even_when_a_name_is_hostile():
    lines = table(["name", "w"], [["x\n", "1"], ["long name", "-2.5"]]).splitlines()
    assert lines == ["name          w", r"x\n           1", "long name  -2.5"]
