"""Whatever a text says, there is an answer: no rule breaks on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cnictl.lint.engine import examine
from cnictl.lint.locate import position
from cnictl.lint.subject import Configuration
from cnictl.spec.catalog import REFERENCE

EXAMPLES = [path.read_text() for path in (Path(__file__).parents[3] / "testdata" / "examples").iterdir()]
KEYS = """
    name cniVersion cniVersions plugins type ipam ranges subnet rangeStart addresses address gateway
    routes dst gw dns nameservers capabilities portMappings ips args cni runtimeConfig prevResult
    disableCheck disableGC vlan vlanTrunk minID id mtu sysctl mac conditionsV4 backend markMasqBit
    ipMasq isGateway Type IPAM _note zzz loadOnlyInlinedPlugins interfaces cni.dev/valid-attachments
    vni port mode remotes remotesDir vtep vtepMAC podCIDRs group local underlay master
""".split()
TEXTS = [
    *REFERENCE, "1.0.0", "0.2.0", "10.1.0.0/16", "10.1.2.3", "fd00::/64", "::", "web", "${X}", "", "\x1b[m"
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TEXTS)
    | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)
PLUGINS = st.fixed_dictionaries(
    {"type": st.sampled_from(TEXTS)}, optional={key: VALUES for key in KEYS if key != "type"}
)
NETWORKS = st.fixed_dictionaries(
    {"plugins": st.lists(PLUGINS | VALUES, max_size=3)},
    optional={key: VALUES for key in KEYS if key != "plugins"},
)
NAMES = st.sampled_from(["", "x.conflist", "x.conf", "x.json", "x"])


def is_placed(configuration: Configuration) -> bool:
    """Whether everything that is said is in the text, and says something."""
    end, _ = position(configuration.text, len(configuration.text))
    return all(
        1 <= one.line <= end and 1 <= one.column <= len(one.source) + 1 and one.message
        for one in examine(configuration)
    )


@given(NETWORKS | PLUGINS | VALUES, NAMES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_document(document: Any, path: str, embedded: bool):
    """Values of any type, wherever they stand."""
    assert is_placed(Configuration(path, json.dumps(document, indent=1), embedded=embedded))


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=200, deadline=None)
def test_any_slip(text: str, data: st.DataObject):
    """A good text in which a few characters were lost, or others came in."""
    at = data.draw(st.integers(0, len(text)))
    lost = data.draw(st.integers(0, 6))
    new = data.draw(
        st.sampled_from([*"{}[]\",:'#/\\$<\n\x00\u201c", "", "//", "...", "{{x}}", "0.1.2", "True", "\u20ac"])
    )
    assert is_placed(Configuration("", text[:at] + new + text[at + lost :]))


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text(text: str):
    """What was never meant to be a configuration."""
    assert is_placed(Configuration("", text))
