#!/usr/bin/env python3
"""Asks z3 what `policyc diff` says of random pairs of policies.

    cargo build --release
    pip install z3-solver
    python3 tests/z3_pairs.py target/release/policyc PAIRS [FIRST_SEED] [--solver PROGRAM] [--harder]

Policies and formulas are made of one tree, so nothing of the product is asked what a condition
means. A condition is true, false, or fails: two formulas. Who says that nothing is wider or narrower
must be right, and so must who shows an input. Where `diff` says that it is not decided, and where
z3 does not answer within two seconds, nothing is compared; how often that is so is printed. Seeds
tell pairs apart, so any one comes back. Ends with 1 where the two do not agree.

With `--solver` a pair of which something stays open is compared once more, `policyc diff --solver PROGRAM`. What was decided
without it must be the same, what it decides must be right, and how much that is is printed.
`--harder` makes pairs of sums, products and quotients of two places, and of texts joined and within
each other, which are seldom decided without one.
"""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile

import z3

EFFECTS = {"allow": "allow: yes", "escalate": "escalate: {to: [a], reason: r}", "deny": "deny: no"}
RANKS = {"allow": 0, "escalate": 1, "deny": 2}
INT = (-(2**63), 2**63 - 1)
SIZE = 3
WORDS = ["a", "b", "ab"]
HEAD = f"""policyc: 1
name: p
default: deny
schema:
  action: {{tool: string}}
  x: int
  y: int
  u: uint
  s: string
  t: string
  flag: bool
  m: {{o: optional string}}
  l: {{items: int, maxItems: {SIZE}}}
rules:
"""

X, Y, U, N = z3.Ints("x y u n")
S, T, O, TOOL = z3.Strings("s t o tool")
FLAG, HAS_O = z3.Bools("flag has_o")
ITEMS = z3.Ints(" ".join(f"l{at}" for at in range(SIZE)))
WORLD = z3.And(
    *(z3.And(INT[0] <= it, it <= INT[1]) for it in [X, Y, *ITEMS]),
    U >= 0,
    U < 2**64,
    N >= 0,
    N <= SIZE,
)


class Truth:
    """A condition: its text in CEL, and when it is true and when false."""

    def __init__(self, text, true, false=None):
        self.text, self.true = text, true
        self.false = z3.Not(true) if false is None else false


def guarded(text, defined, holds):
    """A comparison that fails where it is not defined."""
    return Truth(text, z3.And(defined, holds), z3.And(defined, z3.Not(holds)))


def both(one, other):
    return Truth(
        f"({one.text}) && ({other.text})",
        z3.And(one.true, other.true),
        z3.Or(one.false, other.false),
    )


def either(one, other):
    return Truth(
        f"({one.text}) || ({other.text})",
        z3.Or(one.true, other.true),
        z3.And(one.false, other.false),
    )


def negated(one):
    return Truth(f"!({one.text})", one.false, one.true)


def chosen(one, then, otherwise):
    pick = lambda of: z3.Or(z3.And(one.true, of(then)), z3.And(one.false, of(otherwise)))
    text = f"({one.text}) ? ({then.text}) : ({otherwise.text})"
    return Truth(text, pick(lambda it: it.true), pick(lambda it: it.false))


def truncated(value, by):
    """Quotient and remainder that are cut off towards zero."""
    size = z3.If(value < 0, -value, value)
    quotient = size / z3.If(by < 0, -by, by)
    quotient = z3.If((value < 0) != (by < 0), -quotient, quotient)
    return quotient, value - quotient * by


def element(each):
    """Of every place of the list whether there is an element, and what is said of it."""
    return [(at < N, each(item)) for at, item in enumerate(ITEMS)]


def exists(text, each):
    return Truth(text, z3.Or(*(z3.And(there, holds) for there, holds in element(each))))


def every(text, each):
    return Truth(text, z3.And(*(z3.Implies(there, holds) for there, holds in element(each))))


def fits(value):
    return z3.And(INT[0] <= value, value <= INT[1])


def comparison(rng):
    sign = rng.choice(["<", "<=", ">", ">=", "==", "!="])
    of = {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
    }
    return sign, of[sign]


