/** What a hunt answers. */
export interface Hunted {
  readonly found: boolean;
  readonly what: string;
  /** Crashes until then, and runs. */
  readonly points: number;
  readonly runs: number;
  /** Of a processor. */
  readonly ms: number;
}
