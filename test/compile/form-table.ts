/**
 * A table of pieces of program, grouped, as tests: each is run as written and compiled over objects that notice mutations
 * (barrier-harness.ts); outcome, order of evaluation and final state must be equal, and no mutation may come unannounced.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { observe, observeStrict } from "./barrier-harness.ts";

export interface Form {
  readonly source: string;
  /** Which objects are touched, in order, where that matters. */
  readonly touched?: readonly string[];
  /** The piece needs sloppy mode. */
  readonly sloppy?: true;
}

export type Forms = Readonly<Record<string, readonly (Form | string)[]>>;

export function checkForms(forms: Forms): void {
  for (const [group, list] of Object.entries(forms)) {
    test(group, async (t) => {
      for (const entry of list) {
        const form: Form = typeof entry === "string" ? { source: entry } : entry;
        await t.test(form.source.replaceAll("\n", " ⏎ "), async () => {
          for (const mode of form.sloppy ? [observe] : [observe, observeStrict]) {
            const written = await mode(form.source, false);
            const compiled = await mode(form.source, true);
            assert.equal(compiled.outcome, written.outcome);
            assert.deepEqual(compiled.trace, written.trace);
            assert.equal(compiled.state, written.state);
            assert.deepEqual(compiled.unannounced, []);
            if (form.touched !== undefined) assert.deepEqual(compiled.touched, form.touched);
          }
        });
      }
    });
  }
}
