// Programs that are run to their end, with what they said.

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";

export interface Ended {
  /** The exit code; undefined when the program could not be started or was stopped. */
  readonly code: number | undefined;
  readonly output: string;
}

/** Runs a program without a shell. Never rejects. `timeout` is in milliseconds. */
export function run(command: string, args: readonly string[], timeout: number, signal?: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout, windowsHide: true, maxBuffer: 8 << 20, ...(signal ? { signal } : {}) };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      if (error === null) resolve({ code: 0, output });
      else if (typeof error.code === "number") resolve({ code: error.code, output });
      else resolve({ code: undefined, output: output === "" ? error.message : output });
    });
  });
}

export function isProgram(file: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    if (process.platform !== "win32") accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
