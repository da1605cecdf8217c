"""What a runtime knows about one attachment: whose interface, where, and the arguments that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnictl.spec.errors import INVALID_ENVIRONMENT, CniError
from cnictl.spec.names import check_container_id, check_interface_name
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from cnictl.spec.document import Json


@dataclass(frozen=True, slots=True)
class Attachment:
    """The parameters of ADD, CHECK and DEL.

    `args` are the pairs of CNI_ARGS in order; `capability_args` are offered to every plugin that
    asks for the capability of that name.
    """

    container_id: str
    netns: str = ""
    ifname: str = "eth0"
    args: tuple[tuple[str, str], ...] = ()
    capability_args: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Container id and ifname: with the network's name, what tells attachments apart."""
        return self.container_id, self.ifname

    @property
    def cni_args(self) -> str:
        """The value of CNI_ARGS, whatever the pairs hold: a DEL must repeat what its ADD was given."""
        return ";".join(f"{key}={value}" for key, value in self.args)

    @property
    def pod(self) -> str:
        """The pod as NAMESPACE/NAME, as a runtime for Kubernetes says it in CNI_ARGS; "" otherwise."""
        told = dict(self.args)
        name, namespace = told.get("K8S_POD_NAME", ""), told.get("K8S_POD_NAMESPACE", "")
        return f"{namespace}/{name}" if namespace and name else name

    def check(self) -> None:
        """Raise CniError unless container id, ifname and args may be used for ADD."""
        check_container_id(self.container_id)
        check_interface_name(self.ifname)
        check_pairs(self.args)

    def check_given(self) -> None:
        """As check(), but what is empty may stay so: DEL is to succeed with as little as there is."""
        if self.container_id:
            check_container_id(self.container_id)
        if self.ifname:
            check_interface_name(self.ifname)


def check_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise CniError for pairs that a plugin would read as something else: nothing escapes ';' and '='."""
    for key, value in pairs:
        part = f"{key}={value}"
        if not key or "=" in key or ";" in part or "\0" in part:
            raise CniError(
                INVALID_ENVIRONMENT,
                f"invalid CNI_ARGS pair {go_quote(part)}",
                "a key holds neither '=' nor ';', a value no ';'",
            )


def parse_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a CNI_ARGS text; empty values, '=' in a value and a ';' at the end are fine."""
    pairs = []
    for piece in filter(None, text.split(";")):
        key, equals, value = piece.partition("=")
        if not key or not equals:
            raise CniError(
                INVALID_ENVIRONMENT, f"invalid CNI_ARGS pair {go_quote(piece)}", "write KEY=VALUE;KEY=VALUE"
            )
        pairs.append((key, value))
    return tuple(pairs)
