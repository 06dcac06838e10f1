// The private environment: made once, with consent, from the wheel in the package.

import { mkdir, readdir, rm } from "node:fs/promises";
import * as path from "node:path";

import { inEnvironment } from "./locate.ts";
import { type Ended, run } from "./processes.ts";

export const OLDEST_PYTHON = "3.11";

const MINUTES = 60_000;
const VERSION = "import sys; print('%d.%d' % sys.version_info[:2])";
const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

/** What stands in the way, in words for the user. */
export class CannotMake extends Error {}

export interface Python {
  readonly command: string;
  readonly version: string;
}

/** The first Python that is new enough. Throws CannotMake, which says what was found instead. */
export async function findPython(configured: string, platform: NodeJS.Platform): Promise<Python> {
  const candidates = configured !== "" ? [configured] : platform === "win32" ? ["py", ...NAMES] : NAMES;
  const old: string[] = [];
  for (const command of candidates) {
    const ended = await run(command, ["-c", VERSION], MINUTES / 4);
    const version = /^(\d+)\.(\d+)$/.exec(ended.output.trim());
    if (ended.code !== 0 || version === null) continue;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major > 3 || (major === 3 && minor >= 11)) return { command, version: version[0] };
    old.push(`${command} is ${version[0]}`);
  }
  if (configured !== "") {
    const what = old.length > 0 ? old.join(", ") : `${configured} could not be run`;
    throw new CannotMake(`The setting otpwise.python names no Python ${OLDEST_PYTHON} or newer: ${what}.`);
  }
  throw new CannotMake(
    old.length > 0
      ? `Otpwise needs Python ${OLDEST_PYTHON} or newer; ${[...new Set(old)].join(", ")}.`
      : `Otpwise needs Python ${OLDEST_PYTHON} or newer, and there is no Python on PATH.`,
  );
}

/** The wheel in the package. Throws CannotMake when it was built without one. */
export async function bundledWheel(extension: string): Promise<string> {
  const folder = path.join(extension, "bundled");
  const names = await readdir(folder).catch(() => [] as string[]);
  const wheel = names.find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new CannotMake("This build of the extension carries no server.");
  return path.join(folder, wheel);
}

/**
 * Makes the environment anew and installs the wheel into it. Answers the program's path. Throws CannotMake;
 * half an environment is never left behind.
 */
export async function make(
  python: Python,
  wheel: string,
  storage: string,
  platform: NodeJS.Platform,
  report: (step: string) => void,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const folder = path.join(storage, "environment");
  const step = async (what: string, command: string, args: string[], hint: (ended: Ended) => string) => {
    report(what);
    log(`${command} ${args.join(" ")}`);
    const ended = await run(command, args, 10 * MINUTES, signal);
    if (ended.output !== "") log(ended.output);
    if (ended.code !== 0) {
      await rm(folder, { recursive: true, force: true });
      throw new CannotMake(signal.aborted ? "Stopped." : hint(ended));
    }
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(storage, { recursive: true });
  await step("making the environment", python.command, ["-m", "venv", folder], (ended) =>
    /ensurepip|venv/.test(ended.output)
      ? `${python.command} has no venv module: on Debian and Ubuntu, install the package python3-venv.`
      : `The environment could not be made; the log has the reason.`,
  );
  const pip = inEnvironment(folder, { platform }, "python");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel];
  await step("installing the server", pip, install, (ended) =>
    /connection|resolve|network|timed out|proxy|No matching distribution/i.test(ended.output)
      ? "The server's libraries could not be downloaded: is there a network, or a proxy that pip must know? " +
        "Without one, install otpwise by hand and name it in otpwise.path."
      : "The server could not be installed; the log has the reason.",
  );
  return inEnvironment(folder, { platform });
}
