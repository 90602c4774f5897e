#!/usr/bin/env python3
"""Prints the tables of docs/performance.md from the rows of the peers' harness.

table.py OUT/all.json [PEER ..]: a column for each peer, all that were measured if none is named.
"""
import json
import sys

WORKLOADS = ["gate10", "prod4", "rules100", "rules1000", "rules10000", "content8", "lists50", "lists1000"]


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def mean(row, what):
    value = row[what]["mean_ns"]
    return number(value, 1 if value < 100 else 0)


def spread(row, what):
    return " / ".join(number(row[what][name]) for name in ("p50_ns", "p99_ns", "p999_ns"))


def agrees(row, _):
    return f"{row['checked'] - row['mismatches']} of {row['checked']}"


def table(title, rows, peers, cell, what=None):
    print(f"\n{title}\n\n| workload | {' | '.join(peers)} |\n|---|{'--:|' * len(peers)}")
    for workload in WORKLOADS:
        found = [rows.get((workload, peer)) for peer in peers]
        cells = [cell(row, what) if row and not row["skipped"] else "-" for row in found]
        print(f"| {workload} | {' | '.join(cells)} |")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = {(row["workload"], row["peer"]): row for row in json.load(file)}
    peers = sys.argv[2:] or list(dict.fromkeys(peer for _, peer in rows))
    table("Deciding, mean ns of CPU", rows, peers, mean, "eval")
    table("JSON to decision, mean ns of CPU", rows, peers, mean, "e2e")
    table("Deciding, p50 / p99 / p99.9 in ns of wall time", rows, peers, spread, "eval")
    table("Allocations of one decision", rows, peers, lambda row, _: number(row["eval"]["allocs"], 1))
    table("Policy in memory, bytes", rows, peers, lambda row, _: number(row["policy_bytes"]))
    table(
        "Four threads to one, decisions per CPU second",
        rows,
        peers,
        lambda row, _: number(row["thr4_per_s"] / row["thr1_per_s"], 2) if row["thr1_per_s"] else "-",
    )
    table("As expected", rows, peers, agrees)


main()