def numbers(rng):
    sign, of = comparison(rng)
    k, j = rng.randrange(-1, 4), rng.randrange(-1, 4)
    far = rng.choice([INT[0], INT[1], k, k])
    by = rng.choice([2, 3])
    name, value = rng.choice([("x", X), ("y", Y)])
    rest = truncated(value, z3.IntVal(by))[1]
    return rng.choice(
        [
            lambda: Truth(f"{name} {sign} {far}", of(value, far)),
            lambda: Truth(f"{name} {sign} {k}", of(value, k)),
            lambda: Truth(f"x {sign} y", of(X, Y)),
            lambda: Truth(f"{name} in [{k}, {j}]", z3.Or(value == k, value == j)),
            lambda: Truth(f"u {sign} {abs(k)}u", of(U, abs(k))),
            lambda: Truth(f"{name} % {by} {sign} {k}", of(rest, k)),
            lambda: guarded(f"{name} + {k} {sign} {j}", fits(value + k), of(value + k, j)),
            lambda: guarded(f"x - y {sign} {k}", fits(X - Y), of(X - Y, k)),
        ]
    )()


def texts(rng):
    sign, of = comparison(rng)
    word, other = rng.choice(WORDS), rng.choice(WORDS)
    k = rng.randrange(4)
    name, value = rng.choice([("s", S), ("t", T)])
    lies = lambda a, b: {
        "<": a < b, "<=": a <= b, ">": b < a, ">=": b <= a, "==": a == b, "!=": a != b
    }[sign]
    pattern = z3.Concat(z3.Re(word), z3.Star(z3.Re("b")))
    return rng.choice(
        [
            lambda: Truth(f"{name} {sign} '{word}'", lies(value, z3.StringVal(word))),
            lambda: Truth(f"{name} == '{word}'", value == z3.StringVal(word)),
            lambda: Truth(
                f"{name} in ['{word}', '{other}']",
                z3.Or(value == z3.StringVal(word), value == z3.StringVal(other)),
            ),
            lambda: Truth(f"{name}.startsWith('{word}')", z3.PrefixOf(word, value)),
            lambda: Truth(f"{name}.endsWith('{word}')", z3.SuffixOf(word, value)),
            lambda: Truth(f"{name}.contains('{word}')", z3.Contains(value, word)),
            lambda: Truth(f"{name}.matches('^{word}b*$')", z3.InRe(value, pattern)),
            lambda: Truth(f"size({name}) {sign} {k}", of(z3.Length(value), k)),
            lambda: Truth(f"s {sign} t", lies(S, T)),
            lambda: Truth(f"size(s) {sign} size(t)", of(z3.Length(S), z3.Length(T))),
        ]
    )()


def others(rng):
    sign, of = comparison(rng)
    word, k = rng.choice(WORDS), rng.randrange(4)
    return rng.choice(
        [
            lambda: Truth("flag", FLAG),
            lambda: Truth("has(m.o)", HAS_O),
            lambda: guarded(f"m.o == '{word}'", HAS_O, O == z3.StringVal(word)),
            lambda: guarded("m.o == s", HAS_O, O == S),
            lambda: guarded(f"m.o.startsWith('{word}')", HAS_O, z3.PrefixOf(word, O)),
            lambda: Truth(f"action.tool == '{word}'", TOOL == z3.StringVal(word)),
            lambda: Truth(f"size(l) {sign} {k}", of(N, k)),
            lambda: exists(f"{k} in l", lambda item: item == k),
            lambda: exists("x in l", lambda item: item == X),
            lambda: exists(f"l.exists(e, e {sign} {k})", lambda item: of(item, k)),
            lambda: exists(f"l.exists(e, e {sign} x)", lambda item: of(item, X)),
            lambda: every(f"l.all(e, e {sign} {k})", lambda item: of(item, k)),
            lambda: every(f"l.all(e, e {sign} y)", lambda item: of(item, Y)),
        ]
    )()


