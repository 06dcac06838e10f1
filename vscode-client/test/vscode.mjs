// The extension in a real VS Code: code-server, driven through Chromium.
//
//   node test/vscode.mjs VSIX SERVER PROJECT SCREENSHOTS
//
// VSIX is the package, SERVER the otpwise program, PROJECT the folder of examples/chat_app, SCREENSHOTS where
// pictures go. CODE_SERVER and CHROMIUM name the programs. Ends with 0, or with the first thing that is not there.

import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { chromium } from "playwright-core";

const [vsix, server, project, pictures] = process.argv.slice(2).map((file) => path.resolve(file));
const codeServer = process.env.CODE_SERVER ?? "code-server";
const LONG = 60_000;
const places = { "cache.ex": "link_previews/cache.ex", "read_receipts.ex": "rooms/read_receipts.ex" };
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

const folder = mkdtempSync(path.join(tmpdir(), "otpwise-vscode-"));
const workspace = path.join(folder, "chat_app");
cpSync(project, workspace, { recursive: true });
mkdirSync(pictures, { recursive: true });
settings("User", {
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "editor.hover.delay": 100,
  "telemetry.telemetryLevel": "off",
  "extensions.ignoreRecommendations": true,
});
settings("Machine", { "otpwise.path": [server] });

const common = ["--user-data-dir", path.join(folder, "data"), "--extensions-dir", path.join(folder, "extensions")];
const installed = spawnSync(codeServer, [...common, "--install-extension", vsix], { encoding: "utf8" });
if (installed.status !== 0) fail(`the package is not taken: ${installed.stdout}${installed.stderr}`);

