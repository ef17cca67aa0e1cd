"""What a running fit reports."""

from gradloop.progress import Progress


def test_a_report_is_a_plain_tuple_with_names():
    told = Progress(epoch=2, epochs=5, loss=0.5, rows_per_second=1e6, seconds=0.1)
    assert told == (2, 5, 0.5, 1e6, 0.1)
    assert told._fields == ("epoch", "epochs", "loss", "rows_per_second", "seconds")
