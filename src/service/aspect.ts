/**
 * Aspects: code that runs in the same turn when a watched value changed. Declared in `static readonly aspects`; run by turn/.
 */
export interface Watch<T> {
  readonly select: (service: T) => unknown;
  run(service: T, old: unknown): void;
}

/**
 * `static readonly aspects = [watch((s: Join) => s.phase, (s, old) => s.onPhase(old))]`: `run` is called at the end of a turn in
 * which the selected value changed (Object.is), in that turn, with the value from before it. Selectors may only read.
 */
export function watch<T, V>(select: (service: T) => V, run: (service: T, old: NoInfer<V>) => void): Watch<T> {
  return { select, run: run as (service: T, old: unknown) => void };
}
