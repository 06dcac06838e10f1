// The supervision tree as a picture; a click opens the source.

import * as vscode from "vscode";

import { pageOf } from "./page.ts";
import * as requests from "./requests.ts";
import type { Server } from "./server.ts";

const SCRIPT = `
const api = acquireVsCodeApi();
const open = (event) => {
  const element = event.target.closest("[data-place]");
  if (element === null) return;
  event.preventDefault();
  api.postMessage({ place: Number(element.dataset.place) });
};
document.addEventListener("click", open);
// The root stands in the middle of its children, which may be far down.
document.querySelector(".tree > li > .node")?.scrollIntoView({ block: "center" });
document.addEventListener("keydown", (event) => { if (event.key === "Enter") open(event); });
`;

export class TreePanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private places: readonly requests.TreePlace[] = [];
  private uri: string | null = null;
  private readonly saved: vscode.Disposable;

  constructor(private readonly server: Server) {
    this.saved = vscode.workspace.onDidSaveTextDocument((document) => {
      if (this.panel?.visible && document.languageId === "elixir") void this.draw();
    });
  }

  dispose(): void {
    this.saved.dispose();
    this.panel?.dispose();
  }

  async show(): Promise<void> {
    if (!this.server.isRunning) {
      void vscode.window.showWarningMessage("Otpwise is not running: see its log.");
      return;
    }
    this.uri = vscode.window.activeTextEditor?.document.uri.toString() ?? this.uri;
    if (await this.draw()) this.panel?.reveal(undefined, true);
  }

  private async draw(): Promise<boolean> {
    const picture = await this.server.client?.sendRequest(requests.tree, { uri: this.uri });
    if (picture === undefined || picture === null) {
      void vscode.window.showInformationMessage("There is no Mix project here, so there is no supervision tree.");
      return false;
    }
    this.places = picture.places;
    const panel = (this.panel ??= this.create());
    panel.title = picture.title;
    panel.webview.html = pageOf({
      title: picture.title,
      body: picture.html,
      styles: picture.styles,
      script: SCRIPT,
    });
    return true;
  }

  private create(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      "otpwise.tree",
      "Supervision Tree",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, enableFindWidget: true, localResourceRoots: [], retainContextWhenHidden: false },
    );
    panel.webview.onDidReceiveMessage((message: { place?: number }) => this.open(message.place));
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }

  private async open(index: number | undefined): Promise<void> {
    const place = index === undefined ? undefined : this.places[index];
    if (place === undefined) return;
    const at = new vscode.Position(place.line, place.character);
    await vscode.window.showTextDocument(vscode.Uri.parse(place.uri), {
      viewColumn: vscode.ViewColumn.One,
      selection: new vscode.Range(at, at),
    });
  }
}
