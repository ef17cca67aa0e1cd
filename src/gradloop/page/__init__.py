"""The page of a run: one HTML file that replays a training on the user's own data, without anything from outside."""

from gradloop.page.write import write_page

__all__ = ["write_page"]
