import assert from "node:assert/strict";
import { test } from "node:test";

import { locate, privateProgram, type Surroundings } from "../src/locate.ts";

function around(files: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    configured: [],
    folders: ["/code/shop"],
    trusted: true,
    storage: "/home/jo/.storage",
    home: "/home/jo",
    platform: "linux",
    searchPath: "/usr/local/bin:/usr/bin",
    isProgram: (file) => files.includes(file),
    ...changes,
  };
}

const VENV = "/code/shop/.venv/bin/otpwise";
const PATH = "/usr/bin/otpwise";
const PRIVATE = "/home/jo/.storage/environment/bin/otpwise";

test("the order: setting, project, PATH, private", () => {
  const all = ["/opt/otpwise", VENV, PATH, PRIVATE];
  assert.equal(locate(around(all, { configured: ["/opt/otpwise"] })).found?.command, "/opt/otpwise");
  assert.equal(locate(around(all)).found?.command, VENV);
  assert.equal(locate(around([PATH, PRIVATE])).found?.command, PATH);
  assert.equal(locate(around([PRIVATE])).found?.command, PRIVATE);
  assert.equal(locate(around([])).found, undefined);
});

test("a setting that names nothing is told, and the search goes on", () => {
  const { found, missing } = locate(around([PATH], { configured: ["/nowhere/otpwise"] }));
  assert.equal(found?.command, PATH);
  assert.match(missing[0] ?? "", /^\/nowhere\/otpwise: the setting otpwise\.path/);
});

test("the setting understands ~, ${workspaceFolder} and relative paths", () => {
  for (const [written, file] of [
    ["~/bin/otpwise", "/home/jo/bin/otpwise"],
    ["${workspaceFolder}/tools/otpwise", "/code/shop/tools/otpwise"],
    ["tools/otpwise", "/code/shop/tools/otpwise"],
  ] as const) {
    assert.equal(locate(around([file], { configured: [written] })).found?.command, file);
  }
});

test("nothing in a folder that is not trusted is run", () => {
  assert.equal(locate(around([VENV, PRIVATE], { trusted: false })).found?.command, PRIVATE);
  const relative = around(["/code/shop/bin/otpwise"], { trusted: false, searchPath: "bin:." });
  assert.equal(locate(relative).found, undefined);
});

test("on Windows it has another name and place", () => {
  const windows = { platform: "win32" as const, storage: "C:\\s", folders: ["C:\\shop"], searchPath: "C:\\tools" };
  assert.equal(privateProgram(around([], windows)), "C:\\s\\environment\\Scripts\\otpwise.exe");
  const found = locate(around(["C:\\tools\\otpwise.exe"], windows)).found;
  assert.equal(found?.command, "C:\\tools\\otpwise.exe");
});

test("the reason says what was looked for, for the log", () => {
  const { missing } = locate(around([]));
  assert.equal(missing.length, 5);
  assert.ok(missing.some((line) => line.includes("private environment")));
});
