"""Which container ids, network names and interface names the spec allows, and what can be a path.

They become file names, chain names and link names, so nothing passes that is not checked here.
"""

from __future__ import annotations

from cnictl.spec.errors import INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, UNKNOWN_CONTAINER, CniError

# CNI spec 1.1.0, "Parameters", CNI_CONTAINERID.  A regular expression would be compiled at every start.
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_FURTHER = _FIRST | frozenset("_.-")
_MAX_IFNAME_BYTES = 15  # IFNAMSIZ - 1, linux/if.h
# What Go's unicode.IsSpace accepts; str.isspace has U+001C to U+001F besides.
_WHITE_SPACE = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
)


def is_name(text: str) -> bool:
    """Whether a text may be a container id or a network's name."""
    return text[:1] in _FIRST and _FURTHER.issuperset(text)


def is_absolute(text: str) -> bool:
    """Whether a text can be an absolute path: JSON may have a NUL character in it, and no path has."""
    return text.startswith("/") and "\0" not in text


def check_container_id(text: str) -> None:
    """Raise CniError 3 for an empty container id and 4 for one with other characters than allowed."""
    if not text:
        raise CniError(UNKNOWN_CONTAINER, "missing containerID")
    if not is_name(text):
        raise CniError(INVALID_ENVIRONMENT, "invalid characters in containerID", text)


def check_network_name(text: str) -> None:
    """Raise CniError 7 for a network name that is empty or has other characters than allowed."""
    if not text:
        raise CniError(INVALID_NETWORK_CONFIG, "missing network name:")
    if not is_name(text):
        raise CniError(INVALID_NETWORK_CONFIG, "invalid characters found in network name", text)


def check_interface_name(text: str) -> None:
    """Raise CniError 4 for a name that no link may have."""
    if not text:
        raise CniError(INVALID_ENVIRONMENT, "interface name is empty")
    if len(text.encode(errors="surrogateescape")) > _MAX_IFNAME_BYTES:
        raise CniError(
            INVALID_ENVIRONMENT,
            "interface name is too long",
            "interface name should be less than 16 characters",
        )
    if text in (".", ".."):
        raise CniError(INVALID_ENVIRONMENT, "interface name is . or ..")
    if any(c in "/:" or c in _WHITE_SPACE for c in text):
        raise CniError(INVALID_ENVIRONMENT, "interface name contains / or : or whitespace characters")
