#!/usr/bin/env python3
"""How long an editor waits for `policyc lsp`, on a policy of many rules.

    benches/many/editor.py PROGRAM [RULES] [ROUNDS]

Each round changes a letter of a rule in the middle, and waits for findings; then asks for
completion behind a dot and for what is under the pointer, each right behind a change. Milliseconds,
from the last byte written to the last byte read: the least, the median, the most.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from many import policy


class Editor:
    """The least that an editor is."""

    def __init__(self, program, folder):
        command = [program, "lsp"]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count = 0
        root = folder.as_uri()
        self.ask("initialize", {"capabilities": {}, "rootUri": root})
        self.tell("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def receive(self):
        length = int(self.server.stdout.readline().split(b":")[1])
        self.server.stdout.readline()
        return json.loads(self.server.stdout.read(length))

    def ask(self, method, params):
        self.count += 1
        self.send({"id": self.count, "method": method, "params": params})
        while (message := self.receive()).get("id") != self.count:
            pass
        return message["result"]

    def findings(self, wanted):
        """Waits for findings that are wanted; earlier ones are about earlier changes."""
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                if wanted(message["params"]["diagnostics"]):
                    return


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rules = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    text = policy(rules)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        path = folder / "policy.yaml"
        path.write_text(text)
        document = {"uri": path.as_uri()}
        editor = Editor(program, folder)
        shown = {**document, "languageId": "yaml", "version": 1, "text": text}
        editor.tell("textDocument/didOpen", {"textDocument": shown})
        middle = rules // 2 // 2 * 2
        line = text[: text.index(f"id: rule-{middle}\n")].count("\n") + 2
        start = text.splitlines()[line].index("request.amount") + len("request.")

        def change(old, new):
            end = {"line": line, "character": start + len(old)}
            edit = {"range": {"start": {"line": line, "character": start}, "end": end}, "text": new}
            params = {"textDocument": {**document, "version": 2}, "contentChanges": [edit]}
            editor.tell("textDocument/didChange", params)

        times = {"findings": [], "completion": [], "hover": []}

        def taken(what, work):
            begin = time.perf_counter()
            result = work()
            times[what].append((time.perf_counter() - begin) * 1000)
            return result

        here = {"textDocument": document, "position": {"line": line, "character": start}}
        for _ in range(rounds):
            change("amount", "amoun")
            taken("findings", lambda: editor.findings(lambda found: "`amoun`" in str(found)))
            change("amoun", "amount")
            taken("findings", lambda: editor.findings(lambda found: "`amoun`" not in str(found)))
            change("amount", "")
            offered = taken("completion", lambda: editor.ask("textDocument/completion", here))
            assert any(item["label"] == "amount" for item in offered["items"])
            change("", "amount")
            known = taken("hover", lambda: editor.ask("textDocument/hover", here))
            assert "amount: int" in known["contents"]["value"]
            time.sleep(0.3)
        editor.ask("shutdown", None)
        editor.tell("exit", None)
    print(f"| {rules} rules, {len(text) // 1000} kB | least | median | most |")
    print("| --- | --: | --: | --: |")
    for what, all_times in times.items():
        row = [min(all_times), statistics.median(all_times), max(all_times)]
        print(f"| {what} | " + " | ".join(f"{value:.1f}" for value in row) + " |")


main()
