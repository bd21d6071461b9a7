import type { CommandSpec } from "./command.ts"; export const command: CommandSpec = { name: "dead", summary: "x", arguments: [], options: {}, example: "", run: async () => 0 };
