// A rule's fixes in the whole project: which rule, then VS Code's own preview of all files.

import * as vscode from "vscode";
import { WorkDoneProgress } from "vscode-languageclient/node";

import * as requests from "./requests.ts";
import type { Server } from "./server.ts";

let tokens = 0;

export async function fixAllOfRule(server: Server): Promise<void> {
  const client = server.client;
  if (client === undefined || !server.isRunning) {
    void vscode.window.showWarningMessage("Otpwise is not running: see its log.");
    return;
  }
  const uri = vscode.window.activeTextEditor?.document.uri.toString() ?? null;
  const found = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Otpwise: looking for what can be fixed", cancellable: true },
    async (progress, stop) => {
      tokens += 1;
      const workDoneToken = `otpwise-fixable-${tokens}`;
      const listening = client.onProgress(WorkDoneProgress.type, workDoneToken, (step) => {
        if (step.kind === "report" && step.message !== undefined) progress.report({ message: step.message });
      });
      try {
        return await client.sendRequest(requests.fixable, { uri, workDoneToken }, stop);
      } catch (error) {
        if (!stop.isCancellationRequested) throw error;
        return undefined;
      } finally {
        listening.dispose();
      }
    },
  );
  if (found === undefined) return;
  if (found.length === 0) {
    void vscode.window.showInformationMessage("Otpwise: nothing in this project has a fix that can be made everywhere.");
    return;
  }
  const picked = await vscode.window.showQuickPick(found.map(described), {
    placeHolder: "Fix all of which rule? Nothing is changed before you have seen it.",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked === undefined) return;
  const { rule, unsafe } = picked.entry;
  // The language client has made a command of what the server takes.
  await vscode.commands.executeCommand("otpwise.fixAllInProject", { rule, uri, unsafe });
}

function described(entry: requests.Fixable): vscode.QuickPickItem & { entry: requests.Fixable } {
  const count = `${counted(entry.findings, "finding")} in ${counted(entry.files, "file")}`;
  return {
    label: entry.rule,
    description: entry.unsafe ? `${count}, may change behaviour` : count,
    detail: entry.summary,
    iconPath: new vscode.ThemeIcon(entry.unsafe ? "warning" : "wand"),
    entry,
  };
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
