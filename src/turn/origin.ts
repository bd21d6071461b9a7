/**
 * Where a request came from, and so where its answer goes. Plain data: origins persist inside deferred replies and messages.
 */
export type Origin =
  /** Another node's call; 0 when it wants no answer. `begun`: how often its channel had begun anew, undefined for never. */
  | { readonly kind: "node"; readonly node: string; readonly call: number; readonly begun?: number }
  /** A call of this node itself; 0 when it wants no answer. */
  | { readonly kind: "local"; readonly call: number }
  /** HTTP or a client in this process: `request` is known to this process only, `key` binds the answer durably. */
  | { readonly kind: "external"; readonly request: number; readonly key: string | null };
