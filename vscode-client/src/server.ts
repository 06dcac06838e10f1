// The language client's life: started, restarted, and never twice at once.

import * as os from "node:os";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, RevealOutputChannelOn, State, Trace } from "vscode-languageclient/node";

import { bundledWheel, CannotMake, findPython, make } from "./environment.ts";
import { type Found, locate, type Surroundings } from "./locate.ts";
import { isProgram, run } from "./processes.ts";
import { forServer } from "./settings.ts";

export const LANGUAGES = [
  "elixir",
  "eex",
  "html-eex",
  "eelixir",
  "heex",
  "phoenix-heex",
  "surface",
  "dockerfile",
  "containerfile",
];

const EXPECTED_IN_VERSION = /^otpwise (\S+)/m;

export class Server implements vscode.Disposable {
  client: LanguageClient | undefined;
  found: Found | undefined;
  version: string | undefined;
  problem: string | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onChange = this.changed.event;
  private running: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Starts, or starts anew. While one start is under way, any number of calls make one more. */
  restart(): Promise<void> {
    if (this.running !== undefined) {
      this.again = true;
      return this.running;
    }
    this.running = this.round().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async round(): Promise<void> {
    do {
      this.again = false;
      await this.stop();
      try {
        await this.start();
      } catch (error) {
        this.problem = String(error instanceof Error ? error.message : error);
        this.log.error(this.problem);
      }
      this.changed.fire();
    } while (this.again);
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) await client.dispose(3000).catch((error) => this.log.warn(String(error)));
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
  }

  private async start(): Promise<void> {
    this.problem = undefined;
    this.version = undefined;
    this.found = await this.find();
    if (this.found === undefined) return;
    this.log.info(`server: ${this.found.command}, because ${this.found.why}`);
    const ended = await run(this.found.command, ["--version"], 20_000);
    this.version = EXPECTED_IN_VERSION.exec(ended.output)?.[1];
    if (ended.code !== 0 || this.version === undefined) {
      this.problem = `${this.found.command} does not run as Otpwise`;
      this.log.error(`${this.problem}: ${ended.output}`);
      void this.offer(`${this.problem}. ${firstLine(ended.output)}`);
      return;
    }
    this.log.info(`version ${this.version}`);
    const client = new LanguageClient("otpwise", "Otpwise", this.executable(this.found), this.options());
    client.onDidChangeState((event) => {
      this.log.debug(`server: ${State[event.newState]}`);
      this.changed.fire();
    });
    this.client = client;
    await client.setTrace(traceLevel());
    await client.start();
  }

  private executable(found: Found) {
    return { command: found.command, args: ["server"], options: { shell: false } };
  }

  private options(): LanguageClientOptions {
    const onSave = vscode.workspace.getConfiguration("otpwise").get("run") === "onSave";
    return {
      documentSelector: [
        ...LANGUAGES.flatMap((language) => [
          { scheme: "file", language },
          { scheme: "untitled", language },
        ]),
        // Without an Elixir extension VS Code calls them plain text.
        { scheme: "file", pattern: "**/*.{ex,exs,eex,heex,leex}" },
        { scheme: "file", pattern: "**/{Dockerfile,Containerfile}*" },
        // A fix may change it, and must know what is typed there.
        { scheme: "file", pattern: "**/.otpwise.toml" },
      ],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticPullOptions: { onChange: !onSave, onSave: true, onTabs: false },
      markdown: { isTrusted: false, supportHtml: false },
      middleware: {
        // The server would open the page in the browser; here it has a place of its own.
        executeCommand: (command, args, next) =>
          command === "otpwise.explain" ? vscode.commands.executeCommand("otpwise.explainRule", args[0]) : next(command, args),
        workspace: {
          configuration: (params) =>
            params.items.map((item) =>
              item.section === "otpwise" ? forServer(item.scopeUri ? vscode.Uri.parse(item.scopeUri) : undefined) : null,
            ),
        },
        handleWorkDoneProgress: (token, params, next) => {
          if (params.kind === "begin") this.busy.add(token);
          if (params.kind === "end") this.busy.delete(token);
          this.changed.fire();
          next(token, params);
        },
      },
    };
  }

  private readonly busy = new Set<number | string>();

  get isBusy(): boolean {
    return this.client?.state === State.Starting || this.busy.size > 0;
  }

  get isRunning(): boolean {
    return this.client?.state === State.Running;
  }

  private surroundings(): Surroundings {
    const setting = vscode.workspace.getConfiguration("otpwise").get<string[] | string>("path") ?? [];
    return {
      configured: typeof setting === "string" ? [setting] : setting,
      folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      trusted: vscode.workspace.isTrusted,
      storage: this.context.globalStorageUri.fsPath,
      home: os.homedir(),
      platform: process.platform,
      searchPath: process.env["PATH"] ?? process.env["Path"] ?? "",
      isProgram,
    };
  }

  private async find(): Promise<Found | undefined> {
    const { found, missing } = locate(this.surroundings());
    for (const line of missing) this.log.debug(`not there: ${line}`);
    if (found !== undefined) {
      const configured = this.surroundings().configured.filter((file) => file.trim() !== "");
      if (configured.length > 0 && !found.why.includes("otpwise.path")) {
        this.log.warn(`none of otpwise.path is a program: ${configured.join(", ")}`);
      }
      return found;
    }
    this.log.warn(`no server was found:\n  ${missing.join("\n  ")}`);
    this.problem = "the server is not installed";
    return this.install();
  }

  /** Asks, makes the private environment, and answers its program. */
  private async install(): Promise<Found | undefined> {
    const yes = "Install It";
    const answer = await vscode.window.showInformationMessage(
      "Otpwise's server is not on this machine. Shall it be installed into a private environment of this extension? " +
        "It needs Python 3.11 or newer, and a network once.",
      yes,
      "Show the Log",
    );
    if (answer === "Show the Log") this.log.show();
    if (answer !== yes) return undefined;
    try {
      const python = await findPython(
        vscode.workspace.getConfiguration("otpwise").get<string>("python") ?? "",
        process.platform,
      );
      const wheel = await bundledWheel(this.context.extensionPath);
      this.log.info(`private environment: ${python.command} (${python.version}), ${wheel}`);
      const command = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: "Otpwise", cancellable: true },
        (progress, token) => {
          const stop = new AbortController();
          token.onCancellationRequested(() => stop.abort());
          return make(
            python,
            wheel,
            this.context.globalStorageUri.fsPath,
            process.platform,
            (step) => progress.report({ message: step }),
            (line) => this.log.info(line),
            stop.signal,
          );
        },
      );
      this.problem = undefined;
      return { command, why: "it was installed into the extension's private environment" };
    } catch (error) {
      const message = error instanceof CannotMake ? error.message : `The server could not be installed: ${error}`;
      this.log.error(message);
      this.problem = firstLine(message);
      void this.offer(message);
      return undefined;
    }
  }

  private async offer(message: string): Promise<void> {
    const answer = await vscode.window.showErrorMessage(`Otpwise: ${message}`, "Show the Log", "Open the Settings", "Try Again");
    if (answer === "Show the Log") this.log.show();
    if (answer === "Open the Settings") {
      await vscode.commands.executeCommand("workbench.action.openSettings", "otpwise.p");
    }
    if (answer === "Try Again") await this.restart();
  }
}

export function traceLevel(): Trace {
  return Trace.fromString(vscode.workspace.getConfiguration("otpwise").get("trace.server") ?? "off");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
