/**
 * `node --import maceken/register main.ts`: puts the write barrier and the compiling loader in place, before any module of
 * the program is loaded. Importing this is all there is to do; it exports nothing.
 */
import { installLoader } from "../compile/loader.ts";
import { installRuntime } from "../heap/install.ts";
// The program will import this in any case; loaded now, its files do not go through the loader that is installed below.
import "../index.ts";

installRuntime();
installLoader();
