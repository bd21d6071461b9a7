/** The side of a started process (child.ts is the other): says that it is ready, then carries out commands until told to end. */
// biome-ignore lint: commands agree on their arguments with whoever sends them.
export type Commands = Readonly<Record<string, (args: any) => unknown>>;

interface Request {
  readonly id: number;
  readonly command: string;
  readonly args: unknown;
}

export function obey(commands: Commands): void {
  process.on("message", (message) => void carryOut(commands, message as Request));
  // Whoever started this has gone: nothing is left to be measured.
  process.once("disconnect", () => process.exit(0));
  process.send!({ id: 0, value: null });
}

async function carryOut(commands: Commands, { id, command, args }: Request): Promise<void> {
  try {
    if (command === "exit" && commands["exit"] === undefined) process.exit(0);
    const value = await commands[command]!(args);
    if (command === "exit") process.exit(0);
    process.send!({ id, value });
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
