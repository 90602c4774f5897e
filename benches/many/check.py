#!/usr/bin/env python3
"""How long `policyc check` takes for a policy of many rules.

    benches/many/check.py PROGRAM [RULES] [ROUNDS]

Cold: nothing is kept (`--no-cache`). Warm: it was checked before. Milliseconds of wall time and of
all processors together: the least, the median, the most.
"""

import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from many import policy


def spent():
    """Seconds of wall time, and of processors in programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def run(command):
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def rounds(command, count):
    """What each round took, in milliseconds."""
    taken = []
    for _ in range(count):
        before = spent()
        run(command)
        taken.append([1000 * (after - start) for start, after in zip(before, spent())])
    return zip(*taken)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rules = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name, "policies")
        folder.mkdir()
        text = policy(rules)
        (folder / "policyc.toml").write_text("")
        (folder / "policy.yaml").write_text(text)
        check = [program, "check", "--exit-zero", str(folder)]
        cache = ["--cache-dir", str(pathlib.Path(name, "cache"))]
        print(f"| {rules} rules, {len(text) // 1000} kB | least | median | most |")
        print("| --- | --: | --: | --: |")
        run(check + cache)
        for what, options in (("cold", ["--no-cache"]), ("warm", cache)):
            for unit, times in zip(("", ", processors"), rounds(check + options, count)):
                row = [min(times), statistics.median(times), max(times)]
                print(f"| {what}{unit} | " + " | ".join(f"{value:.1f}" for value in row) + " |")


main()
