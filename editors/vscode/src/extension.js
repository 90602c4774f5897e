// Starts `policyc lsp` and carries messages between it and VS Code.
"use strict";

const { commands, ProcessExecution, Task, tasks, TaskScope, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

async function start() {
  const command = workspace.getConfiguration("policyc").get("path", "policyc");
  const server = { command, args: ["lsp"] };
  const documentSelector = [
    { scheme: "file", language: "cel" },
    { scheme: "file", language: "yaml" },
    { scheme: "file", pattern: "**/*.celpolicy" },
    { scheme: "file", pattern: "**/{policyc,.policyc}.toml" },
  ];
  client = new LanguageClient("policyc", "policyc", server, { documentSelector });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const said = `\`${command} lsp\` cannot be started: ${error}. Set policyc.path.`;
    void window.showErrorMessage(said);
  }
}

async function stop() {
  const old = client;
  client = undefined;
  await old?.stop();
}

/**
 * Runs `policyc`, as code lenses ask for it.
 * @param {string} folder
 * @param {string[]} args
 */
async function run(folder, args) {
  const program = workspace.getConfiguration("policyc").get("path", "policyc");
  const execution = new ProcessExecution(program, args, { cwd: folder });
  const title = ["policyc", ...args].join(" ");
  const definition = { type: "process" };
  await tasks.executeTask(new Task(definition, TaskScope.Workspace, title, "policyc", execution));
}

/** @param {import("vscode").ExtensionContext} context */
async function activate(context) {
  const restart = async () => {
    await stop();
    await start();
  };
  const changed = (event) => {
    if (event.affectsConfiguration("policyc.path")) {
      void restart();
    }
  };
  context.subscriptions.push(
    commands.registerCommand("policyc.restart", restart),
    commands.registerCommand("policyc.run", run),
    workspace.onDidChangeConfiguration(changed),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
