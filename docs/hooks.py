"""What MkDocs asks while it builds: the code of each page is run, and what would be loaded from outside is refused."""

import re
import tempfile
from pathlib import Path
from typing import Any

from docs.execute import executed, workplace

LOADING = r"<(?:script|img|iframe|link(?=[^>]*stylesheet))"
OUTSIDE = re.compile(LOADING + r"""[^>]*(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")


def on_page_markdown(markdown: str, /, *, page: Any, **others: Any) -> str:
    """The page with what its code prints today. Chinese pages hold the code and the output of the English ones."""
    if page.file.src_uri.startswith("zh/"):
        return markdown
    with tempfile.TemporaryDirectory() as folder:
        return executed(markdown, page.file.src_uri, workplace(Path(folder)))


def on_post_page(output: str, /, *, page: Any, **others: Any) -> str:
    """The page as it is, once it is sure that it can be read without a network."""
    if found := OUTSIDE.search(output):
        raise ValueError(f"{page.file.src_uri} would load {found[1]}; put a copy beside the page, and load that.")
    return output
