import type { CommandSpec } from "./command.ts"; export const command: CommandSpec = { name: "log", summary: "x", arguments: [], options: {}, example: "", run: async () => 0 };
