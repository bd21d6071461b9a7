/**
 * The text that stands where an optional link was, once its chain has been cut there (optional-chains.ts). Several objects
 * after one link may need touching; the chain is cut once, and each adds its wrapping here.
 */
import type { Replacement } from "./edits.ts";

export class ChainCut {
  readonly #replacement: Replacement;
  readonly #head: string;
  readonly #shared: string;
  #before = "";
  #upToKey: string;

  constructor(replacement: Replacement, head: string, shared: string, upToKey: string) {
    this.#replacement = replacement;
    this.#head = head;
    this.#shared = shared;
    this.#upToKey = upToKey;
  }

  wrap(before: string, upToKey: string | undefined): void {
    this.#before += before;
    this.#upToKey = upToKey ?? this.#upToKey;
    this.#replacement.text = this.#head + this.#before + this.#shared + this.#upToKey;
  }
}