def reckoned(text, defined, value, rng):
    """What is reckoned of two places, compared with a third one or a number."""
    sign, of = comparison(rng)
    name, other = rng.choice([("x", X), ("y", Y), (str(rng.randrange(-1, 4)), None)])
    other = z3.IntVal(name) if other is None else other
    return guarded(f"{text} {sign} {name}", defined, of(value, other))


def sums(rng):
    k = rng.choice([2, 3, -1])
    (a, x), (b, y) = rng.sample([("x", X), ("y", Y)], 2)
    over, rest = truncated(x, z3.IntVal(k))
    return rng.choice(
        [
            lambda: reckoned(f"{a} + {b}", fits(x + y), x + y, rng),
            lambda: reckoned(f"{a} - {b}", fits(x - y), x - y, rng),
            lambda: reckoned(f"{a} * {k}", fits(x * k), x * k, rng),
            lambda: reckoned(f"{a} / {k}", fits(over), over, rng),
            # The least int over -1 is no int, and so has no rest.
            lambda: reckoned(f"{a} % {k}", fits(over), rest, rng),
            lambda: reckoned(f"-{a}", fits(-x), -x, rng),
            lambda: reckoned("size(s) + size(t)", z3.BoolVal(True), z3.Length(S) + z3.Length(T), rng),
        ]
    )()


def joined(rng):
    word, other = rng.choice(WORDS), rng.choice(WORDS)
    (a, x), (b, y) = rng.sample([("s", S), ("t", T)], 2)
    return rng.choice(
        [
            lambda: Truth(f"{a} + {b} == '{word}'", z3.Concat(x, y) == z3.StringVal(word)),
            lambda: Truth(f"{a} + '{word}' == {b}", z3.Concat(x, z3.StringVal(word)) == y),
            lambda: Truth(f"{a}.startsWith({b})", z3.PrefixOf(y, x)),
            lambda: Truth(f"{a}.endsWith({b})", z3.SuffixOf(y, x)),
            lambda: Truth(f"{a}.contains({b})", z3.Contains(x, y)),
            lambda: Truth(f"{a} in ['{word}', '{other}']", z3.Or(x == word, x == other)),
            lambda: Truth(f"{a}.startsWith('{word}')", z3.PrefixOf(word, x)),
        ]
    )()


EASY = [numbers, texts, others]
HARD = [numbers, texts, sums, sums, joined]
KINDS = EASY


def atom(rng):
    return rng.choice(KINDS)(rng)


def condition(rng, depth):
    if depth == 0 or rng.random() < 0.33:
        return atom(rng)
    part = lambda: condition(rng, depth - 1)
    return rng.choice(
        [
            lambda: both(part(), part()),
            lambda: both(part(), part()),
            lambda: either(part(), part()),
            lambda: negated(part()),
            lambda: chosen(part(), part(), part()),
        ]
    )()


class Rule:
    """A rule: for which tools, when, and what it says."""

    TOOLS = [
        (None, z3.BoolVal(True)),
        ("[a]", TOOL == z3.StringVal("a")),
        ("[a, b]", z3.Or(TOOL == z3.StringVal("a"), TOOL == z3.StringVal("b"))),
        ("['a*']", z3.PrefixOf("a", TOOL)),
    ]

    def __init__(self, number, tools, when, effect):
        self.number, self.tools, self.when, self.effect = number, tools, when, effect

    @classmethod
    def random(cls, rng, number):
        tools = rng.choice(cls.TOOLS) if rng.random() < 0.33 else cls.TOOLS[0]
        return cls(number, tools, condition(rng, 2), rng.choice(list(EFFECTS)))

    def text(self):
        on = f"    on: {self.tools[0]}\n" if self.tools[0] else ""
        when = f"    when: {json.dumps(self.when.text)}\n"
        return f"  - id: r{self.number}\n{on}{when}    {EFFECTS[self.effect]}\n"

    def fires(self):
        return z3.And(self.tools[1], self.when.true)

    def fails(self):
        return z3.And(self.tools[1], z3.Not(self.when.true), z3.Not(self.when.false))


