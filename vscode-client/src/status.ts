// The language status item: busy, how many findings, which server.

import * as vscode from "vscode";

import { LANGUAGES, type Server } from "./server.ts";

export function showStatus(server: Server): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem(
    "otpwise",
    LANGUAGES.map((language) => ({ language })),
  );
  item.name = "Otpwise";
  item.command = { command: "otpwise.showLogs", title: "Log" };
  const update = () => {
    item.busy = server.isBusy;
    item.severity =
      server.problem === undefined ? vscode.LanguageStatusSeverity.Information : vscode.LanguageStatusSeverity.Error;
    if (server.problem !== undefined) {
      item.text = "Otpwise: not running";
      item.detail = server.problem;
    } else {
      const [findings, files] = counted();
      item.text = findings === 0 ? "Otpwise" : `Otpwise: ${findings} finding${findings === 1 ? "" : "s"}`;
      const where = findings === 0 ? "no findings" : `in ${files} file${files === 1 ? "" : "s"}`;
      item.detail = server.version === undefined ? "starting" : `${where}, server ${server.version}`;
    }
  };
  update();
  return vscode.Disposable.from(
    item,
    server.onChange(update),
    vscode.languages.onDidChangeDiagnostics(update),
  );
}

/** How many findings there are, and in how many files. */
export function counted(): [number, number] {
  let findings = 0;
  let files = 0;
  for (const [, diagnostics] of vscode.languages.getDiagnostics()) {
    const own = diagnostics.filter((diagnostic) => diagnostic.source === "otpwise").length;
    findings += own;
    if (own > 0) files += 1;
  }
  return [findings, files];
}
