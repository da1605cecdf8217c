"""nftables rules in one canonical text, from the JSON that nft(8) lists (libnftables-json(5)).

The text is what `nft list` prints without handles and counts, as far as nft would read it back
as the same rule.  What has no rendering here stays as compact JSON, so that it can be compared.
"""

from __future__ import annotations

from cnictl.spec import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Object = dict[str, Any]
    """An object of libnftables-json(5)."""

_BARE_META = {"iif", "iifname", "oif", "oifname"}  # nft prints them without `meta`
_NAMES = _BARE_META | {"ibrname", "obrname", "iifkind", "oifkind", "sdif", "sdifname"}
_OPERATORS = ("&", "|", "^", "<<", ">>")
_VERDICTS = {"accept", "drop", "continue", "return", "notrack"}


class _Unknown(Exception):
    """There is no rendering for this."""


def rule(entry: Object) -> str:
    """The text of a rule, given as the object below "rule"."""
    words = [statement(one) for one in entry.get("expr", ())]
    if entry.get("comment"):
        words.append(f'comment "{entry["comment"]}"')
    return " ".join(words)


def hook(chain: Object) -> str:
    """Where a base chain sits: `type nat hook postrouting priority 100`; empty for other chains."""
    if "hook" not in chain:
        return ""
    device = f" device {_listed(chain['dev'])}" if "dev" in chain else ""
    return f"type {chain['type']} hook {chain['hook']}{device} priority {chain['prio']}"


def statement(entry: Object) -> str:
    """The text of one statement of a rule."""
    try:
        ((kind, body),) = entry.items()
        if kind in _VERDICTS:
            return str(kind)
        return _STATEMENTS[kind](body)
    except (_Unknown, KeyError, ValueError, TypeError, AttributeError):
        return json_text.dumps(entry, sort=True)


def _match(body: Object) -> str:
    left, operator, right = body["left"], body["op"], body["right"]
    key = _key(left)
    value = _expression(right, key)
    exact = _is_operation(left) or isinstance(right, list)  # where leaving out "==" would mean "in"
    if operator == "in" or (operator == "==" and not exact):
        operator = ""
    return " ".join(word for word in (_expression(left), operator, value) if word)


def _vmap(body: Object) -> str:
    return f"{_expression(body['key'])} vmap {_expression(body['data'], _key(body['key']))}"


def _jump(kind: str) -> Callable[[Object], str]:
    return lambda body: f"{kind} {body['target']}"


def _nat(kind: str) -> Callable[[Object | None], str]:
    def text(body: Object | None) -> str:
        body = body or {}
        _only(body, "family", "addr", "port", "flags")
        words = [kind]
        if "addr" in body:
            words += [body["family"]] if "family" in body else []
            address = _expression(body["addr"])
            if "port" in body:
                address = f"[{address}]" if ":" in address else address
                address += f":{_expression(body['port'])}"
            words += ["to", address]
        elif "port" in body:
            words += ["to", f":{_expression(body['port'])}"]
        if body.get("flags"):
            words.append(_listed(body["flags"]))
        return " ".join(words)

    return text


def _counter(body: Object | str | None) -> str:
    return f'counter name "{body}"' if isinstance(body, str) else "counter"


def _limit(body: Object | str) -> str:
    if isinstance(body, str):
        return f'limit name "{body}"'
    unit = body.get("rate_unit", "packets")
    rate = f"{body['rate']}/{body['per']}" if unit == "packets" else f"{body['rate']} {unit}/{body['per']}"
    words = ["limit rate", *(["over"] if body.get("inv") else []), rate]
    if body.get("burst"):
        words.append(f"burst {body['burst']} {body.get('burst_unit', 'packets')}")
    return " ".join(words)


def _quota(body: Object | str) -> str:
    if isinstance(body, str):
        return f'quota name "{body}"'
    return f"quota {'over ' if body.get('inv') else ''}{body['val']} {body['val_unit']}"


def _log(body: Object | None) -> str:
    body = body or {}
    _only(body, "prefix", "level", "group", "snaplen", "queue-threshold", "flags")
    words = ["log"]
    if "prefix" in body:
        words.append(f'prefix "{body["prefix"]}"')
    words += [f"{key} {body[key]}" for key in ("group", "snaplen", "queue-threshold", "level") if key in body]
    if body.get("flags"):
        words.append(f"flags {_listed(body['flags'])}")
    return " ".join(words)


def _reject(body: Object | None) -> str:
    if not body:
        return "reject"
    _only(body, "type", "expr")
    return f"reject with {body['type']}" + (f" {_expression(body['expr'])}" if "expr" in body else "")


def _mangle(body: Object) -> str:
    return f"{_expression(body['key'])} set {_expression(body['value'], _key(body['key']))}"


def _update(body: Object) -> str:
    _only(body, "op", "elem", "set")
    return f"{body['op']} {body['set']} {{ {_expression(body['elem'])} }}"


def _queue(body: Object | None) -> str:
    body = body or {}
    _only(body, "num", "flags")
    words = ["queue"]
    if body.get("flags"):
        words.append(f"flags {_listed(body['flags'])}")
    if "num" in body:
        words.append(f"to {_expression(body['num'])}")
    return " ".join(words)


def _compatible(body: Object | None) -> str:
    """An extension of iptables in a rule made by its nft variant."""
    return f'xt {body["type"]} "{body["name"]}"' if body else "xt"


