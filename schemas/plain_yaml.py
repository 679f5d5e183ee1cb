"""YAML without what a declaration has no use for and nobody can bound."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_MAX_TEXT = 20_000
_MAX_ALIASES = 100
_MAX_DEPTH = 50  # libyaml goes down by recursion, which nothing else bounds
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def plain(raw: bytes) -> Any:  # noqa: ANN401 (any YAML)
    """What a YAML file says, read by libyaml's safe loader, stricter.

    Refused, each as a YAMLError with its line: a key given twice (the second would silently win), tags (those of YAML's
    own types fail on what is not of the type), aliases in what an alias may repeat (each would double what is read),
    values in values without end, texts without end, control characters.

    Raises:
        YAMLError: it is no such YAML.
    """
    depth = aliases = 0
    anchored: list[int] = []  # how deep the collections are that an alias may repeat
    for event in yaml.parse(raw, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if anchored and anchored[-1] == depth:
                anchored.pop()
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            if anchored or aliases > _MAX_ALIASES:
                raise _fault(f"more than {_MAX_ALIASES} aliases, or one inside what another repeats", event)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise _fault(f"the tag {event.tag[:80]}, where none is expected", event)
        if isinstance(event, yaml.CollectionStartEvent):
            if event.anchor is not None:
                anchored.append(depth)
            depth += 1
            if depth > _MAX_DEPTH:
                raise _fault(f"more than {_MAX_DEPTH} values in one another", event)
    return yaml.load(raw, _Loader)  # noqa: S506 (a SafeLoader)


class _Loader(yaml.CSafeLoader):
    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:  # noqa: ANN401 (the base class's)
        """A scalar's text."""
        text = super().construct_scalar(node)
        if len(text) > _MAX_TEXT:
            raise _fault(f"a text of more than {_MAX_TEXT} characters", node)
        if _CONTROL.search(text):
            raise _fault("a text with control characters", node)
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 (the base class's)
        """A mapping's keys and values."""
        given: set[Hashable] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, Hashable):  # what is not is refused below
                if name in given and name != "<<":
                    raise _fault(f"the key {name!r} is given twice", node)
                given.add(name)
        return super().construct_mapping(node, deep)


def _fault(found: str, at: Any) -> yaml.YAMLError:  # noqa: ANN401 (an event's or a node's mark)
    return yaml.constructor.ConstructorError(None, None, found, at.start_mark)
