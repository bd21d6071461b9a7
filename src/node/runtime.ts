/**
 * `import "maceken/runtime"`: puts the run-time half of the write barrier in place, for programs whose modules a bundler has
 * compiled. Importing this is all there is to do; it exports nothing. `maceken/register` does it, too.
 */
import { installRuntime } from "../heap/install.ts";
// The program will import this in any case; named here, the published files are not cut up for the sake of this one.
import "../index.ts";

installRuntime();
