// Starts the server, and says what it has to say in VS Code's own places.

import * as os from "node:os";
import * as vscode from "vscode";

import { fixAllOfRule } from "./everywhere.ts";
import { ExplanationPanel } from "./explanation.ts";
import { Server, traceLevel } from "./server.ts";
import { counted, showStatus } from "./status.ts";
import { TreePanel } from "./tree.ts";

// A change of these is a change of the server itself; the others it is told of.
const STARTS_ANEW = ["otpwise.path", "otpwise.python", "otpwise.run"];

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Otpwise", { log: true });
  const server = new Server(context, log);
  const explanation = new ExplanationPanel(server);
  const tree = new TreePanel(server);
  const command = (name: string, run: (...args: never[]) => unknown) =>
    vscode.commands.registerCommand(`otpwise.${name}`, run as (...args: unknown[]) => unknown);
  context.subscriptions.push(
    log,
    server,
    explanation,
    tree,
    showStatus(server),
    command("restart", () => server.restart()),
    command("showLogs", () => log.show()),
    command("explainRule", (rule?: unknown) => explanation.show(typeof rule === "string" ? rule : undefined)),
    command("showTree", () => tree.show()),
    command("fixAllInFile", () =>
      vscode.commands.executeCommand("editor.action.sourceAction", { kind: "source.fixAll.otpwise", apply: "first" }),
    ),
    command("fixAllOfRule", () => fixAllOfRule(server)),
    command("checkProject", () => checkProject(server)),
    command("copyDebugInformation", () => copyDebugInformation(context, server)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (STARTS_ANEW.some((name) => event.affectsConfiguration(name))) void server.restart();
      else if (event.affectsConfiguration("otpwise.trace")) void server.client?.setTrace(traceLevel());
      else if (event.affectsConfiguration("otpwise")) {
        void server.client?.sendNotification("workspace/didChangeConfiguration", { settings: null });
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
  );
  await server.restart();
}

async function checkProject(server: Server): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (server.found === undefined || folder === undefined) {
    void vscode.window.showWarningMessage(
      folder === undefined ? "Open a folder first." : "Otpwise's server is not installed: see its log.",
    );
    return;
  }
  const run = new vscode.ProcessExecution(server.found.command, ["check", "--color", "always"], {
    cwd: folder.uri.fsPath,
  });
  const task = new vscode.Task({ type: "otpwise" }, folder, "check", "Otpwise", run);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, showReuseMessage: false };
  await vscode.tasks.executeTask(task);
}

async function copyDebugInformation(context: vscode.ExtensionContext, server: Server): Promise<void> {
  const [findings, files] = counted();
  const lines = [
    `Otpwise extension ${context.extension.packageJSON.version}, server ${server.version ?? "not running"}`,
    `VS Code ${vscode.version}, ${vscode.env.appName}, ${os.platform()} ${os.release()} ${os.arch()}`,
    `server: ${server.found ? `${server.found.command} (${server.found.why})` : "none"}`,
    `problem: ${server.problem ?? "none"}`,
    `folders: ${vscode.workspace.workspaceFolders?.length ?? 0}, trusted: ${vscode.workspace.isTrusted}`,
    `findings: ${findings} in ${files} files`,
    `settings: ${JSON.stringify(vscode.workspace.getConfiguration("otpwise"))}`,
  ];
  await vscode.env.clipboard.writeText(`${lines.join("\n")}\n`);
  void vscode.window.showInformationMessage("Otpwise: the debug information is in the clipboard.");
}
