/** Some 130 modules of TypeScript, and nothing else: those of maceken itself. */
import { app } from "../../src/index.ts";

if (typeof app !== "function") throw new Error("app is missing");
