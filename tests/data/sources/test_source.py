"""What is common to all sources: the road into memory, and its limits."""

import pyarrow
import pytest

from gradloop.data.sources.source import Source, damage_told, digest, read_table, said_by, within_memory
from gradloop.errors import DataError
from tables import HOUSES, cells, refusal


class Endless(Source):
    """A source of more rows than any machine can hold."""

    name = "the endless"

    def schema(self):
        return HOUSES.schema

    def batches(self, columns=None):
        while True:
            yield from HOUSES.to_batches()

    def fingerprint(self):
        return digest("endless")


class Short(Endless):
    """The same rows once."""

    def batches(self, columns=None):
        yield from HOUSES.to_batches(max_chunksize=9)


def test_rows_go_into_memory():
    table = read_table(Short())
    assert cells(table) == HOUSES.to_pydict() and table.source == "the endless" and table.place(3) == "in row 3"


def test_more_than_memory_is_refused(monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.source.memory", lambda: 1 << 20)
    assert "the endless gives more than 8.74e-05 GB, a twelfth of the memory here" in refusal(read_table, Endless())
    Short.rows = 40
    assert read_table(Short()).rows == 40
    Short.rows = 10**9
    assert "the endless announces 1000000000 rows, for which 40 GB would be needed" in refusal(read_table, Short())
    Short.rows = None


def test_batches_are_handed_on_as_they_are():
    batches = HOUSES.to_batches(max_chunksize=7)
    assert all(one is other for one, other in zip(within_memory("x", iter(batches)), batches, strict=True))


@pytest.mark.parametrize(
    "error", [pyarrow.ArrowInvalid("bad\nthing."), OSError("bad"), ValueError("bad"), ValueError()]
)
def test_what_readers_say_becomes_a_sentence(error):
    def act():
        with damage_told("houses"):
            raise error

    said = refusal(act)
    assert said.startswith("houses: it cannot be read (") and said.endswith(
        "); it is damaged: fetch or write it again."
    )


def test_sentences_of_our_own_stay():
    with pytest.raises(DataError, match=r"^ours$"), damage_told("houses"):
        raise DataError("ours")


def test_what_others_say_is_made_short_and_harmless():
    assert said_by(ValueError("a \x1b[2J thing.\nmore")) == "a \\x1b[2J thing" and said_by(KeyError()) == "KeyError"
    assert len(said_by(ValueError("x" * 10_000))) == 200


def test_digests_differ_with_their_parts():
    assert len({digest("a", "b"), digest("ab"), digest("a", "b", ""), digest("\udce9")}) == 4
    assert digest(1, "a") == digest(1, "a")
