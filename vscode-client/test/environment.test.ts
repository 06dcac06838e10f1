import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";

import { bundledWheel, CannotMake, findPython, make } from "../src/environment.ts";

const folder = await mkdtemp(path.join(tmpdir(), "otpwise-"));
after(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

const silent = () => undefined;

test("an old Python is named with its version", async () => {
  const old = await program("old", "echo 3.9");
  await assert.rejects(findPython(old, "linux"), (error: Error) => {
    assert.ok(error instanceof CannotMake);
    assert.match(error.message, /3\.11 or newer: .*old is 3\.9/);
    return true;
  });
});

test("one that is no Python at all is named too", async () => {
  await assert.rejects(findPython("/nowhere/python", "linux"), /\/nowhere\/python could not be run/);
});

test("a new one is taken", async () => {
  assert.equal((await findPython(await program("new", "echo 3.13"), "linux")).version, "3.13");
});

test("a build without a wheel says so", async () => {
  await assert.rejects(bundledWheel(folder), /carries no server/);
});

test("no network: the message says what to do, and nothing is left behind", async () => {
  const python = await program(
    "offline",
    'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit 0; fi\n' +
      "echo 'ERROR: Could not find a version: Failed to establish a new connection' >&2; exit 1",
  );
  const storage = path.join(folder, "storage");
  const making = make({ command: python, version: "3.12" }, "x.whl", storage, "linux", silent, silent, new AbortController().signal);
  await assert.rejects(making, /is there a network/);
  assert.deepEqual(await readdir(storage), []);
});

test("no venv module: the package is named", async () => {
  const python = await program("bare", "echo 'ensurepip is not available' >&2; exit 1");
  const making = make({ command: python, version: "3.12" }, "x.whl", folder, "linux", silent, silent, new AbortController().signal);
  await assert.rejects(making, /python3-venv/);
});

test("it can be stopped", async () => {
  const python = await program("slow", "sleep 30");
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const making = make({ command: python, version: "3.12" }, "x.whl", folder, "linux", silent, silent, stop.signal);
  await assert.rejects(making, /Stopped/);
});
