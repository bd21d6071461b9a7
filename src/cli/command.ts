/**
 * What a command of `maceken` is, as data: its arguments and options say how they are read (parse.ts) and how they are
 * explained (help.ts), so that the two cannot differ. Types only.
 */
export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Any number of them, in `lists`. Only the last argument. */
  readonly multiple?: boolean;
  readonly choices?: readonly string[];
}

export interface OptionSpec {
  /** "number" is a whole one, `least` to `most`. */
  readonly type: "string" | "boolean" | "number";
  readonly help: string;
  /** How the value is called in help, for those that have one. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Default 1. */
  readonly least?: number;
  readonly most?: number;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** More for --help, in whole sentences. */
  readonly description?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** One line that works. */
  readonly example: string;
  /** Answers the exit code; throws MaceKenError. */
  run(input: CommandInput): Promise<number>;
}

export interface CommandInput {
  readonly arguments: Readonly<Record<string, string | undefined>>;
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly numbers: Readonly<Record<string, number | undefined>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, boolean>>;
}
