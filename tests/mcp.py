#!/usr/bin/env python3
"""Records what servers of the Model Context Protocol answer to `tools/list`.

    npm install --prefix DIR @modelcontextprotocol/server-filesystem @modelcontextprotocol/server-everything \
      @modelcontextprotocol/server-postgres @modelcontextprotocol/server-slack \
      @modelcontextprotocol/server-github @modelcontextprotocol/server-gitlab @playwright/mcp
    python3 -m venv DIR/venv
    DIR/venv/bin/pip install mcp-server-git mcp-server-fetch mcp-email-server
    python3 tests/mcp.py DIR tests/cases/mcp

Each server is started here, over standard input and output, and asked once. The answer is written
as it came, with keys in order, to NAME.json, of some servers without their texts; name and version that the server gave are
printed.
`tests/cases/mcp/README.md` tells which are committed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

VERSION = "2025-06-18"

# Of these names and types are kept.
BARE = ("email", "github", "gitlab", "playwright")


def servers(home, folder):
    node = home / "node_modules/.bin"
    python = home / "venv/bin"
    return {
        "email": [python / "mcp-email-server", "stdio"],
        "everything": [node / "mcp-server-everything"],
        "fetch": [python / "mcp-server-fetch"],
        "filesystem": [node / "mcp-server-filesystem", folder],
        "git": [python / "mcp-server-git"],
        "github": ["env", "GITHUB_PERSONAL_ACCESS_TOKEN=none", node / "mcp-server-github"],
        "gitlab": ["env", "GITLAB_PERSONAL_ACCESS_TOKEN=none", node / "mcp-server-gitlab"],
        "playwright": [node / "playwright-mcp"],
        # Neither is asked for anything that needs what it is told here.
        "postgres": [node / "mcp-server-postgres", "postgresql://localhost/none"],
        "slack": ["env", "SLACK_BOT_TOKEN=none", "SLACK_TEAM_ID=none", node / "mcp-server-slack"],
    }


class Server:
    def __init__(self, command):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        self.count = 0

    def send(self, message):
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()

    def ask(self, method, params):
        """The answer to a request; what the server says of its own accord is passed over."""
        self.count += 1
        self.send({"id": self.count, "method": method, "params": params})
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.count and "method" not in message:
                return message
        sys.exit(f"the server ended before it answered {method}")

    def end(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(timeout=10)


def record(command):
    server = Server(command)
    client = {"name": "recorder", "version": "1"}
    opening = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
    told = server.ask("initialize", opening)["result"]["serverInfo"]
    server.send({"method": "notifications/initialized"})
    answer = server.ask("tools/list", {})
    if "nextCursor" in answer["result"]:
        sys.exit("the answer has further pages")
    server.end()
    return told, answer


def bare(tool):
    """A tool without its texts, of which there are many."""

    def without(part):
        if isinstance(part, list):
            return [without(item) for item in part]
        if not isinstance(part, dict):
            return part
        texts = ("description", "title", "examples")
        kept = {key: value for key, value in part.items() if key not in texts or isinstance(value, dict)}
        return {key: without(value) for key, value in kept.items()}

    return {"name": tool["name"], "inputSchema": without(tool["inputSchema"])}


def main(home, out):
    with tempfile.TemporaryDirectory() as folder:
        for name, command in servers(pathlib.Path(home), folder).items():
            told, answer = record(command)
            if name in BARE:
                answer["result"] = {"tools": [bare(tool) for tool in answer["result"]["tools"]]}
            text = json.dumps(answer, indent=1, ensure_ascii=False, sort_keys=True)
            (pathlib.Path(out) / f"{name}.json").write_text(text + "\n", encoding="utf-8")
            print(f"{name}: {told['name']} {told['version']}, {len(answer['result']['tools'])} tools")


if __name__ == "__main__":
    main(*sys.argv[1:])
