/** Statements about arrays, Map, Set, Date, RegExp, bytes, errors, and the engine's functions that write into their arguments. */
import type { Expressions } from "./expressions.ts";

export function containerStatement(e: Expressions): string {
  const { random, features } = e;
  switch (random.below(20)) {
    case 0: case 1: case 2: case 3: return array(e);
    case 4: case 5: case 6: return map(e);
    case 7: case 8: return set(e);
    case 9: return `${e.pick("date")}.${random.from(["setTime(5)", "setFullYear(2030)", "setMilliseconds(1)", "setUTCHours(3, 4)", "setTime(NaN)"])};`;
    case 10: return features.regexpExec && random.chance(60) ? `log(${e.pick("re")}${random.from([".exec('aaxy')?.length", ".test('aab')", "[Symbol.replace]('aab', 'c')"])});` : `${e.pick("re")}.lastIndex = ${random.below(5)};`;
    case 11: case 12: case 13: return bytes(e);
    case 14: return `${e.pick("err")}.${random.from(["message", "detail", "cause", "name", "code"])} = ${e.value(1)};`;
    case 15: return features.propertiesOnBuiltIns ? `${e.pick(random.from(["map", "set", "date", "re", "err"]))}.${e.plainName()} = ${e.value(1)};` : map(e);
    case 16: return `${e.pick("lit")}["ke" + ${random.below(60)}] = ${e.value(1)}; delete ${e.pick("lit")}["ke" + ${random.below(60)}];`;
    default: return engine(e);
  }
}

function array(e: Expressions): string {
  const { random } = e;
  const list = e.pick("arr");
  const value = e.value(1);
  const few = random.below(5);
  switch (random.below(24)) {
    case 0: case 1: return `${list}.push(${value}, ${e.value(0)});`;
    case 2: return `log(typeof ${list}.pop());`;
    case 3: return `log(typeof ${list}.shift());`;
    case 4: return `${list}.unshift(${value});`;
    case 5: case 6: return `v2 = ${list}.splice(${few}, ${random.below(3)}${random.chance(50) ? `, ${value}` : ""});`;
    case 7: return `${list}.sort(${random.chance(50) ? "" : "(p, q) => String(typeof p).localeCompare(typeof q)"});`;
    case 8: return `${list}.reverse();`;
    case 9: return `${list}.fill(${e.value(0)}, ${few});`;
    case 10: return `${list}.copyWithin(${few}, 1, 3);`;
    case 11: return `${list}.length = ${few};`;
    case 12: return `${list}[${random.below(7)}] = ${value};`;
    case 13: return `delete ${list}[${few}];`;
    case 14: return `${list}.${e.name()} = ${value};`;
    case 15: return `Array.prototype.push.call(${list}, ${value});`;
    case 16: return `[].unshift.apply(${list}, [${value}]);`;
    case 17: return `Reflect.apply([].splice, ${list}, [${few}, 1, ${value}]);`;
    case 18: return `${list}["pu" + "sh"](${value});`;
    case 19: return `${list}?.["reverse"]?.();`;
    case 20: return `Array.prototype.push.bind(${list})(${value});`;
    case 21: return `${list}.forEach((each, i, all) => { if (i < 2) all[i] = ${e.primitive()}; });`;
    case 22: return `v2 = ${list}; ${e.target()} = v2.${random.from(["map((x) => x)", "filter(Boolean)", "slice(1)", "flat()", "toSorted?.()", "concat(v2).slice(0, 5)"])};`;
    default: return `[${list}[0], ${list}[1]] = [${value}, 1];`;
  }
}

function map(e: Expressions): string {
  const { random } = e;
  const target = e.pick("map");
  const [key, value] = [random.chance(60) ? e.primitive() : e.value(1), e.value(1)];
  switch (random.below(14)) {
    case 0: case 1: case 2: return `${target}.set(${key}, ${value});`;
    case 3: return `log(${target}.delete(${key}));`;
    case 4: return `v4 = ${target}; log(v4.delete([...v4.keys()][${random.below(3)}]));`;
    case 5: return `v4 = ${target}; v3 = [...v4.keys()][0]; v4.delete(v3); v4.set(v3, ${value});`;
    case 6: return random.chance(40) ? `${target}.clear();` : `v4 = ${target}; v4.set(v4, ${value}).set(${value}, v4);`;
    case 7: return `${target}.forEach((each, key, all) => { all.set(key, ${e.primitive()}); });`;
    case 8: return `for (const [key, each] of [...${target}].slice(0, 2)) { ${e.pick("map")}.set(each, key); }`;
    case 9: return `${e.target()} = ${target}.get(${key}); ${target}.delete(${key});`;
    case 10: return `${target}["s" + "et"](${key}, ${value});`;
    case 11: return `for (const each of ${target}.values()) if (typeof each === "object" && each !== null) each.${e.plainName()} = ${e.primitive()};`;
    case 12: return e.features.borrowedCollectionMethods ? `Map.prototype.${random.from([`set.call(${target}, ${key}, ${value})`, `delete.call(${target}, ${key})`])};` : `${target}?.set?.(${key}, ${value});`;
    default: return `v4 = ${target}; { const { set: put } = v4; put.call(v4, ${key}, ${value}); }`;
  }
}