const port = await freePort();
const vscode = spawn(
  codeServer,
  [...common, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check",
    "--disable-workspace-trust", workspace],
  { stdio: "ignore" },
);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS.split(" "),
});
let page;
try {
  page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
  await reached(`http://127.0.0.1:${port}/?folder=${workspace}`);
  await page.waitForSelector(".monaco-workbench .explorer-folders-view .monaco-list-row", { timeout: LONG });

  await step("the Problems panel lists the findings of files that are not open", async () => {
    await page.keyboard.press("Control+Shift+M");
    await see(".markers-panel .monaco-list-row", "search.ex");
    await see(".markers-panel", "ecto/sql-injection");
    await picture("problems");
  });

  await step("a file shows squiggles, and the hover explains one", async () => {
    await open("lib/chat_app_web/channels/room_channel.ex", "join(");
    await page.waitForSelector(".squiggly-warning", { timeout: LONG });
    await hover();
    await see(".monaco-hover:visible", "phoenix/channel-join-without-authorization");
    await picture("hover");
    await page.keyboard.press("Escape");
  });

  await step("a construct is explained, and a plain variable is not", async () => {
    await open("lib/chat_app/application.ex", "strategy:");
    await hover();
    await see(".monaco-hover:visible", "one_for_one");
    await picture("construct");
    await page.keyboard.press("Escape");
    await open("lib/chat_app/application.ex", "_args");
    await hover();
    if (await page.locator(".monaco-hover:visible").count()) throw new Error("a variable has a hover");
  });

  await step("a lens says who supervises", async () => {
    await open("lib/chat_app/rooms/typing_tracker.ex", "defmodule");
    await see(".codelens-decoration", "ChatApp.Application");
    await picture("lens");
  });

  await step("a quick fix changes two files, after a look", async () => {
    await open("lib/chat_app/link_previews.ex", "Cache.start_link");
    await page.waitForSelector(".squiggly-warning", { timeout: LONG });
    await page.keyboard.press("Control+.");
    await choose("supervise");
    await see(".monaco-workbench", "Refactor Preview");
    await picture("fix");
    // What may change behaviour is ticked by hand, file by file.
    for (const file of ["application.ex", "link_previews.ex"]) await tick(file);
    await picture("fix");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await page.waitForTimeout(1500);
    await command("File: Save All");
    await until(() => read("lib/chat_app/application.ex").includes("LinkPreviews.Cache"), "the child is written");
    await until(() => !read("lib/chat_app/link_previews.ex").includes("Cache.start_link"), "the call is gone");
  });

  await step("a rule is fixed in the whole project, after a look", async () => {
    await open("lib/chat_app/link_previews/cache.ex", "use GenServer");
    await page.waitForSelector(".squiggly-warning", { timeout: LONG });
    await page.waitForTimeout(1500);
    await page.keyboard.press("Control+.");
    await see(".action-widget .monaco-list-row", "Fix all of otp/missing-init in the project");
    await picture("everywhere-offered");
    await page.keyboard.press("Escape");
    await command("Otpwise: Fix All of a Rule in the Project");
    await see(".quick-input-list .monaco-list-row", "findings in");
    await picture("everywhere-rules");
    await page.keyboard.type("missing-init");
    await see(".quick-input-list .monaco-list-row", "2 findings in 2 files");
    await page.waitForTimeout(500);
    await page.keyboard.press("Enter");
    await see(".monaco-workbench", "Refactor Preview");
    await see(".bulk-edit-panel .monaco-list-row", "cache.ex");
    await see(".bulk-edit-panel .monaco-list-row", "read_receipts.ex");
    await picture("everywhere-preview");
    for (const file of ["cache.ex", "read_receipts.ex"]) {
      if (read(`lib/chat_app/${places[file]}`).includes("def init(")) throw new Error(`${file} was changed unseen`);
      await tick(file);
    }
    await picture("everywhere-ticked");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await page.waitForTimeout(1500);
    await command("File: Save All");
    for (const file of ["cache.ex", "read_receipts.ex"]) {
      await until(() => read(`lib/chat_app/${places[file]}`).includes("def init("), `${file} is fixed`);
    }
  });

  await step("a query becomes functions of a new file, after a look", async () => {
    await open("lib/chat_app/rooms/directory.ex", "order_by");
    await page.waitForTimeout(1500);
    await page.keyboard.press("Control+Shift+R");
    await see(".action-widget .monaco-list-row", "Extract this query");
    await picture("refactoring");
    await choose("Extract this query");
    await see(".bulk-edit-panel .monaco-list-row", "room_query.ex");
    for (const file of ["directory.ex", "room_query.ex"]) await tick(file);
    await picture("refactoring-preview");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await page.waitForTimeout(1500);
    await command("File: Save All");
    await until(() => read("lib/chat_app/rooms/directory.ex").includes("RoomQuery.base()"), "the query is composed");
    await until(() => read("lib/chat_app/rooms/room_query.ex").includes("def base"), "its module is written");
  });

  await step("the explanation panel shows a rule's page", async () => {
    await command("Otpwise: Explain a Rule");
    await page.waitForTimeout(1000);
    await page.keyboard.type("n-plus-one");
    await page.waitForTimeout(500);
    await page.keyboard.press("Enter");
    await inPanel("A query for each element");
    await picture("explanation");
    await command("View: Close Editor");
  });

  await step("the supervision tree is drawn, and a click opens the source", async () => {
    await command("Otpwise: Show the Supervision Tree");
    const frame = await inPanel("ChatApp.PollSupervisor");
    await picture("tree");
    await frame.locator(".node", { hasText: "ChatApp.Rooms.TypingTracker" }).first().click();
    await see(".tabs-container .tab.active, .tab", "application.ex");
  });

  await step("the status item counts", async () => {
    await command("Otpwise: Show the Log");
    await page.waitForTimeout(1500);
    await picture("log");
  });
} finally {
  await browser.close();
  vscode.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
console.log("VS Code: all there");

async function step(what, act) {
  try {
    await act();
    console.log(`ok: ${what}`);
  } catch (error) {
    await picture("failed").catch(() => undefined);
    await browser.close();
    vscode.kill();
    fail(`${what}: ${error.message}`);
  }
}

/** Opens the quick input with a key and writes into it; a panel that has the focus may swallow the key once. */
async function ask(key, text) {
  const input = page.locator(".quick-input-widget input").first();
  for (let attempt = 1; ; attempt += 1) {
    await page.keyboard.press("Escape");
    await page.keyboard.press(key);
    try {
      await input.fill(text, { timeout: 5000 });
      return input;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** Opens a file with the cursor on the first `word` in it. */
async function open(file, word) {
  const name = path.basename(file);
  const input = await ask("Control+P", file);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor({ timeout: LONG });
  await page.keyboard.press("Enter");
  await page.locator(".tab.active", { hasText: name }).waitFor({ timeout: LONG });
  await page.waitForTimeout(600);
  const before = read(file).slice(0, read(file).indexOf(word)).split("\n");
  await page.keyboard.press("Control+G");
  await input.waitFor({ state: "visible", timeout: LONG });
  await page.keyboard.type(`${before.length}:${before.at(-1).length + 2}`);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(800);
}

async function hover() {
  await page.keyboard.press("Control+K");
  await page.keyboard.press("Control+I");
  await page.waitForTimeout(1500);
}

async function command(title) {
  await ask("F1", `>${title}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click({ timeout: LONG });
}

async function choose(text) {
  await page.locator(".action-widget .monaco-list-row", { hasText: text }).first().click({ timeout: LONG });
}

/** Ticks a file in the preview of an edit. */
async function tick(file) {
  const row = page.locator(".bulk-edit-panel .monaco-list-row", { hasText: file }).first();
  await row.locator("input, .monaco-checkbox, .edit-checkbox").first().click({ timeout: LONG });
}

async function see(selector, text) {
  await page.locator(selector, { hasText: text }).first().waitFor({ state: "visible", timeout: LONG });
}

/** The frame of the webview that has the text. */
async function inPanel(text) {
  let found;
  await until(async () => {
    for (const frame of page.frames()) {
      if ((await frame.locator("body", { hasText: text }).count().catch(() => 0)) > 0 && frame !== page.mainFrame()) {
        found = frame;
      }
    }
    return found !== undefined;
  }, `a panel with ${text}`);
  return found;
}

async function until(holds, what) {
  const end = Date.now() + LONG;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function picture(name) {
  await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}

async function reached(url) {
  await until(() => page.goto(url).then(() => true, () => false), "code-server answers");
}

function read(file) {
  return readFileSync(path.join(workspace, file), "utf8");
}

function settings(kind, content) {
  mkdirSync(path.join(folder, "data", kind), { recursive: true });
  writeFileSync(path.join(folder, "data", kind, "settings.json"), JSON.stringify(content));
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}

function fail(message) {
  console.error(`VS Code: ${message}`);
  process.exit(1);
}
