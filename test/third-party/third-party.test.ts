/**
 * Goal: real programs do under the barrier what they do without. Method: each library runs with its text as it stands on plain
 * objects and compiled on a heap, where each step is undone once, kept, and recovered; the sample here is small, the proof of
 * `npm run heap:torture` large. A library that writes to state is also run uncompiled on the heap, which must be noticed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { proofs, typescriptFolders } from "./proofs.ts";
import { emitBothWays } from "./typescript.ts";

const seed = 20_261_125;

for (const { library, small, writesToState, run } of proofs) {
  test(`${library}: compiled on a heap as it is on plain objects`, (context) => {
    const { kept, refused, differences } = run({ seed, trials: small });
    context.diagnostic(`seed ${seed}: ${small} trials, ${kept} turns kept, ${refused} refused`);
    assert.deepEqual(differences, []);
    assert.ok(kept >= small && refused < kept / 4);
  });
  if (!writesToState) continue;
  test(`${library}, uncompiled on a heap, is noticed`, () => {
    const { refused, differences } = run({ seed, trials: small, uncompiled: true });
    // Instances of a class that nobody registered are refused before anything can differ.
    assert.ok(differences.length > 0 || refused > small / 2);
  });
}

test("the TypeScript compiler, compiled, checks and emits a project as it does uncompiled", async () => {
  const { plain, compiled } = await emitBothWays(typescriptFolders.small);
  assert.deepEqual(compiled, { ...plain, isCompiled: true });
  assert.equal(plain.isCompiled, false);
  // Each source becomes JavaScript, a map and declarations.
  assert.ok(plain.files >= plain.sources * 3 && plain.sources >= 5);
});
