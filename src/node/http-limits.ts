/**
 * Bounds of the HTTP edge, with their defaults. What happens at each bound is said beside it. Holds no behaviour.
 */
export interface HttpLimits {
  /** A longer body is refused with 413, without being kept. */
  readonly maxBodyBytes: number;
  /** Bodies of all requests that are not answered yet; beyond it a request gets 503 with Retry-After. */
  readonly maxHeldBytes: number;
  /** JSON nested deeper is refused with 400 before it is parsed; an answer nested deeper counts as one that JSON cannot hold. */
  readonly maxDepth: number;
  /** Longer request heads are refused with 431. */
  readonly maxHeaderBytes: number;
  /** A request whose head or whole is not there after this long is refused with 408 and its connection closed. */
  readonly headTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Connections without a request are closed after this long: above the 60 s that balancers keep theirs. */
  readonly keepAliveMs: number;
  /** Connections beyond this are closed as they come. */
  readonly maxConnections: number;
}

export const defaultHttpLimits: HttpLimits = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxHeldBytes: 256 * 1024 * 1024,
  maxDepth: 1000,
  maxHeaderBytes: 16 * 1024,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 65_000,
  maxConnections: 10_000,
};
