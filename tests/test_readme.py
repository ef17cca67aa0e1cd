"""The README is executed: its Python and its console blocks, from top to bottom, in one temporary folder.

A line of a console block that begins with "$ " is a command (a backslash at its end continues it); the lines
after it are what it prints and are not compared, because times and machines differ. A command must end with
exit code 0, or with the one that its comment names: "$ gradloop fit bad.csv --target y  # exit code 2".
Python blocks share their names, as in a notebook. A block of another language is an error, unless it
is one of those that are only to be read.
"""

import doctest
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.execute import Block, blocks, commands, scripts

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ONLY_READ = {"text", "csv"}

# Commands that cannot run inside a test, each with what is done instead.
INSTEAD = [
    (
        r"make (demo|test|bench)\b",
        "make --dry-run --directory {root} {command_arguments}",
    ),  # calls this very test
    (r"git clone\b|cd gradloop\b|pip install\b|python3? -m venv\b", "echo 'needs the network: not run'"),
]


def as_tested(command: str) -> str:
    """The command itself, or what stands for it in a test."""
    for pattern, instead in INSTEAD:
        if re.match(pattern, command):
            arguments = " ".join(map(shlex.quote, shlex.split(command, comments=True)[1:]))
            return instead.format(root=shlex.quote(str(ROOT)), command_arguments=arguments)
    return command


def run_console(block: Block, folder: Path, environment: dict[str, str]) -> None:
    assert commands(block), f"README.md, line {block.line}: a console block without a line that begins with '$ '"
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-c", as_tested(command.line)],
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        print(f"$ {command.line}\n{done.stdout}")
        assert done.returncode == command.exit_code, f"{command.line!r} of README.md ended with:\n{done.stdout}"


def run_python(block: Block, names: dict[str, Any], filename: str) -> None:
    """Execute a block so that errors name the README's own lines; one with prompts is a doctest."""
    if block.text.lstrip().startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(block.text, names, filename, filename, block.line - 1)
        complaints: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(
            test, out=complaints.append, clear_globs=False
        )
        names.update(test.globs)  # the parser works on a copy
        assert complaints == []
    else:
        exec(compile("\n" * (block.line - 1) + block.text, filename, "exec"), names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has after `cd gradloop`, as far as the README speaks of it."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return {"__name__": "__main__"}


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with scripts() as found:
        yield found


BLOCKS = blocks(README.read_text("utf-8")) if README.exists() else []


def test_readme_has_both_kinds_of_blocks() -> None:
    assert README.exists(), "README.md is missing"
    assert {"python", "console"} <= {block.language for block in BLOCKS}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line-{block.line}-{block.language or 'no-language'}")
def test_block(
    block: Block,
    folder: Path,
    names: dict[str, Any],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    if block.language == "python":
        run_python(block, names, str(README))
    elif block.language == "console":
        run_console(block, folder, environment)
    else:
        assert block.language in ONLY_READ, (
            f"README.md, line {block.line}: call the block python, console, or one of {sorted(ONLY_READ)}"
        )


# The reader of the README is shown wrong input.

SAMPLE = """# Title
```console
$ echo a \\
  b
a b
$ false  # exit code 1
```
```python
x = 1
```
~~~
no language
~~~
"""


def test_blocks_are_found_with_language_and_line() -> None:
    assert [(block.language, block.line) for block in blocks(SAMPLE)] == [
        ("console", 3),
        ("python", 9),
        ("", 12),
    ]
    assert blocks(SAMPLE)[1].text == "x = 1\n"


def test_commands_are_joined_and_carry_their_exit_code() -> None:
    first, second = commands(blocks(SAMPLE)[0])
    assert (first.line.split(), first.exit_code) == (["echo", "a", "b"], 0)
    assert second.exit_code == 1


@pytest.mark.parametrize(
    "text", ["$ false\n", "$ true  # exit code 2\n", "output without a command\n", "$ no-such-command\n"]
)
def test_console_block_that_fails_is_found(text: str, tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        run_console(Block("console", 1, text), tmp_path, environment)


def test_console_block_with_its_exit_code_passes(tmp_path: Path, environment: dict[str, str]) -> None:
    run_console(blocks(SAMPLE)[0], tmp_path, environment)


def test_python_error_names_the_line_of_the_readme() -> None:
    with pytest.raises(ZeroDivisionError) as error:
        run_python(Block("python", 7, "x = 1\nx / 0\n"), {}, "README.md")
    assert error.traceback[-1].lineno == 7  # counted from 0


def test_wrong_output_after_a_prompt_is_found() -> None:
    with pytest.raises(AssertionError):
        run_python(Block("python", 1, ">>> 1 + 1\n3\n"), {}, "README.md")


def test_names_pass_from_block_to_block() -> None:
    names: dict[str, Any] = {}
    run_python(Block("python", 1, "x = 1\n"), names, "README.md")
    run_python(Block("python", 1, ">>> y = x + 1\n>>> y\n2\n"), names, "README.md")
    run_python(Block("python", 1, "assert y == 2\n"), names, "README.md")


def test_make_is_only_looked_at() -> None:
    assert as_tested("make demo").startswith("make --dry-run")
    assert as_tested("gradloop --help") == "gradloop --help"
