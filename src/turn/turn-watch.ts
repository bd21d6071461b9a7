/**
 * The port by which a driver learns which handler runs, and when its turn is over. The turn itself knows no time: how long is too
 * long, and what becomes of it, is the driver's. Nothing in a turn depends on it.
 */
export interface TurnWatch {
  /** Code of the program is about to run: arguments' schemas, the guard, the handler, aspects. Not called for turns of the system's own. */
  begins(service: string, method: string): void;
  /** It is over, however it ended. Also called for turns that never began. */
  ends(): void;
}
