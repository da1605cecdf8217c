"""Which attachments somebody says are in use, in the forms in which people and programs say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnictl.runtime.source import called, read
from cnictl.spec.document import Document, decode, describe
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import check_container_id, check_interface_name
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from cnictl.spec.document import Json

_FORM = "write CONTAINER/IFNAME, such as 0123456789ab/eth0"


def listed(texts: Iterable[str] | None, file: str) -> list[tuple[str, str]] | None:
    """The (container id, ifname) of texts and of a JSON file (`-` for stdin); None when neither is given."""
    if texts is None and not file:
        return None
    return [_pair(one) for one in texts or ()] + (_of_file(file) if file else [])


def _of_file(file: str) -> list[tuple[str, str]]:
    data = read(file)
    try:
        value = decode(data)
    except CnictlError as error:
        raise CnictlError(f"{called(file)}: {error}", hint="it takes a JSON list") from error
    if not isinstance(value, list):
        raise CnictlError(f"{called(file)}: expected a list, found {describe(value)}")
    return [_member(one, file) for one in value]


def _member(value: Json, file: str) -> tuple[str, str]:
    if isinstance(value, str):
        return _pair(value)
    if isinstance(value, dict):
        document = Document(value)
        return _checked(document.string("containerID"), document.string("ifname"))
    raise CnictlError(f"{called(file)}: expected CONTAINER/IFNAME or an object, found {describe(value)}")


def _pair(text: str) -> tuple[str, str]:
    container_id, slash, ifname = text.partition("/")
    if not slash:
        raise CnictlError(f"{go_quote(text)} names no interface", hint=_FORM)
    return _checked(container_id, ifname)


def _checked(container_id: str, ifname: str) -> tuple[str, str]:
    check_container_id(container_id)
    check_interface_name(ifname)
    return container_id, ifname
