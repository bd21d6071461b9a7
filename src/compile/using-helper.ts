/**
 * `using` and `await using` on versions of Node that do not have them: the object that oxc's lowered code asks for, as text
 * for the module's first line, so that compiled modules import nothing. Semantics of the proposal: resources are disposed in
 * reverse order, every error is kept (SuppressedError where it exists), null and undefined are allowed.
 *
 * u: a `using` resource; a: an `await using` one; e: the block's own error; d: dispose all, a promise when anything is async.
 */
function usingCtx(): unknown {
  const none = {};
  let error: unknown = none;
  const stack: { value: unknown; dispose: ((this: unknown) => unknown) | undefined; wait: boolean }[] = [];
  const add = (value: unknown, wait: boolean): unknown => {
    if (value === null || value === undefined) {
      if (wait) stack.push({ value, dispose: undefined, wait });
      return value;
    }
    if (Object(value) !== value) throw new TypeError("using declarations can only be used with objects, functions, null, or undefined.");
    const resource = value as Record<symbol, unknown>;
    let dispose = wait ? resource[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")] : undefined;
    if (dispose === null || dispose === undefined) {
      const sync = resource[Symbol.dispose ?? Symbol.for("Symbol.dispose")];
      // What a synchronous dispose returns is not awaited.
      dispose = wait && typeof sync === "function" ? function (this: unknown) { sync.call(this); } : sync;
    }
    if (typeof dispose !== "function") throw new TypeError("Property [Symbol.dispose] is not a function.");
    stack.push({ value, dispose: dispose as (this: unknown) => unknown, wait });
    return value;
  };
  const failed = (reason: unknown): void => {
    if (error === none) {
      error = reason;
      return;
    }
    const Suppressed = (globalThis as { SuppressedError?: new (error: unknown, suppressed: unknown) => Error }).SuppressedError;
    if (Suppressed) {
      error = new Suppressed(reason, error);
    } else {
      const both = { name: "SuppressedError", error: reason, suppressed: error };
      error = Object.assign(new Error("An error was suppressed during disposal."), both);
    }
  };
  const disposeAll = (): unknown => {
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      try {
        const result = item.dispose?.call(item.value);
        if (item.wait) {
          return Promise.resolve(result).then(disposeAll, (reason: unknown) => {
            failed(reason);
            return disposeAll();
          });
        }
      } catch (reason) {
        failed(reason);
        if (item.wait) return Promise.resolve().then(disposeAll);
      }
    }
    if (error !== none) throw error;
    return undefined;
  };
  return {
    set e(reason: unknown) {
      error = reason;
    },
    u: (value: unknown) => add(value, false),
    a: (value: unknown) => add(value, true),
    d: disposeAll,
  };
}

/** The helper's own compiled text, on one line, under the name that oxc gives it. */
export const usingHelper: string = `var babelHelpers={usingCtx:${usingCtx.toString().replace(/\/\/.*$/gm, "").replace(/\s*\n\s*/g, " ")}};`;
