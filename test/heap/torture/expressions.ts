/** Random expressions: objects that exist, values, new objects of every kind that persists. */
import type { Features } from "./features.ts";
import type { Random } from "../../lib/random.ts";

const names = ["a", "b", "c", "x", "y", "list", "next", "kept"];
const strings = [`""`, `"a"`, `"text"`, `"\\ud800"`, `"7"`, `"é😀"`, `"__proto__"`, `"long ".repeat(50)`, `"constructor"`];
const numbers = ["0", "-0", "1", "-1", "7", "NaN", "Infinity", "2 ** 53", "0.1", "128", "-129", "1e300", "65536"];
const picks = ["o", "lit", "arr", "map", "set", "date", "re", "bytes", "inst", "err", "any"];

export class Expressions {
  readonly random: Random;
  readonly features: Features;

  constructor(random: Random, features: Features) {
    this.random = random;
    this.features = features;
  }

  pick(kind: string): string {
    return `${kind}(${this.random.below(60)})`;
  }

  variable(): string {
    return `v${this.random.below(5)}`;
  }

  plainName(): string {
    return this.random.from(names);
  }

  /** A name after a dot. */
  name(): string {
    return this.random.chance(85) ? this.plainName() : this.random.from(["kept", "detail", "label", "message", "cause", "k7", "_"]);
  }

  /** A key as an expression. */
  key(): string {
    const { random } = this;
    switch (random.below(9)) {
      case 0: return `"${random.below(12)}"`;
      case 1: return String(random.below(6));
      case 2: return `k${""}`.length > 5 ? "" : `"ke" + ${random.below(50)}`;
      case 3: return `(log(${random.below(9)}), "${this.plainName()}")`;
      case 4: return `id("${this.plainName()}")`;
      case 5: return `\`\${"${this.plainName()}"}\``;
      default: return `"${this.plainName()}"`;
    }
  }

  /** An object, written in some way; may turn out to be undefined. */
  object(depth = 2): string {
    const { random } = this;
    if (depth <= 0 || random.chance(50)) return random.chance(70) ? this.pick(random.from(["o", "o", "lit", "inst", "arr", "any"])) : random.from(["v0", "v1", "v2", "root", "v4"]);
    switch (random.below(9)) {
      case 0: return `${this.object(depth - 1)}.${this.name()}`;
      case 1: return `(${this.object(depth - 1)}?.${this.name()} ?? ${this.object(depth - 1)})`;
      case 2: return `${this.object(depth - 1)}[${this.key()}]`;
      case 3: return `id(${this.object(depth - 1)})`;
      case 4: return `(v4 = ${this.object(depth - 1)})`;
      case 5: return `(${this.primitive()} ? ${this.object(depth - 1)} : ${this.object(depth - 1)})`;
      case 6: return `held(${random.below(4)})`;
      case 7: return `(log(1), ${this.object(depth - 1)})`;
      default: return `[${this.object(depth - 1)}][0]`;
    }
  }

  /** Something that can be assigned to. */
  target(depth = 1): string {
    const { random } = this;
    if (random.chance(8)) return this.variable();
    const object = random.chance(70) ? this.object(depth) : this.object(0);
    const member = random.chance(65) ? `${object}.${this.name()}` : `${object}[${this.key()}]`;
    return random.chance(8) ? `(${member})` : member;
  }

  primitive(): string {
    const { random } = this;
    switch (random.below(7)) {
      case 0: return random.from(strings);
      case 1: return random.from(["true", "false", "null", "undefined", "10n", "-(2n ** 70n)"]);
      default: return random.chance(50) ? String(random.below(100)) : random.from(numbers);
    }
  }

  value(depth = 2): string {
    const { random } = this;
    if (depth <= 0) return random.chance(50) ? this.primitive() : this.object(0);
    switch (random.below(12)) {
      case 0: case 1: case 2: return this.primitive();
      case 3: case 4: return this.object(depth - 1);
      case 5: return this.pick(random.from(picks));
      case 6: return `(${this.target(0)} ${random.from(["=", "??=", "||=", "&&="])} ${this.value(depth - 1)})`;
      case 7: return this.variable();
      case 8: return random.chance(50) ? `{ ...${this.object(0)}, ${this.plainName()}: ${this.value(depth - 1)} }`.replace(/^(.*)$/, "($1)") : `[...${this.pick("arr")}].slice(0, 6)`;
      default: return this.fresh(random.from(["{}", "{}", "[]", "[]", "map", "set", "date", "regexp", "bytes", "view", "class", "class", "error", "null", "frozen", "proto", "many"]), depth - 1);
    }
  }

