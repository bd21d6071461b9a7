import type { CommandSpec } from "./command.ts"; export const command: CommandSpec = { name: "inspect", summary: "x", arguments: [], options: {}, example: "", run: async () => 0 };
