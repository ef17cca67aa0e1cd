"""A graph of single numbers as text: which values get a name, and how each operation is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gradloop.core.graph import Graph, Node

ANY, COMPARED, SUM, PRODUCT, ATOM = range(5)  # how strongly the parts of a text hold together
_DEEPEST = 40  # operations within one expression; databases and parsers have limits


class Form(NamedTuple):
    """How an operation is written: a text with places for its inputs, and what must be in brackets.

    An input that has more than one place gets a name.
    """

    text: str
    strength: int = ATOM
    needs: tuple[int, ...] = ()  # the strength that each input must have to go without brackets


Forms = Mapping[str, Form]


def infix(symbol: str, strength: int) -> Form:
    """A sign between two inputs, of which the second is in brackets where it is as weak."""
    return Form(f"{{0}} {symbol} {{1}}", strength, (strength, strength + 1))


def between(symbol: str) -> Form:
    """A comparison or a junction, whose inputs are in brackets where they are such too."""
    return Form(f"{{0}} {symbol} {{1}}", COMPARED, (SUM, SUM))


def call(name: str, inputs: int = 1) -> Form:
    """A function's name before its inputs."""
    return Form(f"{name}({', '.join(f'{{{place}}}' for place in range(inputs))})")


class Language(NamedTuple):
    """What a text needs to know of its language: its forms, and how it writes a constant."""

    form: Callable[[Node], Form]
    constant: Callable[[Any], str]


class Written(NamedTuple):
    """A text, how strongly it holds together, how deep it is, and which named values it mentions."""

    text: str
    strength: int = ATOM
    depth: int = 0
    mentions: tuple[str, ...] = ()


class Writer:
    """Writes the nodes of a graph: ``lines`` are the named values in order, each with what it mentions.

    A value gets a name if it is used more than once, if its expression would be too deep, or if its node is
    among ``named``; inputs are written as ``leaves`` say, unless they have to be named too.
    """

    def __init__(
        self, graph: Graph, language: Language, leaves: Mapping[int, str], named: Iterable[Node], prefix: str = ""
    ) -> None:
        self.language = language
        self.prefix = prefix
        self.lines: list[tuple[str, Written]] = []
        self._known: dict[int, Written] = {}
        self._named = {id(node) for node in named}
        self._uses = Counter(id(child) for node in graph.nodes for child in self._places(node))
        for node in graph.nodes:
            self._known[id(node)] = self._name(node, self._write(node, leaves))

    def __getitem__(self, node: Node) -> Written:
        return self._known[id(node)]

    def _places(self, node: Node) -> Iterator[Node]:
        """The inputs of a node, as often as they stand in its text."""
        text = self.language.form(node).text if node.inputs else ""
        for place, child in enumerate(node.inputs):
            yield from [child] * text.count(f"{{{place}}}")

    def _write(self, node: Node, leaves: Mapping[int, str]) -> Written:
        if node.is_constant:
            return Written(text := self.language.constant(node.attributes["value"].item()), PRODUCT + (text[0] != "-"))
        if node.op == "input":
            return Written(leaves[id(node)])
        form = self.language.form(node)
        inputs = [self._known[id(child)] for child in node.inputs]
        needs = form.needs or (ANY,) * len(inputs)
        texts = [
            each.text if each.strength >= need else f"({each.text})" for each, need in zip(inputs, needs, strict=True)
        ]
        mentions = tuple(dict.fromkeys(name for each in inputs for name in each.mentions))
        return Written(form.text.format(*texts), form.strength, 1 + max(each.depth for each in inputs), mentions)

    def _name(self, node: Node, written: Written) -> Written:
        wanted = self._uses[id(node)] > 1 or id(node) in self._named or written.depth >= _DEEPEST
        if node.is_constant or not wanted or written.text.isidentifier():
            return written
        name = f"{self.prefix}v{len(self.lines) + 1}"
        self.lines.append((name, written))
        return Written(name, mentions=(name,))
