/** What a hunt answers. */
export interface Hunted {
  readonly found: boolean;
  readonly what: string;
  /** Crashes until then. */
  readonly points: number;
  readonly ms: number;
}