def changed(rng, rules):
    """The same rules but for one change."""
    rules = list(rules)
    at = rng.randrange(len(rules))
    old = rules[at]
    rules[at] = rng.choice(
        [
            lambda: Rule(old.number, old.tools, condition(rng, 2), old.effect),
            lambda: Rule(old.number, old.tools, both(old.when, atom(rng)), old.effect),
            lambda: Rule(old.number, old.tools, either(old.when, atom(rng)), old.effect),
            lambda: Rule(old.number, old.tools, old.when, rng.choice(list(EFFECTS))),
            lambda: Rule.random(rng, 9),
            lambda: Rule(old.number, rng.choice(Rule.TOOLS), old.when, old.effect),
            lambda: Rule(old.number, old.tools, negated(negated(old.when)), old.effect),
        ]
    )()
    return rules


def rank(rules):
    """How strict the decision is: a deny or escalate rule that fails denies, an allow rule that
    fails says nothing, and who says nothing is denied."""
    of = lambda effect: z3.Or(*(rule.fires() for rule in rules if rule.effect == effect))
    failed = z3.Or(*(rule.fails() for rule in rules if rule.effect != "allow"))
    denied, asked, allowed = of("deny"), of("escalate"), of("allow")
    return z3.If(
        z3.Or(denied, failed), 2, z3.If(asked, 1, z3.If(allowed, 0, 2))
    )


def can(formula):
    """Whether an input makes it true; `None` where z3 does not say."""
    solver = z3.Solver()
    solver.set("timeout", 2000)
    solver.add(WORLD, formula)
    answer = solver.check()
    return None if answer == z3.unknown else answer == z3.sat


def written(folder, rules):
    paths = []
    for name, some in zip(["old.yaml", "new.yaml"], rules):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(HEAD + "".join(rule.text() for rule in some))
    return paths


def told(policyc, paths, *more):
    ran = subprocess.run(
        [policyc, "diff", *paths, "--output-format", "json", *more], capture_output=True, text=True
    )
    if ran.returncode not in (0, 1, 3):
        sys.exit(f"policyc diff ended with {ran.returncode}: {ran.stderr}")
    return json.loads(ran.stdout)["decisions"]


def is_wrong(ours, theirs):
    return (ours, theirs) in [("never", True), ("when", False)]


def main(policyc, pairs, first, solver):
    tally, decided, wrong = collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + pairs):
            rng = random.Random(seed)
            old = [Rule.random(rng, number) for number in range(3)]
            new = changed(rng, old)
            paths = written(folder, (old, new))
            decisions = told(policyc, paths)
            opens = any(decisions[way]["answer"] == "unknown" for way in ("wider", "narrower"))
            also = decisions
            if solver and opens:
                also = told(policyc, paths, "--solver", solver, "--solver-timeout", "60")
            was, now = rank(old), rank(new)
            for way, formula in [("wider", now < was), ("narrower", now > was)]:
                ours, theirs = decisions[way]["answer"], can(formula)
                then = also[way]["answer"]
                tally[ours, theirs] += 1
                if ours == "unknown":
                    decided[then] += 1
                elif then != ours or "by" in also[way]:
                    wrong += 1
                    print(f"seed {seed}: {way}: {ours} without the solver, {also[way]} with it")
                if is_wrong(ours, theirs) or is_wrong(then, theirs):
                    wrong += 1
                    print(f"seed {seed}: {way}: policyc says {ours}, {then}, z3 {theirs}", flush=True)
    for (ours, theirs), count in sorted(tally.items(), key=str):
        word = {True: "can be", False: "cannot be", None: "no answer"}[theirs]
        print(f"{count:9}  policyc: {ours:8} z3: {word}")
    if solver:
        for then, count in sorted(decided.items()):
            print(f"{count:9}  unknown without {os.path.basename(solver)}, {then} with it")
    print(f"{pairs} pairs from seed {first}, z3 {z3.get_version_string()}: {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("policyc")
    options.add_argument("pairs", type=int)
    options.add_argument("first", type=int, nargs="?", default=0)
    options.add_argument("--solver")
    options.add_argument("--harder", action="store_true")
    options = options.parse_args()
    KINDS = HARD if options.harder else EASY
    sys.exit(main(options.policyc, options.pairs, options.first, options.solver))
