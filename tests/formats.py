#!/usr/bin/env python3
"""Reads what policyc writes, and what is published beside it, with tools that are not ours.

    cargo build
    pip install check-jsonschema junitparser pre-commit
    npm install --prefix DIR @microsoft/sarif-multitool
    python3 tests/formats.py target/debug/policyc [DIR/node_modules/.bin/sarif-multitool]

Validated: the published schemas by the meta-schema of JSON Schema; every example's policies, tests
and policyc.toml, and findings as JSON, by these schemas; the hooks by pre-commit, the action and the
workflow of `policyc init` by GitHub's schemas; findings as SARIF by Microsoft's multitool, as JUnit
by junitparser, as annotations by the grammar of workflow commands in actions/toolkit. Findings for
GitLab and as rdjson are read, and looked at for the keys that must be there: no program that reads
them is asked. Ends with 1 where one is refused.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import jsonschema
import junitparser
from ruamel.yaml import YAML

HOME = pathlib.Path(__file__).resolve().parent.parent
# A command as the runner reads it: packages/core/src/command.ts escapes what would end it early.
PROPERTY = r"[a-zA-Z]+=[^,\r\n]*"
COMMAND = re.compile(rf"^::(error|warning|notice) {PROPERTY}(,{PROPERTY})*::(.*)$")
# What findings of every kind come from: an error in an expression, warnings, and a fix.
POLICIES = {
    "wrong/policyc.toml": "[project]\n",
    "twice/policyc.toml": "[project]\n",
    "wrong/wrong.yaml": 'policyc: 1\nname: wrong\ndefault: deny\nschema: {a: int}\nrules:\n'
    '  - {id: one, when: "a > \'x\'", deny: "no, 100%, <b>: not"}\n',
    "twice/twice.yaml": 'policyc: 1\nname: twice\ndefault: deny\nschema: {a: int}\nrules:\n'
    '  - {id: two, when: "!!(a > 1)", allow: "yes"}\n',
}


def schema(name):
    return json.loads((HOME / "docs/schema" / name).read_text(encoding="utf-8"))


def load(path):
    if path.suffix == ".toml":
        return tomllib.loads(path.read_text(encoding="utf-8"))
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


class Tried:
    def __init__(self):
        self.refused = 0

    def that(self, what, count, errors):
        errors = list(errors)
        self.refused += len(errors)
        print(f"{what}: {count}, {len(errors)} refused")
        for error in errors:
            print(f"  {error}")

    def by_schema(self, what, name, files):
        validator = jsonschema.Draft202012Validator(schema(name))
        files = list(files)
        errors = (
            f"{shown}: {error.json_path}: {error.message[:120]}"
            for shown, value in files
            for error in validator.iter_errors(value)
        )
        self.that(what, len(files), errors)

    def by_command(self, what, command):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        said = (ended.stdout + ended.stderr).strip()
        self.that(what, 1, [said] if ended.returncode else [])


def examples(tried):
    found = sorted(path for path in (HOME / "examples").rglob("*") if path.is_file())
    found = [path for path in found if path.suffix in (".yaml", ".toml")]
    values = [(path.relative_to(HOME), load(path)) for path in found]
    policies = [(path, it) for path, it in values if isinstance(it, dict) and "policyc" in it]
    tests = [(path, it) for path, it in values if path.stem.endswith("_test")]
    projects = [(path, it) for path, it in values if path.name == "policyc.toml"]
    tried.by_schema("policies of the examples", "policy.schema.json", policies)
    tried.by_schema("tests of the examples", "tests.schema.json", tests)
    tried.by_schema("configurations of the examples", "policyc.toml.schema.json", projects)


def findings(tried, policyc, multitool):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, text in POLICIES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        forms = ["json", "sarif", "junit", "github", "gitlab", "rdjson"]
        out = [f"--output={form}={folder / ('found.' + form)}" for form in forms]
        subprocess.run(
            [pathlib.Path(policyc).resolve(), "check", ".", "--select=all", *out],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        read = {form: (folder / f"found.{form}").read_text(encoding="utf-8") for form in forms}
        value = json.loads(read["json"])
        count = len(value["findings"])
        tried.by_schema("findings as JSON", "findings.schema.json", [("json", value)])
        suites = junitparser.JUnitXml.fromstring(read["junit"].encode())
        cases = [case for suite in suites for case in suite]
        tried.that("findings as JUnit", len(cases), [] if len(cases) == count else ["too few"])
        lines = read["github"].splitlines()
        bad = [line for line in lines if not COMMAND.match(line)]
        bad = bad or ([] if len(lines) == count else ["too few"])
        tried.that("findings as annotations", len(lines), bad)
        gitlab = json.loads(read["gitlab"])
        keys = {"description", "check_name", "fingerprint", "severity", "location"}
        bad = [it for it in gitlab if not keys <= it.keys()]
        tried.that("findings as GitLab reads them", len(gitlab), bad)
        rdjson = json.loads(read["rdjson"])["diagnostics"]
        keys = {"message", "location", "severity", "code"}
        bad = [it for it in rdjson if not keys <= it.keys() or "path" not in it["location"]]
        bad = bad or ([] if len(rdjson) == count else ["too few"])
        tried.that("findings as reviewdog reads them", len(rdjson), bad)
        if multitool:
            sarif = folder / "found.sarif"
            report = folder / "report.sarif"
            subprocess.run(
                [multitool, "validate", sarif, "--output", report, "--log", "ForceOverwrite"],
                capture_output=True,
                check=False,
            )
            told = json.loads(report.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
            bad = [
                f"{it['ruleId']}: {it['message']}" for it in told if it.get("level") == "error"
            ]
            tried.that("findings as SARIF", 1, bad)


def main(policyc, multitool=None):
    tried = Tried()
    names = sorted(path.name for path in (HOME / "docs/schema").iterdir())
    for name in names:
        jsonschema.Draft202012Validator.check_schema(schema(name))
    tried.that("published schemas", len(names), [])
    examples(tried)
    findings(tried, policyc, multitool)
    manifest = [sys.executable, "-m", "pre_commit", "validate-manifest"]
    tried.by_command("the hooks", [*manifest, str(HOME / ".pre-commit-hooks.yaml")])
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    tried.by_command("the action", [*check, "vendor.github-actions", str(HOME / "action.yml")])
    workflow = HOME / "src/cli/starter/workflow.yaml"
    tried.by_command("the workflow of init", [*check, "vendor.github-workflows", str(workflow)])
    return 1 if tried.refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
