#!/usr/bin/env python3
"""Reads a pack with DuckDB and with pyarrow, and compares what they count with what we say.

    cargo build --features pack
    pip install duckdb pyarrow
    python3 tests/pack_engines.py target/debug/policyc POLICY RECORDS..

POLICY is a bundle or sources, RECORDS are files of lines. Denials by the rule that won are counted
from the lines as JSON, by DuckDB and by pyarrow; how often each rule fired is what `policyc replay
cover` says, and DuckDB. Every value of every column must be the same to both engines. Ends with 1 where anything differs.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

import duckdb
import pyarrow
import pyarrow.parquet as parquet


def by_lines(paths):
    denials = collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                out = json.loads(line).get("out") or {}
                if out.get("effect") == "deny":
                    denials[out.get("rule")] += 1
    return dict(denials)


def values(column):
    """The values of a column, whatever an engine calls its type."""
    if isinstance(column.type, pyarrow.BaseExtensionType):
        column = pyarrow.chunked_array([chunk.storage for chunk in column.chunks])
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("ns", "UTC")).cast(pyarrow.int64())
    return column.to_pylist()


def main(policyc, policy, *records):
    with tempfile.TemporaryDirectory() as folder:
        pack = os.path.join(folder, "all.pdr.parquet")
        subprocess.run(
            [policyc, "replay", "pack", *records, "--bundle", policy, "-o", pack], check=True
        )
        covered = subprocess.run(
            [policyc, "replay", "cover", pack, "--bundle", policy, "--output-format", "json"],
            check=True,
            capture_output=True,
        )
        told = json.loads(covered.stdout)
        query = f"select rule, count(*) from '{pack}' where effect = 'deny' group by rule"
        by_duckdb = dict(duckdb.sql(query).fetchall())
        each = f"select unnest(fired) as rule from '{pack}'"
        query = f"select rule, count(*) from ({each}) group by rule"
        fired_by_duckdb = dict(duckdb.sql(query).fetchall())
        table = parquet.read_table(pack)
        other = duckdb.sql(f"select * from '{pack}'").to_arrow_table()
        names = table.schema.names
        unlike = [name for name in names if values(table[name]) != values(other[name])]
        pairs = zip(table["effect"].to_pylist(), table["rule"].to_pylist())
        by_pyarrow = dict(collections.Counter(rule for effect, rule in pairs if effect == "deny"))
    fired = {
        rule["id"]: rule["fired"]
        for bundle in told["bundles"]
        for rule in bundle["rules"]
        if rule["fired"]
    }
    wanted = by_lines(records)
    print(f"{table.num_rows} records, {len(names)} columns; not the same to both: {unlike}")
    print(f"denials by rule: {wanted}")
    print(f"fired: {fired}")
    same = not unlike and by_duckdb == wanted and by_pyarrow == wanted and fired_by_duckdb == fired
    if not same:
        print(f"DuckDB: {by_duckdb}, {fired_by_duckdb}\npyarrow: {by_pyarrow}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
