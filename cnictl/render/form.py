"""The forms that data is printed in: a table for people, JSON and YAML for programs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cnictl.spec.document import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yaml import ScalarNode

    Data = None | bool | int | float | str | Sequence["Data"] | Mapping[str, "Data"]


class Form(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def as_json(value: Data) -> str:
    """Return JSON as the Go plugins print it, with a newline at its end and nothing a terminal obeys."""
    return guarded_json(encode(value, indent=4)) + "\n"


def guarded_json(text: str) -> str:
    r"""Return the same JSON with what does not print written as `\u202e`; only strings hold such things."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else _utf16(one) for one in text)


def as_yaml(value: Data) -> str:
    """Return YAML, in block style, keys in the order given, and nothing a terminal obeys."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> ScalarNode:
        style = None if data.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    written: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1 << 20
    )
    # what is left that does not print stands in double quotes, where YAML knows these escapes
    return "".join(one if one.isprintable() or one == "\n" else f"\\U{ord(one):08x}" for one in written)


def _utf16(character: str) -> str:
    pairs = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{pairs[i]:02x}{pairs[i + 1]:02x}" for i in range(0, len(pairs), 2))
