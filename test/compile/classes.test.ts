/**
 * Goal: every class is known by a stable name, and the heap can read, write and install private members without running the
 * program's code. Method: small classes are compiled, evaluated against a runtime that takes notes, and then used through the
 * notes as the heap would use them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileModule } from "#maceken/compile/compile-module.js";
import { compileScript, mockRuntime, type MockRuntime, type Registration } from "./barrier-harness.ts";

function evaluate(source: string, scope: Record<string, unknown> = {}): MockRuntime & { exports: Record<string, unknown> } {
  const runtime = mockRuntime();
  const module = { exports: {} as Record<string, unknown> };
  const names = Object.keys(scope);
  new Function("module", "exports", "runtime", "require", ...names, compileScript(source))(
    module, module.exports, runtime, () => ({ volatile: (make: () => unknown) => make() }), ...names.map((name) => scope[name]),
  );
  return Object.assign(runtime, { exports: module.exports });
}

function only(runtime: MockRuntime, name: string): Registration {
  const found = runtime.registrations.filter((entry) => entry.name === `piece#${name}`);
  assert.equal(found.length, 1, `one class ${name} among ${runtime.registrations.map((entry) => entry.name).join()}`);
  return found[0] as Registration;
}

/** What the heap does: the private members of one class land on `target`. */
function install(runtime: MockRuntime, definition: Registration["constructor"], target: object): object {
  const base = Object.getPrototypeOf(definition) as object;
  runtime.v.on = true;
  try {
    if (base === Function.prototype) return Reflect.construct(definition, [], definition);
    Object.setPrototypeOf(definition, function () { return target; });
    return Reflect.construct(definition, [], definition);
  } finally {
    runtime.v.on = false;
    Object.setPrototypeOf(definition, base);
  }
}

test("names: the class's own, else the binding's, else an ordinal; unique in the module", () => {
  const runtime = evaluate(`
    class A {}
    const B = class {}, c = (class {}), d = class D2 {};
    let e; e = class {}; const box = {}; box.F = class {};
    const g = { G: class {}, ["computed"]: class {} };
    class Holder { static Inner = class {}; method() { return class A {}; } }
    (class {}); (function (H = class {}) { return [H, class {}]; })();
    new Holder().method();
    module.exports = class {};
  `);
  assert.deepEqual(
    runtime.registrations.map(({ name }) => name.replace("piece#", "")),
    ["A", "B", "c", "D2", "e", "F", "G", "anonymous1", "Holder", "Inner", "anonymous2", "H", "anonymous3", "A~2", "default"],
  );
});

test("export default is `default`; a named default keeps its name", () => {
  const name = (code: string) => /#([^"]+)"/.exec(compileModule({ code, filename: "m.mjs", format: "module", classPath: "p" }).code)?.[1];
  assert.equal(name("export default class {}"), "default");
  assert.equal(name("export default class Named {}"), "Named");
  assert.equal(name("export default (class {});"), "default");
});

test("registration comes before static members, once for each evaluation, and changes no names", () => {
  const seen: string[] = [];
  const runtime = evaluate("const A = class { static persistentName = seen.push('static'); static { seen.push(this.name) } }; const make = () => class M {}; make(); make()", { seen });
  assert.deepEqual(runtime.registrations.map((entry) => entry.constructor.name), ["A", "M", "M"]);
  assert.deepEqual(seen, ["static", "A"]);
  assert.equal(only(runtime, "A").info, undefined);
});

test("privates: fields by name in order, methods apart, accessors and static members not at all", () => {
  const runtime = evaluate(`
    class A { #a = 1; #b; static #s = 2; #m() { return this.#a; } get #g() { return 1; } set #g(v) {} static #t() {} use() { return [this.#m(), this.#g, A.#s, A.#t()]; } }
    class OnlyMethods { #m() { return 5; } }
    class B extends A { #a = 10; }
    exports.instance = new B();
  `);
  const instance = runtime.exports["instance"] as object;
  const a = only(runtime, "A").info;
  assert.deepEqual(a?.privates?.names, ["#a", "#b"]);
  assert.deepEqual(a?.privates?.get(instance), [1, undefined]);
  a?.privates?.set(instance, [7, 8]);
  assert.deepEqual(a?.privates?.get(instance), [7, 8]);
  assert.deepEqual(Object.keys(a?.methods ?? {}), ["#m"]);
  assert.equal((a?.methods?.["#m"]?.(instance) as () => unknown).call(instance), 7);
  assert.deepEqual(only(runtime, "B").info?.privates?.get(instance), [10]);
  assert.equal(a?.privates?.has(instance), true);
  assert.equal(a?.privates?.has({}), false);
  assert.deepEqual(only(runtime, "OnlyMethods").info?.privates?.names, []);
  assert.equal(only(runtime, "OnlyMethods").info?.privates?.has(instance), false);
});

