"""`cel-expr-python` as a child: see `mod.rs`."""

import json
import struct
import sys
from datetime import datetime, timedelta, timezone

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
MICROSECOND = timedelta(microseconds=1)


def shown(value):
    """A value as an array of its kind and its parts. Times have microseconds only."""
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
        return ["map", [[key(name), shown(entry)] for name, entry in it.items()]]
    if isinstance(it, datetime):
        at = it if it.tzinfo else it.replace(tzinfo=timezone.utc)
        return ["time", str((at - EPOCH) // MICROSECOND * 1000)]
    if isinstance(it, timedelta):
        return ["span", str(it // MICROSECOND * 1000)]
    raise ValueError(f"no value of CEL: {kind} {it!r}")


def key(name):
    """A key, whose kind Python tells but for that of a uint."""
    if isinstance(name, bool):
        return ["bool", name]
    return ["int", str(name)] if isinstance(name, int) else ["string", name]


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
