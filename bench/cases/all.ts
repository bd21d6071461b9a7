/** The suite, in the order in which it runs. */
import type { Case } from "../lib/case.ts";
import { backlogCase } from "./backlog.ts";
import { logSpaceCase, snapshotCase } from "./beside.ts";
import { bounceCase, tlsCase } from "./bounce.ts";
import { checkCase } from "./check.ts";
import { compileCase } from "./compile.ts";
import { counterClientCase, counterHttpCase } from "./counter.ts";
import { floorCase } from "./floor.ts";
import { heapCase } from "./heap.ts";
import { largeCase } from "./large.ts";
import { microCase } from "./micro.ts";
import { recoveryCase, restartCase } from "./restart.ts";
import { simulationCase } from "./simulation.ts";
import { startCase } from "./start.ts";

export const allCases: readonly Case[] = [
  floorCase, bounceCase(1), bounceCase(100), bounceCase(1000), tlsCase, counterClientCase, counterHttpCase, restartCase, recoveryCase, startCase, compileCase, microCase, heapCase, largeCase, snapshotCase, logSpaceCase, backlogCase, simulationCase, checkCase,
];
