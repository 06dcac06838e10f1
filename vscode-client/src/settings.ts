// The settings, as the server wants them.

import * as vscode from "vscode";

/** The section that `workspace/configuration` answers with: the server's own words, and no others. */
export function forServer(scope: vscode.ConfigurationScope | undefined): Record<string, unknown> {
  const settings = vscode.workspace.getConfiguration("otpwise", scope ?? null);
  const section: Record<string, unknown> = {
    workspaceDiagnostics: settings.get("workspaceDiagnostics"),
    "code-lens": settings.get("codeLens"),
  };
  // What nobody set must not stand in the way of .otpwise.toml.
  for (const name of ["profile", "select", "ignore", "severity"]) {
    const known = settings.inspect(name);
    const set = known?.workspaceFolderValue ?? known?.workspaceValue ?? known?.globalValue;
    if (set !== undefined) section[name] = settings.get(name);
  }
  const constructs = settings.inspect("hover.constructs");
  if ((constructs?.workspaceValue ?? constructs?.globalValue) !== undefined) {
    section.hover = { constructs: settings.get("hover.constructs") };
  }
  return section;
}