test("volatile fields: initialisers can be run again, with the barrier in them, private ones too", () => {
  const runtime = evaluate(`
    const { volatile: fleeting, ref } = require("maceken"); const mk = require("maceken");
    class A { name = "n"; cache = fleeting(() => { const made = {
      of: this.name }; made.x = 1
      return made }); #hidden = mk.volatile(() => [this.name]); plain = other(() => 1); static s = fleeting(() => 1); see() { return this.#hidden; } }
    function other(f) { return f(); }
    exports.a = new A();
  `);
  const volatiles = only(runtime, "A").info?.volatiles ?? {};
  assert.deepEqual(Object.keys(volatiles), ["cache", "#hidden"]);
  assert.deepEqual(volatiles["cache"]?.call({ name: "again" }), { of: "again", x: 1 });
  assert.deepEqual(volatiles["#hidden"]?.call({ name: "again" }), ["again"]);
  assert.throws(() => compileScript("const { volatile } = require('maceken'); class A { x = volatile(() => super.y) }"), { code: "MK_COMPILE_FAILED" });
});

test("fields: their names in order, and their initialisers can be run on an object that lacks them", () => {
  const runtime = evaluate(`
    const volatile = (f) => f();
    class Base { greet() { return "hello " + this.name; } }
    class A extends Base {
      name = "n"; plain; #count = this.seed + 1; static s = 1; ["comp" + "uted"] = 2; "quoted key" = [this.name];
      said = super.greet(); moved = (this.old ??= 5); call = () => this.name; list = (globalThis.list = this.list ?? [])
      ;last = { a: { b: /* } */ 1 } }
      #hidden
      tail = this.#count // a comment
      read() { return [this.#count, this.#hidden]; }
    }
    class None { static only = 1; method() {} }
    exports.a = new A();
  `);
  const { fields, initialisers } = only(runtime, "A").info ?? {};
  assert.deepEqual(fields, ["name", "plain", "#count", "quoted key", "said", "moved", "call", "list", "last", "#hidden", "tail"]);
  const make = initialisers!();
  assert.deepEqual(Object.keys(make), ["name", "#count", "quoted key", "said", "moved", "call", "list", "last", "tail"]);
  const on = (key: string, object: object): unknown => make[key]!.call(object);
  assert.equal(on("name", {}), "n");
  assert.equal(on("#count", { seed: 6 }), 7);
  assert.deepEqual(on("quoted key", { name: "x" }), ["x"]);
  assert.equal(on("said", { name: "you" }), "hello you");
  assert.equal(on("moved", { old: 7 }), 7);
  assert.equal(typeof on("call", {}), "function");
  assert.deepEqual(on("last", {}), { a: { b: 1 } });
  assert.ok(Number.isNaN(on("tail", runtime.exports["a"] as object)));
  assert.equal(only(runtime, "None").info, undefined);
});

test("fields: initialisers of several lines stay on one line and mean the same", () => {
  const source = `class A { a = 1
      list = [ // one
        1, /* two
        */ 2,
      ]
      text = \`x
\${this.n
}\\
y\` + 'con\\
tinued'
      f = [1, 2].map((x) => {
        let y = x
        ;[y] = [y + 1]
        for (;;) {
          if (y > 0) break
          continue
        }
        do y++
        while (y < 5)
        for (const each of [1, 2]) y += each
        for (const index in [1, 2])
          y += Number(index)
        return y
      })
      g = this.many ?? (() => {
        const made = { n: 1 }
        made.n++
        if (made.n > 1) made.m = 1
        else made.k = 2
        return made
      })()
    }`;
  const runtime = evaluate(source);
  const make = only(runtime, "A").info!.initialisers!();
  const plain = new (new Function(`${source}; return A`)() as new () => Record<string, unknown>)();
  for (const name of ["list", "text", "f", "g"]) assert.deepEqual(make[name]!.call({}), plain[name], name);
  assert.equal(compileScript(source).split("\n").length, source.split("\n").length);
});

