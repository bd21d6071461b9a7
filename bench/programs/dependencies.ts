/** One file of TypeScript over some 300 modules of JavaScript. */
import { type } from "arktype";
import fc from "fast-check";
import * as v from "valibot";
import { z } from "zod";

const found: readonly unknown[] = [type("string"), fc.integer(), v.string(), z.string()];
if (found.some((each) => each === undefined)) throw new Error("a library is missing");
