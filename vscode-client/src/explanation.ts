// The explanation panel: a rule's page from the server, beside the code.

import * as vscode from "vscode";

import { pageOf } from "./page.ts";
import * as requests from "./requests.ts";
import type { Server } from "./server.ts";

const STYLES = `
body { font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); line-height: 1.5;
  max-width: 48em; padding: 0 1.5em 3em; color: var(--vscode-foreground); }
h1 { font-weight: 600; font-size: 1.5em; margin: 1em 0 .2em; }
h2, h3 { font-weight: 600; margin-top: 1.6em; border-bottom: 1px solid var(--vscode-widget-border, transparent); }
code, pre { font-family: var(--vscode-editor-font-family); font-size: var(--vscode-editor-font-size); }
pre { background: var(--vscode-textCodeBlock-background); padding: .8em 1em; overflow-x: auto; border-radius: 3px; }
a { color: var(--vscode-textLink-foreground); }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2em .8em .2em 0; vertical-align: top; }
.hljs-keyword, .hljs-literal { color: var(--vscode-symbolIcon-keywordForeground, #c586c0); }
.hljs-string, .hljs-regexp { color: var(--vscode-debugTokenExpression-string, #ce9178); }
.hljs-symbol, .hljs-number { color: var(--vscode-debugTokenExpression-number, #b5cea8); }
.hljs-title, .hljs-section { color: var(--vscode-symbolIcon-functionForeground, #dcdcaa); }
.hljs-comment { color: var(--vscode-descriptionForeground); font-style: italic; }
.hljs-addition { background: var(--vscode-diffEditor-insertedTextBackground); }
.hljs-deletion { background: var(--vscode-diffEditor-removedTextBackground); }
`;

export class ExplanationPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;

  constructor(private readonly server: Server) {}

  dispose(): void {
    this.panel?.dispose();
  }

  /** Shows a rule; asks which when none is named. */
  async show(rule: string | undefined): Promise<void> {
    const client = this.server.client;
    if (client === undefined || !this.server.isRunning) {
      void vscode.window.showWarningMessage("Otpwise is not running: see its log.");
      return;
    }
    const name = rule ?? this.underCursor() ?? (await this.choose());
    if (name === undefined) return;
    const found = await client.sendRequest(requests.explanation, { rule: name });
    if (found === null) {
      void vscode.window.showWarningMessage(`There is no rule ${name}.`);
      return;
    }
    const html = await vscode.commands.executeCommand<string>("markdown.api.render", found.markdown);
    const panel = (this.panel ??= this.create());
    panel.title = found.title;
    panel.webview.html = pageOf({ title: found.title, body: html, styles: STYLES, script: "" });
    panel.reveal(undefined, true);
  }

  private create(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      "otpwise.explanation",
      "Otpwise",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: false, enableFindWidget: true, localResourceRoots: [] },
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }

  private underCursor(): string | undefined {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return undefined;
    const here = vscode.languages
      .getDiagnostics(editor.document.uri)
      .find((one) => one.source === "otpwise" && one.range.contains(editor.selection.active));
    const code = here?.code;
    return code === undefined ? undefined : String(typeof code === "object" ? code.value : code);
  }

  private async choose(): Promise<string | undefined> {
    const rules = (await this.server.client?.sendRequest(requests.rules, {})) ?? [];
    const picked = await vscode.window.showQuickPick(
      rules.map((rule) => ({ label: rule.name, detail: rule.summary })),
      { placeHolder: "Which rule?", matchOnDetail: true },
    );
    return picked?.label;
  }
}
