"""multus: which names Kubernetes allows.

They come from annotations that whoever makes a pod may write, and become parts of URLs, of paths and
of configurations, so nothing passes that is not checked here.
"""

from __future__ import annotations

# RFC 1123 as Kubernetes has it.  A regular expression would be compiled at every start.
_ENDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WITHIN = _ENDS | {"-"}
_MAX_LABEL, _MAX_SUBDOMAIN = 63, 253

_DEVICE = _ENDS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_.:-")


def is_label(text: str) -> bool:
    """Whether a text may be a namespace's name."""
    return len(text) <= _MAX_LABEL and _is_label(text)


def is_subdomain(text: str) -> bool:
    """Whether a text may be the name of a pod or of a NetworkAttachmentDefinition."""
    return len(text) <= _MAX_SUBDOMAIN and all(_is_label(part) for part in text.split("."))


def is_device(text: str) -> bool:
    """Whether a text may name a device, such as 0000:3b:10.4; plugins make paths of it."""
    return bool(text) and _DEVICE.issuperset(text) and ".." not in text


def _is_label(text: str) -> bool:
    return text[:1] in _ENDS and text[-1:] in _ENDS and _WITHIN.issuperset(text)
