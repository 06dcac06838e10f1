// A webview's document: no network, no inline script, styles and scripts by nonce only.

import { randomBytes } from "node:crypto";

export interface PageParts {
  readonly title: string;
  readonly body: string;
  readonly styles: string;
  readonly script: string;
}

export function pageOf(parts: PageParts): string {
  const nonce = randomBytes(16).toString("base64");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}';">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(parts.title)}</title>
<style nonce="${nonce}">${parts.styles}</style>
</head>
<body>
${parts.body}
<script nonce="${nonce}">${parts.script}</script>
</body>
</html>`;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
