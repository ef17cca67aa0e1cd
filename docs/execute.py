"""Run the code of pages and write what it prints beneath it: `python docs/execute.py docs/*.md docs/*/*.md`.

A page is Markdown. Its Python blocks share their names, as in a notebook; what one prints stands in the block of `text`
that follows it. In a console block a line that begins with "$ " is a command, and the lines after it are what it
prints. A page runs in an empty folder in which only the examples of the repository lie; pictures (SVG) that its code
makes are put beside it. A page that is run again gives the same page, which the tests check.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
OUTPUT = re.compile(r"\n*^```text\n.*?^```[ \t]*$", re.M | re.S)


class Block(NamedTuple):
    """A fenced block: its language, the line of the page where its text begins, the text, and where it stands."""

    language: str
    line: int
    text: str
    start: int = 0
    end: int = 0


class Command(NamedTuple):
    """A command of a console block, and the exit code that it must have."""

    line: str
    exit_code: int


def blocks(markdown: str) -> list[Block]:
    return [
        Block(m["info"].strip().lower(), markdown.count("\n", 0, m.start("text")) + 1, m["text"], m.start(), m.end())
        for m in FENCED.finditer(markdown)
    ]


def commands(block: Block) -> list[Command]:
    """The commands of a console block; a comment "# exit code 1" says how one must end."""
    joined = block.text.replace("\\\n", " ")
    lines = [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    codes = [re.search(r"#\s*exit code (\d+)\s*$", line) for line in lines]
    return [Command(line, int(code[1]) if code else 0) for line, code in zip(lines, codes, strict=True)]


def executed(markdown: str, filename: str, folder: Path) -> str:
    """The page with the output of all its code, run in a folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    written, done = [], 0
    with contextlib.chdir(folder), scripts() as environment:
        for block in blocks(markdown):
            if block.start < done or block.language not in ("python", "console"):
                continue
            written.append(markdown[done : block.start])
            done = block.end
            if block.language == "console":
                written.append("```console\n" + "".join(run_console(block, environment)) + "```")
                continue
            written.append(markdown[block.start : block.end])
            printed = run_python(block, names, filename)
            old = OUTPUT.match(markdown, block.end)
            done = old.end() if old else done
            written.append(f"\n\n```text\n{printed}```" if printed else "")
    return "".join(written) + markdown[done:]


def run_python(block: Block, names: dict[str, Any], filename: str) -> str:
    """What a block prints; errors name the page's own lines."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * (block.line - 1) + block.text, filename, "exec"), names)
    return trimmed(printed.getvalue())


def run_console(block: Block, environment: dict[str, str]) -> Iterator[str]:
    """Each command with what it prints."""
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-c", command.line], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode != command.exit_code:
            raise AssertionError(f"{command.line!r} ended with {done.returncode}:\n{done.stdout}")
        yield f"$ {command.line}\n{trimmed(done.stdout)}"


def trimmed(text: str) -> str:
    """Without blanks at the ends of lines."""
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    return "".join(f"{line}\n" for line in lines)


@contextlib.contextmanager
def scripts() -> Iterator[dict[str, str]]:
    """A shell where `python` and the scripts of pyproject.toml are this interpreter and this source."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    with tempfile.TemporaryDirectory() as folder:
        for name, entry in declared.items():
            module, _, function = entry.partition(":")
            call = f"import sys; from {module} import {function}; sys.exit({function}())"
            write_script(Path(folder, name), f'-c "{call}"')
        write_script(Path(folder, "python"), "")
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        yield {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}


def write_script(path: Path, call: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {call} "$@"\n')
    path.chmod(0o755)


def workplace(folder: Path) -> Path:
    """A folder made ready for a page: what a reader finds in the repository's folder, as far as pages speak of it."""
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def write_output(page: Path) -> None:
    """Run a page, and write the output and the pictures that it makes."""
    with tempfile.TemporaryDirectory() as folder:
        made = executed(page.read_text("utf-8"), str(page), workplace(Path(folder)))
        page.write_text(made, "utf-8")
        for picture in Path(folder).glob("*.svg"):
            shutil.copyfile(picture, page.with_name(picture.name))


def main(pages: list[str]) -> None:
    for page in map(Path, pages):
        write_output(page)
        print(page)


if __name__ == "__main__":
    main(sys.argv[1:])
