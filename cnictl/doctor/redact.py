"""Secrets taken out of texts: tokens, keys, passwords, whatever form they come in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.spec.document import Json

GONE = "[redacted]"

# Whoever makes pods writes some of these texts: a run of letters is looked through once, from its start.
_NAME = (
    r"(?=[\w.-]*?(?:token|passw(?:or)?d|secret|credential|private|bearer|psk|etcd_key"
    r"|(?:api|auth|client|access)[_-]?key|key[_-]?data))[\w.-]++"
)
_SECRET_NAME = re.compile(rf"^{_NAME}$", re.IGNORECASE)
_FILE_NAME = re.compile(r"(?:file|path|dir|name)$", re.IGNORECASE)
_FORMS = (
    re.compile(r"-----BEGIN [A-Z ]*-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL),
    re.compile(r"(?<![\w-])(?=[\w-]*?\beyJ[\w-]{8})[\w-]++\.[\w-]+(?:\.[\w-]*)?"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"),
    re.compile(r"(?<=://)[^/\s:@\"']*:[^/\s@\"']+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}|(?<=basic )[\w+/=-]{8,}"),
    re.compile(r"\b(?:[A-Za-z0-9+/]{4}){24,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
)
_QUOTED = re.compile(
    rf"(?P<before>[\"'](?P<name>{_NAME})\\*[\"']\s*:\s*\\*\")(?:[^\"\\]|\\.)*?(?=\\*\")", re.IGNORECASE
)
_PLAIN = re.compile(
    rf"(?P<before>(?<![\w.-])(?P<name>{_NAME})\s*[:=]\s*)(?:(?:bearer|basic)\s+)*+[^\s,;\"'}}\]]+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Return a text without what may be secret; its form, such as that of JSON, stays."""
    text = _QUOTED.sub(
        lambda found: found[0] if _FILE_NAME.search(found["name"]) else found["before"] + GONE, text
    )
    text = _PLAIN.sub(
        lambda found: found[0] if _FILE_NAME.search(found["name"]) else found["before"] + GONE, text
    )
    for form in _FORMS:
        text = form.sub(GONE, text)
    return text


def redacted_members(value: Json, name: str = "") -> Json:
    """Return decoded JSON without what may be secret."""
    if isinstance(value, dict):
        return {key: redacted_members(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [redacted_members(one, name) for one in value]
    if isinstance(value, str):
        secret = _SECRET_NAME.match(name) and not _FILE_NAME.search(name)
        return GONE if secret and value else redacted(value)
    return value
