"""`cel-expr-python` as a child: see `mod.rs`."""

import json
import re
import struct
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings

ENV = cel.NewEnv(
    extensions=[
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
        ext_math.ExtMath(),
        ext_optional.ExtOptional(),
        ext_strings.ExtStrings(),
    ]
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
NANOSECONDS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def shown(value):
    """A value as an array of its kind and its parts."""
    kind, it = value.type().name().split("<")[0].lower(), value.value()
    if kind == "error":
        raise ValueError(str(it))
    if kind == "null":
        return ["null"]
    if kind == "bool":
        return ["bool", it]
    if kind in ("int", "uint"):
        return [kind, str(it)]
    if kind == "double":
        return ["double", struct.pack(">d", it).hex()]
    if kind == "string":
        return ["string", it]
    if kind == "bytes":
        return ["bytes", it.hex()]
    if kind == "list":
        return ["list", [shown(element) for element in it]]
    if kind == "map":
        text = str(value)
        return ["map", [[key(name, text), shown(entry)] for name, entry in it.items()]]
    if kind == "timestamp":
        return ["time", str((it - EPOCH) // SECOND * 10**9 + fraction(str(value)))]
    if kind == "duration":
        return ["span", str(duration(str(value)))]
    raise ValueError(f"no value of CEL: {kind} {it!r}")


def fraction(text):
    """The nanoseconds in the text of a timestamp; Python's own have microseconds only."""
    digits = re.search(r"\.(\d+)Z$", text)
    return int(digits[1].ljust(9, "0")) if digits else 0


def duration(text):
    """The nanoseconds that a text such as `-1h0.5s` means."""
    parts = re.findall(r"([\d.]+)(h|ms|m|us|ns|s)", text)
    total = sum(int(Decimal(number) * NANOSECONDS[unit]) for number, unit in parts)
    return -total if text.startswith("-") else total


def key(name, text):
    """A key; Python does not tell a uint from an int, but the text of its map does."""
    if isinstance(name, bool):
        return ["bool", name]
    if isinstance(name, int):
        return ["uint" if re.search(rf"[{{ ]{name}u: ", text) else "int", str(name)]
    return ["string", name]


def answer(expression):
    try:
        compiled = ENV.compile(expression)
    except Exception as error:
        return {"refused": str(error)}
    try:
        value = compiled.eval(data={})
        return {"value": shown(value)}
    except Exception as error:
        return {"failed": str(error)}


for line in sys.stdin:
    print("\x1e" + json.dumps(answer(json.loads(line))), flush=True)
