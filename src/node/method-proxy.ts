/**
 * An object whose every method is a call by name: what clients inside and outside of a process are to their users.
 * What a call does is the caller's.
 */
export function methodProxy(call: (method: string, args: readonly unknown[]) => Promise<unknown>): object {
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  return new Proxy({}, {
    get(_, name) {
      // A client is no promise, and has nothing to convert it by.
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => call(name, args);
        methods.set(name, method);
      }
      return method;
    },
  });
}
