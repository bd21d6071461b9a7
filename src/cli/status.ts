import type { CommandSpec } from "./command.ts"; export const command: CommandSpec = { name: "status", summary: "x", arguments: [], options: {}, example: "", run: async () => 0 };
