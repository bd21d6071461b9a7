/** The maximal independent set, as a world. */
import { graphWorld } from "./world.ts";

export default graphWorld({ graph: "power-40-7", what: "independent set", rounds: 0, pauseMs: 0 }, 3);
