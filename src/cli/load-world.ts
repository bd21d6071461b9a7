/** Loads the file of a declared world as apps are loaded. */
import { MaceKenError } from "../base/error.ts";
import { WorldDefinition } from "../sim/world-definition.ts";
import { isOfAnotherCopy, loadDefault } from "./load-app.ts";

const remedy = "Export the world as the module's default: export default world({ nodes, clients, properties }).";

/** Errors: MK_FILE_NOT_FOUND, MK_FILE_FAILED, MK_COMPILE_FAILED, MK_WORLD_INVALID. */
export async function loadWorld(file: string): Promise<WorldDefinition> {
  const found = await loadDefault(file);
  if (found instanceof WorldDefinition) return found;
  if (found === undefined) throw new MaceKenError("MK_WORLD_INVALID", `${file} has no default export`, { remedy });
  if (isOfAnotherCopy(found, WorldDefinition)) {
    throw new MaceKenError("MK_WORLD_INVALID", `${file} uses another copy of maceken than this command`, { remedy: "Run the copy that the world imports: npx maceken, in its folder." });
  }
  throw new MaceKenError("MK_WORLD_INVALID", `the default export of ${file} is not a world`, { remedy });
}
