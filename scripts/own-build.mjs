// For tests and checks that load examples, with --import: "maceken" is then the build file for file, as is "#maceken/…", and not the bundle.
// Two copies of one library in a process would know nothing of each other's classes.
import { register } from "node:module";

const entries = {
  maceken: "../dist/index.js", "maceken/check": "../dist/check/check.js", "maceken/runtime": "../dist/node/runtime.js",
  "maceken/services": "../dist/library/services.js", "maceken/sim": "../dist/sim/sim.js",
};
const urls = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, new URL(path, import.meta.url).href]));
const hooks = `const urls = ${JSON.stringify(urls)};
export const resolve = (specifier, context, next) => next(urls[specifier] ?? specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
