// Where the server is. Knows nothing of VS Code, so that its tests need none.

import * as path from "node:path";

/** How a server is started, and why this one: the sentence goes to the log. */
export interface Found {
  readonly command: string;
  readonly why: string;
}

export interface Surroundings {
  /** `otpwise.path`, in order. */
  readonly configured: readonly string[];
  /** The workspace's folders. */
  readonly folders: readonly string[];
  /** Whether what lies in the folders may be run. */
  readonly trusted: boolean;
  /** The folder that belongs to the extension. */
  readonly storage: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The value of PATH. */
  readonly searchPath: string;
  readonly isProgram: (file: string) => boolean;
}

export interface Search {
  readonly found: Found | undefined;
  /** What was looked at and is not there, in order. */
  readonly missing: readonly string[];
}

const ENVIRONMENTS = [".venv", "venv", "env"];

/** The first server, in the order: the setting, the project's environment, PATH, the private environment. */
export function locate(around: Surroundings): Search {
  const missing: string[] = [];
  const look = (file: string, why: string): Found | undefined => {
    if (around.isProgram(file)) return { command: file, why };
    missing.push(`${file}: ${why}`);
    return undefined;
  };
  const found =
    first(candidatesOfSetting(around), (file) => look(file, "the setting otpwise.path names it")) ??
    first(around.trusted ? candidatesOfFolders(around) : [], (file) =>
      look(file, "it is in the project's own environment"),
    ) ??
    onPath(around) ??
    look(privateProgram(around), "it is in the extension's private environment");
  if (found === undefined) missing.push(`${program(around)}: not in any folder on PATH`);
  return { found, missing };
}

/** The program in the environment that the extension makes for itself. */
export function privateProgram(around: Pick<Surroundings, "storage" | "platform">): string {
  return inEnvironment(on(around).join(around.storage, "environment"), around);
}

/** `bin/otpwise`, or `Scripts\otpwise.exe`, in a Python environment. */
export function inEnvironment(folder: string, around: Pick<Surroundings, "platform">, name = "otpwise"): string {
  return around.platform === "win32"
    ? path.win32.join(folder, "Scripts", `${name}.exe`)
    : path.posix.join(folder, "bin", name);
}

function candidatesOfSetting(around: Surroundings): string[] {
  return around.configured.flatMap((written) => {
    const text = written.trim();
    if (text === "") return [];
    if (text.startsWith("~/") || text.startsWith("~\\")) return [on(around).join(around.home, text.slice(2))];
    if (text.includes("${workspaceFolder}")) {
      return around.folders.map((folder) => text.replaceAll("${workspaceFolder}", folder));
    }
    return on(around).isAbsolute(text)
      ? [text]
      : around.folders.map((folder) => on(around).join(folder, text));
  });
}

function candidatesOfFolders(around: Surroundings): string[] {
  return around.folders.flatMap((folder) =>
    ENVIRONMENTS.map((name) => inEnvironment(on(around).join(folder, name), around)),
  );
}

function onPath(around: Surroundings): Found | undefined {
  const separator = around.platform === "win32" ? ";" : ":";
  for (const folder of around.searchPath.split(separator)) {
    // A relative entry would be looked up in the workspace, trusted or not.
    if (folder === "" || !on(around).isAbsolute(folder)) continue;
    const file = on(around).join(folder, program(around));
    if (around.isProgram(file)) return { command: file, why: "it is on PATH" };
  }
  return undefined;
}

function program(around: Pick<Surroundings, "platform">): string {
  return around.platform === "win32" ? "otpwise.exe" : "otpwise";
}

function on(around: Pick<Surroundings, "platform">): path.PlatformPath {
  return around.platform === "win32" ? path.win32 : path.posix;
}

function first<T>(items: readonly string[], take: (item: string) => T | undefined): T | undefined {
  for (const item of items) {
    const taken = take(item);
    if (taken !== undefined) return taken;
  }
  return undefined;
}