_STATEMENTS: dict[str, Callable[[Any], str]] = {
    "match": _match,
    "vmap": _vmap,
    "jump": _jump("jump"),
    "goto": _jump("goto"),
    "masquerade": _nat("masquerade"),
    "redirect": _nat("redirect"),
    "snat": _nat("snat"),
    "dnat": _nat("dnat"),
    "counter": _counter,
    "limit": _limit,
    "quota": _quota,
    "log": _log,
    "reject": _reject,
    "mangle": _mangle,
    "set": _update,
    "queue": _queue,
    "xt": _compatible,
}


def _expression(value: Any, key: str = "") -> str:
    """The text of an expression; `key` is what it is compared with, which decides how it is written."""
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, int):
        return f"{value:#010x}" if key == "mark" else str(value)
    if isinstance(value, str):
        return f'"{value}"' if key in _NAMES and not value.startswith("@") else value
    if isinstance(value, list):
        return ",".join(_expression(one, key) for one in value)
    ((kind, body),) = value.items()
    if kind in _OPERATORS:
        return f" {kind} ".join(_operand(one, _key(value)) for one in body)
    if kind in _EXPRESSIONS:
        return _EXPRESSIONS[kind](body, key)
    return statement(value)  # a verdict in a map


def _operand(value: Any, key: str) -> str:
    if isinstance(value, list):
        return "(" + " | ".join(_expression(one, key) for one in value) + ")"
    return f"({_expression(value, key)})" if _is_operation(value) else _expression(value, key)


def _payload(body: Object, _: str) -> str:
    if "base" in body:
        return f"@{body['base']},{body['offset']},{body['len']}"
    _only(body, "protocol", "field")
    return f"{body['protocol']} {body['field']}"


def _meta(body: Object, _: str) -> str:
    key = str(body["key"])
    return key if key in _BARE_META else f"meta {key}"


def _ct(body: Object, _: str) -> str:
    _only(body, "key", "dir", "family")
    return " ".join(["ct", *(str(body[one]) for one in ("dir", "family", "key") if one in body)])


def _rt(body: Object, _: str) -> str:
    return " ".join(["rt", *(str(body[one]) for one in ("family", "key") if one in body)])


def _exthdr(body: Object, _: str) -> str:
    _only(body, "name", "field")
    return f"{body['name']} {body['field']}" if "field" in body else f"exthdr {body['name']}"


def _tcp_option(body: Object, _: str) -> str:
    _only(body, "name", "field")
    return " ".join(["tcp option", body["name"], *([body["field"]] if "field" in body else [])])


def _fib(body: Object, _: str) -> str:
    flags = body["flags"] if isinstance(body["flags"], list) else [body["flags"]]
    return f"fib {' . '.join(flags)} {body['result']}"


def _numgen(body: Object, _: str) -> str:
    return f"numgen {body['mode']} mod {body['mod']}" + _offset(body)


def _jhash(body: Object, _: str) -> str:
    seed = f" seed {body['seed']:#x}" if "seed" in body else ""
    return f"jhash {_expression(body['expr'])} mod {body['mod']}{seed}" + _offset(body)


def _symhash(body: Object, _: str) -> str:
    return f"symhash mod {body['mod']}" + _offset(body)


def _prefix(body: Object, key: str) -> str:
    return f"{_expression(body['addr'], key)}/{body['len']}"


def _range(body: list[Any], key: str) -> str:
    first, last = body
    return f"{_expression(first, key)}-{_expression(last, key)}"


def _set(body: Any, key: str) -> str:
    elements = body if isinstance(body, list) else [body]
    return "{ " + ", ".join(_element(one, key) for one in elements) + " }"


def _element(value: Any, key: str) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_expression(value[0], key)} : {_expression(value[1])}"
    return _expression(value, key)


def _map(body: Object, _: str) -> str:
    return f"{_expression(body['key'])} map {_expression(body['data'], _key(body['key']))}"


def _concat(body: list[Any], _: str) -> str:
    return " . ".join(_expression(one) for one in body)


def _elem(body: Object, key: str) -> str:
    _only(body, "val", "timeout", "expires", "comment")
    words = [_expression(body["val"], key)]
    if "timeout" in body:
        words.append(f"timeout {body['timeout']}s")
    if "comment" in body:
        words.append(f'comment "{body["comment"]}"')
    return " ".join(words)


_EXPRESSIONS: dict[str, Callable[[Any, str], str]] = {
    "payload": _payload,
    "meta": _meta,
    "ct": _ct,
    "rt": _rt,
    "exthdr": _exthdr,
    "tcp option": _tcp_option,
    "fib": _fib,
    "numgen": _numgen,
    "jhash": _jhash,
    "symhash": _symhash,
    "prefix": _prefix,
    "range": _range,
    "set": _set,
    "map": _map,
    "concat": _concat,
    "elem": _elem,
}


def _key(value: Any) -> str:
    """The key of the `meta` or `ct` expression in a value, which decides how its other side is written."""
    if isinstance(value, dict):
        for kind, body in value.items():
            if kind in ("meta", "ct"):
                return str(body.get("key", ""))
            if kind in _OPERATORS:
                return next((found for found in map(_key, body) if found), "")
    return ""


def _is_operation(value: Any) -> bool:
    return isinstance(value, dict) and any(kind in _OPERATORS for kind in value)


def _offset(body: Object) -> str:
    return f" offset {body['offset']}" if body.get("offset") else ""


def _listed(flags: Any) -> str:
    return ",".join(flags) if isinstance(flags, list) else str(flags)


def _only(body: Object, *known: str) -> None:
    """Make sure that nothing is left out which would make it another rule."""
    if body.keys() - set(known):
        raise _Unknown