test("fields without semicolons and with the barrier at their ends", () => {
  const runtime = evaluate(`
    const box = { n: 1 };
    class A { x = box.n++
      [Symbol.iterator] = 1
      y = (box.m = 2)
      z = function () {}
      #p = delete box.q
      get() { return this.#p } }
    exports.box = box;
  `);
  const make = only(runtime, "A").info!.initialisers!();
  assert.deepEqual([make["x"]!.call({}), make["y"]!.call({}), make["#p"]!.call({})], [1, 2, true]);
  assert.deepEqual(runtime.exports["box"], { n: 2, m: 2 });
});

test("revival: members of a base class, no code of the program runs", () => {
  const ran: string[] = [];
  const runtime = evaluate(
    `class A { #x = run("field"); y = run("public"); #lit = 5; #f = () => 1; #arr = [];
       constructor({ a, [run("key")]: { b: [c, { d = run("default") }] } } = run("parameter"), [e, ...f], g = run("g"), ...rest) { "directive"; this.#x = run("body"); }
       #m() {} static read(o) { return [o.#x, o.#lit, typeof o.#f, typeof o.#m]; } }
     exports.A = A;`,
    { run: (what: string) => ran.push(what) },
  );
  const A = runtime.exports["A"] as Registration["constructor"] & { read(o: object): unknown[] };
  assert.equal(A.length, 0);
  const revived = install(runtime, A, {});
  assert.deepEqual(ran, []);
  assert.deepEqual(A.read(revived), [undefined, 5, "function", "function"]);
  only(runtime, "A").info?.privates?.set(revived, ["state", 6, null, []]);
  assert.deepEqual(A.read(revived).slice(0, 2), ["state", 6]);
});

test("revival: a derived class's members land on the object, base classes without private members do not run", () => {
  const ran: string[] = [];
  const runtime = evaluate(
    `class Plain { constructor(x) { run("plain"); x.boom; } }
     class B extends Plain { #b = run("b"); constructor(p = run("p"), { q }) { run("before"); super(p); run("after"); } static read(o) { return o.#b; } }
     class C extends B { #c = run("c"); static read(o) { return o.#c; } }
     Object.assign(exports, { B, C });`,
    { run: (what: string) => ran.push(what) },
  );
  const { B, C } = runtime.exports as Record<string, Registration["constructor"] & { read(o: object): unknown }>;
  const target = Object.create((C as { prototype: object }).prototype) as object;
  assert.equal(B?.length, 0);
  assert.equal(install(runtime, B as Registration["constructor"], target), target);
  assert.equal(install(runtime, C as Registration["constructor"], target), target);
  assert.deepEqual(ran, []);
  assert.deepEqual([B?.read(target), C?.read(target)], [undefined, undefined]);
  assert.equal(only(runtime, "B").info?.privates?.has(target), true);
});

test("lengths of constructors stay as they were", () => {
  const source = `class A { #p; constructor(a, { b }, c = 1, [d]) {} }
    class B { #p; constructor({ b }, [c]) {} } class C { #p; constructor(a, ...[b]) {} } class D { #p; constructor({ a }) {} static length() {} }
    exports.lengths = [A.length, B.length, C.length, typeof D.length];`;
  assert.deepEqual(evaluate(source).exports["lengths"], [2, 2, 1, "function"]);
});

test("classes without private instance members are only registered", () => {
  const { code } = compileModule({ code: "class A { x = f(); static #s = 1; constructor(a) { g(a) } }", filename: "m.js", format: "module", classPath: "p" });
  assert.match(code, /class A \{static\{\$r\(this,"p#A",\{fields:\["x"\],initialisers:\(\)=>\(\{"x"\(\)\{return \(f\(\)\)\}\}\)\}\);\} x = f\(\); static #s = 1; constructor\(a\) \{ g\(a\) \} \}$/);
});
