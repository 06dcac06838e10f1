// What the server answers beyond the protocol.

import { RequestType } from "vscode-languageclient/node";

export interface RuleEntry {
  readonly name: string;
  readonly summary: string;
}

/** All rules, for a list to choose from. */
export const rules = new RequestType<Record<string, never>, RuleEntry[], void>("otpwise/rules");

export interface Explanation {
  readonly title: string;
  /** The rule's page. */
  readonly markdown: string;
  /** The same page in a browser. */
  readonly url: string;
}

export const explanation = new RequestType<{ rule: string }, Explanation | null, void>("otpwise/explanation");

export interface TreePlace {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
}

export interface TreePicture {
  readonly title: string;
  /** The picture: HTML without scripts, of the classes that `styles` knows. */
  readonly html: string;
  readonly styles: string;
  /** By the `data-place` of the picture's elements. */
  readonly places: readonly TreePlace[];
}

/** The supervision trees of the project that a file, or the first workspace folder, belongs to. */
export const tree = new RequestType<{ uri: string | null }, TreePicture | null, void>("otpwise/tree");

export interface Fixable {
  readonly rule: string;
  readonly summary: string;
  /** Whether its fixes may change behaviour. */
  readonly unsafe: boolean;
  readonly findings: number;
  readonly files: number;
}

/** What can be fixed in the whole project, by rule. */
export const fixable = new RequestType<{ uri: string | null; workDoneToken?: string }, Fixable[], void>("otpwise/fixable");
