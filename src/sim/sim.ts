/**
 * The public interface of `maceken/sim`: a world is declared, and simulated with faults of every kind, on virtual time, with the code that
 * runs in production. A seed gives the same run again.
 */
export {
  always, call, eventually, eventuallyAlways, leadsTo, world, WorldDefinition,
  type Calls, type ClientCall, type MessageView, type NodeDeclaration, type Predicate, type Property, type WorldOptions, type WorldView,
} from "./world-definition.ts";
export { maskedFaults, unmaskedFaults, type FaultKind } from "./fault-plan.ts";
export { simulate, type SimulateOptions, type SimulationFigures, type SimulationResult, type SimulationViolation } from "./simulate.ts";
export type { TraceLine } from "./timeline.ts";
