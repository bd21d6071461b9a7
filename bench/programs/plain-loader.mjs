// What a program would be started with if it needed nothing but its types stripped: the floor of the start figures.
import Module, { register } from "node:module";
import { load } from "./plain-hooks.mjs";

if (Module.registerHooks === undefined) register("./plain-hooks.mjs", import.meta.url);
else Module.registerHooks({ load });