  /** A new object. */
  fresh(kind: string, depth = 1): string {
    const { random, features } = this;
    const some = (make: () => string, most = 4) => Array.from({ length: random.below(most + 1) }, make);
    const value = () => this.value(depth - 1);
    switch (kind) {
      case "[]": if (random.chance(12)) return `Array.from({ length: ${60 + random.below(60)} }, (_, i) => i)`;
        return `[${some(() => (random.chance(8) ? "" : value())).join(", ")}]`;
      case "map": {
        const base = features.subclassedBuiltIns && random.chance(20) ? "K.Bag" : "Map";
        return `new ${base}([${some(() => `[${value()}, ${value()}]`).join(", ")}])`;
      }
      case "set": return `new ${features.subclassedBuiltIns && random.chance(20) ? "K.Crowd" : "Set"}([${some(value).join(", ")}])`;
      case "date": return `new Date(${random.from(["0", "1e12", "NaN", "-1", "12345"])})`;
      case "regexp": return random.from(["/a+/g", "/./y", "/x(?<n>y)/u", "/[/]\\n/gi", "new RegExp('')"]);
      case "bytes": return random.from([
        "new Uint8Array([1, 2, 3, 4])", "new Float64Array(3)", "new Uint8Array(new ArrayBuffer(16), 4, 8)", "new BigInt64Array(2)", "new Int16Array([5, -5])",
        "new Uint8ClampedArray(4)", `new Uint8Array(${this.pick("bytes")}.buffer)`, "new Uint8Array(300)",
      ]);
      case "view": return random.chance(50) ? "new DataView(new ArrayBuffer(24), 2)" : `new DataView(${this.pick("bytes")}.buffer)`;
      case "class": return this.#instance(value);
      case "error": {
        const name = random.from(["Error", "TypeError", "RangeError"]);
        if (random.chance(20)) return `new AggregateError([${some(value, 2).join(", ")}], "several")`;
        return random.chance(50) ? `new ${name}("went wrong", { cause: ${value()} })` : `new ${name}("m")`;
      }
      case "null": return random.chance(50) ? `Object.assign(Object.create(null), { ${this.plainName()}: ${value()} })` : "Object.create(null)";
      case "frozen": return this.#frozen(value);
      case "proto": return random.chance(50) ? `{ ["__proto__"]: ${value()}, ${this.plainName()}: 1 }`.replace(/^(.*)$/, "($1)") : `JSON.parse('{"b":{"__proto__":[1]},"a":0}')`;
      case "many": return `Object.fromEntries(Array.from({ length: ${20 + random.below(40)} }, (_, i) => ["ke" + i, i]))`;
      default: {
        const literal = some(() => (random.chance(80) ? `${this.plainName()}: ${value()}` : random.chance(50) ? `${random.below(9)}: ${value()}` : `[${this.key()}]: ${value()}`));
        return `({ ${literal.join(", ")} })`;
      }
    }
  }

  #instance(value: () => string): string {
    const { random, features } = this;
    if (features.subclassedBuiltIns && random.chance(12)) return `K.Pile.from([1, ${value()}])`;
    switch (random.below(8)) {
      case 0: return `new K.Point(${value()}, ${value()})`;
      case 1: case 2: return `new K.Secret(${value()})`;
      case 3: return `new K.Deep(${value()}, ${value()})`;
      case 4: return "new K.Plain()";
      case 5: return "new K.Empty()";
      case 6: return random.chance(50) ? `new K.Trouble("t", ${value()})` : `new K.Narrow("n")`;
      default: return "new K.Renamed()";
    }
  }

  #frozen(value: () => string): string {
    const { random, features } = this;
    if (!features.frozenObjects) return "({})";
    const close = `Object.${random.from(["freeze", "seal"])}`;
    if (random.chance(5)) return `${close}(Object.fromEntries(Array.from({ length: 45 }, (_, i) => [\`f${"$"}{i}\`, i])))`;
    const what = features.frozenArrays && random.chance(30) ? `[${value()}, ${value()}]` : random.chance(30) ? `new K.Point(${value()}, 1)` : `({ ${this.plainName()}: ${value()} })`;
    return `${close}(${what})`;
  }

  /** A statement that puts what cannot persist somewhere. */
  refusal(): string {
    const { random } = this;
    const value = random.from(["() => 1", "Symbol('s')", "new WeakMap()", "Promise.resolve(1)", "{ get g() { return 1; } }", "{ [Symbol.iterator]: 1 }", "Object.preventExtensions({ open: 1 })", "new (class Unknown { constructor() { return Object.create({ a: 1 }); } })()"]);
    return random.from([`root.refused = ${value};`, `${this.pick("arr")}?.push(${value});`, `${this.pick("map")}?.set(1, ${value});`, `root.deep = { within: [${value}] };`]);
  }
}
