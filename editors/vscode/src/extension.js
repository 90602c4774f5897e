// Starts `policyc lsp` and carries messages between it and VS Code.
"use strict";

const { commands, window, workspace } = require("vscode");
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
    workspace.onDidChangeConfiguration(changed),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