function set(e: Expressions): string {
  const { random } = e;
  const target = e.pick("set");
  const value = random.chance(50) ? e.primitive() : e.value(1);
  switch (random.below(8)) {
    case 0: case 1: case 2: return `${target}.add(${value});`;
    case 3: return `log(${target}.delete(${value}));`;
    case 4: return `v4 = ${target}; v3 = [...v4][0]; v4.delete(v3); v4.add(v3);`;
    case 5: return random.chance(40) ? `${target}.clear();` : `v4 = ${target}; v4.add(v4);`;
    case 6: return e.features.borrowedCollectionMethods ? `Set.prototype.add.call(${target}, ${value});` : `${target}.add(1).add(2);`;
    default: return `for (const each of ${target}) { if (${target}.size > 3) ${target}.delete(each); }`;
  }
}

function bytes(e: Expressions): string {
  const { random, features } = e;
  const target = e.pick("bytes");
  const few = random.below(6);
  if (features.freshViews && random.chance(25)) return `v4 = ${target}; ${random.from([`new Uint8Array(v4.buffer)[${few}] = 9`, `v4.subarray(1)[0] = 5`, "new DataView(v4.buffer).setUint8(0, 3)", "new Uint8Array(v4.buffer).fill(1)"])};`;
  if (features.nativeBytes && random.chance(10)) return random.from([`new TextEncoder().encodeInto("é", ${target});`, `Atomics.store(${target}, 0, ${few});`]);
  switch (random.below(9)) {
    case 0: case 1: return `${target}[${few}] = ${random.from(["1", "255", "-3", "2.5", "3n"])};`;
    case 2: return `${target}.set([1, 2], ${few});`;
    case 3: return `${target}.fill(${random.from(["7", "7n"])}, ${few});`;
    case 4: return `${target}.${random.from(["reverse()", "sort()", "copyWithin(0, 2)"])};`;
    case 5: return `${target}[${few}] += 3;`;
    case 6: return `[${target}[0], ${target}[1]] = [9, 8];`;
    default: return `${e.pick("view")}.${random.from(["setInt16(1, -2)", "setFloat64(0, 0.5)", "setUint8(3, 200, true)", "setBigInt64(2, 5n)"])};`;
  }
}

function engine(e: Expressions): string {
  const { random, features } = e;
  const target = e.object(1);
  const value = e.value(1);
  switch (random.below(14)) {
    case 0: case 1: return `Object.assign(${target}, ${e.object(0)}, { ${e.plainName()}: ${value} });`;
    case 2: return `Object.assign(${target}, { [${e.key()}]: ${value} });`;
    case 3: return `Object.defineProperty(${target}, ${e.key()}, { value: ${value}, writable: true, enumerable: true, configurable: true });`;
    case 4: return `Object.defineProperties(${target}, { ${e.plainName()}: { value: ${value}, writable: true, enumerable: true, configurable: true } });`;
    case 5: return `log(Reflect.set(${target}, ${e.key()}, ${value}));`;
    case 6: return `log(Reflect.set({}, "${e.plainName()}", ${value}, ${target}));`;
    case 7: return `log(Reflect.deleteProperty(${target}, ${e.key()}));`;
    case 8: return `log(Reflect.defineProperty(${target}, "${e.plainName()}", { value: ${value}, writable: true, enumerable: true, configurable: true }));`;
    case 9: return features.attributes ? `Object.defineProperty(${e.pick("lit")}, "${e.plainName()}", { value: ${value}, writable: ${random.chance(50)}, enumerable: ${random.chance(50)}, configurable: true });` : `Reflect.set(${target}, "a", 1);`;
    case 10: return features.prototypes ? `${random.from([`${e.pick("lit")}.__proto__ = null`, `Object.setPrototypeOf(${e.pick("lit")}, ${random.from(["null", "Object.prototype"])})`, `Reflect.setPrototypeOf(${e.pick("lit")}, Object.prototype)`])};` : `${target}.${e.name()} = ${value};`;
    case 11: return `Object.entries(${target}).slice(0, 3).forEach(([key, each]) => { ${e.object(0)}[key] = each; });`;
    case 12: return `{ const assign = Object.assign; assign(${target}, { ${e.plainName()}: ${value} }); }`;
    default: return `Object.defineProperty(${e.pick("lit")}, "__proto__", { value: ${value}, writable: true, enumerable: true, configurable: true });`;
  }
}
