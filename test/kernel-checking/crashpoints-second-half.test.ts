/** Goal and method: see crashpoints-first-half.test.ts; these are the other crashes. */
import { test } from "node:test";
import { sampleHalf } from "./campaign-sample.ts";

test("crash points, the other half", () => sampleHalf(1));
