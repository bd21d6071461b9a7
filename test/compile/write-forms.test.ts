/**
 * Goal: every form in which the language writes a property is announced to the heap, and the program behaves as it did.
 * Method: a table of pieces of program, each run as written and compiled over objects that notice mutations (barrier-harness.ts);
 * outcome, order of evaluation and final state must be equal, and no mutation may come unannounced. Where the order of touches
 * matters, the table says what they are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { observe, observeStrict } from "./barrier-harness.ts";

interface Form {
  readonly source: string;
  readonly touched?: readonly string[];
  /** The piece needs sloppy mode. */
  readonly sloppy?: true;
}

const forms: Readonly<Record<string, readonly (Form | string)[]>> = {
  "assignment operators": [
    { source: "o.x = 5; return o.x", touched: ["o"] },
    { source: "return o.x += 2", touched: ["o"] },
    "o.x -= 1; o.x *= 3; o.x **= 2; o.x /= 3; o.x %= 5; o.x <<= 2; o.x >>= 1; o.x >>>= 1; o.x &= 7; o.x |= 8; o.x ^= 3",
    "o.none ??= 4; o.x ??= 5; o.x ||= 6; o.x &&= 7; return o.x",
    "o['a' + 1] = 1; o[log('k')] = log('v'); log('o', o)[log('k')] = log('v')",
    "log('o', o).x = log('v'); log('o', o)[log('k')] += log('v')",
    { source: "o.a = p.b = q.c = 1", touched: ["o", "p", "q"] },
    { source: "o.p.q.n = o.x = 3", touched: ["q", "o"] },
    "o[key] = 1; return o.x",
    "o[key] += 1; return o.x",
    "(o).x = 1; ((o.p)).x = 2; (o.y) = 3; ((o).z) = 4",
    "var a = 1, i = 0\nclass A { m() { super.x = i++\n[o.y] = [1]\nfor (var n = super.z = 1; n < 2; n++) ; return n } #p = i++\n['q'] = 2; r = this.#p }\nreturn [new A().m(), new A()]",
    "var i = 0\no.x = await i++\n[o.y] = [1]\nvar c = o.x = await later(1), b = i++\n[o.w] = [1]",
    "(log('1'), o).x = 1; (o.x ? p : q).y = 2",
    "o.f = () => {}; o.g = function () {}; o.h = class {}; return [o.f.name, o.g.name, o.h.name]",
    "const x = o.y = () => 1; return x.name",
    "for (let i = 0; i < 3; o.i = i++) o.last = i",
    "return [o.x = 1, o.y = 2, ...[p.z = 3]]",
    "return `${o.x = 1}${p.y = 2}`",
    "return ((a = o.x = 4) => a)()",
    "if (o.y = 1) p.z = 2; else q.z = 3",
    "switch (o.y = 1) { case p.z = 1: q.n = 2 }",
    "o.a = 1, p.b = 2; var c = (o.c = 3, p.d = 4); return c",
    "label: for (;;) { o.x = 1; break label }",
    "try { throw (o.x = 1) } catch { p.x = 2 } finally { q.n = 3 }",
    "o?.x; o.x = o?.p?.q.n; return o.x",
  ],
  "updates and deletes": [
    { source: "o.x++; ++p.x; q.n--; --o.x; return [o.x, p.x, q.n]", touched: ["o", "p", "q", "o"] },
    "return [o.x++, ++o.x, o['x']--, --o[log('k', 'x')]]",
    "(o.x)++; ++(o.x); return -(o.x++) - -(--o.x)",
    "return [delete o.x, delete o['p'], delete o[log('k')], delete log('o', o).list]",
    "return [delete (o.x), delete (o.p.x), typeof delete o.list, !delete p.x]",
    "o[key]++; delete o[key]",
    "return delete nothing?.x",
  ],
  destructuring: [
    { source: "[o.x, p.y] = [1, 2]", touched: ["o", "p"] },
    "({ a: o.x, b: { c: p.y }, ...q.rest } = { a: 1, b: { c: 2 }, d: 3, e: 4 })",
    "[[o.x, ...p.rest], { z: q.n = 5 }] = [[1, 2, 3], {}]",
    "[o.x = log('d1'), p.y = log('d2')] = [undefined, 2]",
    "({ a: o[log('k')] = log('d'), [log('ck')]: log('p', p).y } = { a: log('a', undefined) })",
    "[o.x, o.y] = [o.y, o.x]; return [o.x, o.y]",
    "[o.a, , ...[p.b, q.c]] = [1, 2, 3, 4]",
    "let z; [z, o.x] = [1, 2]; ({ z, y: o.y } = { z: 3, y: 4 }); return z",
    "const [a, { b }] = [1, { b: 2 }]; o.x = a + b",
    "for (const { x: y = (o.x = 9) } of [{}]) p.y = y",
    "[o.y, ...o.list[0]] = [1, 2]",
  ],
  loops: [
    { source: "for (o.x of [1, 2, 3]); return o.x", touched: ["o", "o", "o"] },
    "for (o.x in { a: 1, b: 2 }) log(o.x); for (o[log('k')] of [1, 2]) ;",
    "for ([o.x, { y: p.y }] of [[1, { y: 2 }], [3, { y: 4 }]]) log('' + o.x + p.y)",
    "for ({ a: o.x = 7 } of [{}, { a: 1 }]) log('' + o.x)",
    "for await (o.x of [later(1), later(2)]) log('' + o.x)",
    "for await ([o.x, p.y] of [later([1, 2])]) ;",
    "for (o.x = 0; o.x < 2; o.x++) p.x = o.x",
  ],
  "await and yield": [
    { source: "o.x = await later(3); return o.x", touched: ["o"] },
    "log('o', o).x = await later(log('v'))",
    "log('o', o)[log('k')] = await later(log('v'))",
    "o.x += await later(3); o.x -= (await later(1)) + (await later(2)); return o.x",
    "o.none ??= await later(3); o.x ??= await later(log('not')); o.x ||= await later(log('no')); o.x &&= await later(5)",
    "o[await later('y')] = 1; o[await later('y')]++; delete o[await later('y')]",
    "o[await later('y')] = await later(2); o[await later('z')] += await later(2)",
    "(await later(o)).x = 1; (await later(o)).x = await later(2); (await later(o)).x++",
    "o.a = p.b = await later(1); o.c = (p.d = await later(2), await later(3))",
    "[o.x = await later(1), p.y = await later(2)] = [undefined, 5]",
    "[o[await later('k')] = await later(1)] = []; ({ a: o[await later('j')] } = { a: 1 })",
    "for (o[await later('k')] of [1, 2]) ;",
    "list.push(await later(1)); list.push(1, await later(2), 3); list.push(...await later([4, 5])); return list.length",
    "o.list.push(await later(log('a')), log('b')); list['push'](await later(1)); list[log('k', 'push')](await later(2))",
    "o?.p.list.push(await later(1)); o?.list?.push(await later(1)); nothing?.list.push(await later(log('no')))",
    "o?.list[log('k', 'push')](await later(1)); list?.[log('k', 'push')](await later(1))",
    "Array.prototype.push.call(list, await later(1)); Array.prototype.push.apply(list, await later([2, 3]))",
    "const f = async () => o.x = await later(4); return [await f(), o.x]",
    "const f = async (a = o.x = 1) => (o.x = await later(a), o.x ??= await later(2)); return f()",
    "const f = async () => 1\nconst g = async () => o.x = await later(1)\n[1].map(() => 0)\nawait g()",
    "function* g() { o.x = yield 1; p.y += yield 2; list.push(yield 3); return o[yield 'k'] = yield }\nconst i = g(); const got = [i.next()]; for (const v of ['a', 'b', 'c', 'd', 'e']) got.push(i.next(v)); return got",
    "async function* g() { o.x = yield await later(1); o.y = await (yield 2) }\nfor await (const v of g()) log('' + v)",
    "await Promise.all([1, 2, 3].map(async (n) => { const t = { n: 0 }; t.n += await later(n); stored['s' + n] = await later(t.n) }))",
    "const f = async (n) => { o['f' + n] = n === 0 ? 0 : await f(n - 1); return n }; await f(3)",
    "o.f = await later(() => 1); o.g = (await later(1), class {}); return o.g.name",
    "o.x = await later(1)\n;[o.y] = [await later(2)]\no.z = await later(3)",
    "var a = log\no.x = await later(1)\no.list.push(await later(2))\nreturn a === log",
    "class A { async m() { 'use strict'; o.x = await later(1) } static s = (o.y = 1) }; await new A().m()",
  ],
  "mutating calls": [
    { source: "list.push(1); list.pop(); list.shift(); list.unshift(5); return list.length", touched: ["list", "list", "list", "list"] },
    "list.sort(); list.reverse(); list.fill(0); list.splice(0, 1); list.copyWithin(0, 1)",
    "log('l', list).push(log('a'), log('b'))",
    "return [list.push(1), list.map((n) => n + 1), list.slice().sort(), [3, 1].sort(), [...list].reverse()]",
    "list['push'](1); list[`push`](2); const m = 'push'; list[m](3); list[log('k', 'push')](4); log('l', list)[log('k', 'pop')]()",
    "list[{ toString: () => log('tos', 'push') }](1)",
    "list[0] = 1; list.length = 0; list[5] = 2; delete list[5]",
    "o?.list.push(1); o.list?.push(2); o?.p?.list.sort(); return nothing?.list.push(log('no'))",
    "return [nothing?.list?.push(1), o.none?.push(log('no')), o.none?.list.push(log('no')), o.missing?.(1).push(2)]",
    "return o?.none.push(1)",
    "list.push?.(1); o?.list.push?.(2); return list.nope?.(3)",
    "o.p.list.push(o.list.pop()); o.list.push(p.list.push(1))",
    "o?.p.self().list.push(1); p.self?.().list.push(2); p?.self?.().list.push(3); return p.nope?.().list.push(4)",
    "o?.p.list.sort().reverse()?.[0]; return o?.p.list.sort()?.reverse().pop()",
    "o?.apply(() => p?.list.push(1)); o?.['p'].list.push(2); return o?.[log('k', 'p')][log('k2', 'list')].push(3)",
    "list?.[log('k', 'push')](log('v')); return nothing?.[log('no')](log('no2'))",
    "o?.p['list'][log('k', 'push')](1); return nothing?.p[log('no')](1)",
    "p['m'](1); p[log('k', 'm')](2); o?.p[log('k', 'm')](3); return p['m']?.(4)",
    "(list).push(1); (list.push)(2); (o?.list).push(3); return (o?.p.list)[log('k', 'push')](4)",
    "Array.prototype.push.call(list, 1, 2); [].push.apply(list, [3]); Array.prototype.splice.call(log('l', list), 0, 1)",
    "const push = Array.prototype.push; push.call(list, 1); const arraySplice = [].splice; arraySplice.apply(list, [0, 1])",
    "Array.prototype.push.bind(list)(1); Reflect.apply([].push, list, [2]); Reflect.apply(Array.prototype.push, log('l', list), [2])",
    "Array.prototype.map.call(list, (n) => n); Math.max.apply(Math, list)",
    "return delete o?.p.x",
    "return [delete o?.p?.x, delete nothing?.p.x, delete o?.none?.x, typeof delete o?.p.list]",
    "return delete o?.none.x",
    "delete o?.p.x\ndelete o?.['x']\nreturn [delete (o?.p.y), !delete o?.p[log('k')]]",
    "const m = new Map(); m.set(1, 2); new Set().add(1); return m.get(1)",
    "const v = new DataView(new ArrayBuffer(8)); v.setInt8(0, 1); v.setFloat64(0, 2); return v.getFloat64(0)",
    "var a = list\no?.list.push(1)\nnothing?.list.push(2)\no?.p.self?.().list.push(2)\ndelete o?.p.x\nreturn a === list",
  ],
  "classes and super": [
    "class A { #p = 1; set(v) { this.#p = v; this.#p++; this.q = this.#p; return this } get v() { return this.#p } }\nreturn new A().set(4).v",
    "class A { static #s = 1; static n = 0; static up() { A.#s += 1; this.n++; return A.#s } static { this.z = 1 } }\nreturn [A.up(), A.n, A.z]",
    "class A { set x(v) { this.got = v } get x() { return this.got } }\nclass B extends A { set x(v) { super.x = v * 2; super.y = v; super['z'] = v } get x() { return super.x }\n up() { super.x++; super.x += 3; super['x']--; --super[log('k', 'x')] } }\nconst b = new B(); b.x = 4; b.up(); return b",
    "class A { x = 1 } class B extends A { async f() { super.y = await later(1); super[log('k')] = await later(2); super.y += await later(3); super.y ??= await later(4) } }\nconst b = new B(); await b.f(); return b",
    "class L extends Array { add(v) { super.push(v); super['push'](v); super[log('k', 'push')](v, v); return this } }\nreturn new L().add(1)",
    "const a = { get x() { return 1 }, m() { super.y = 1; [super.z, ...super.r] = [1, 2]; for (super.i of [3]); return this } }; return a.m()",
    "class A extends (o.x = 1, Object) { [(o.y = 2, 'm')]() { return 1 } static [(o.z = 3, 's')] = (p.x = 4) }\nreturn [new A().m(), A.s]",
    "const A = class { x = (o.x = 3); #y = o.list.push(1); static { o.z = 1 } }; new A(); return A.name",
    "const A = class {}, B = class extends A { static name = 'own' }; return [A.name, B.name, (class {}).name, ({ k: class {} }).k.name]",
    "class A { constructor() { return o } } class B extends A { #z = 1; static has(x) { return #z in x } constructor() { super(); this.w = 2 } }\nnew B(); return [o.w, B.has(o), B.has({})]",
    "class A { #m() { return this.#n } #n = 2; get #g() { return 3 } set #g(v) { this.s = v } all() { this.#g = 9; return [this.#m(), this.#g, this.s] } }\nreturn new A().all()",
    "class A { #p = p; push() { this?.#p.list.push(1); this.#p?.list.push(2); return this?.#p?.list.sort() } }\nreturn new A().push().length",
    "class A { constructor({ a, b: [c] }, d = log('d'), ...e) { this.#v = [a, c, d, e] } #v; get v() { return this.#v } }\nreturn [new A({ a: 1, b: [2] }).v, A.length]",
    "class A { #x; constructor(a, { b } = {}, c) { this.#x = b } }; class B { #x; constructor({ a }, [b]) {} }\nreturn [A.length, B.length, (() => { try { new B() } catch (e) { return e.name } })()]",
    "class A { #f = () => 1; g = () => 2; #h = function () {}; names() { return [this.#f.name, this.g.name, this.#h.name] } }\nreturn new A().names()",
    "function F() { this.x = new.target === F; p.y = 1 } return new F()",
    "class A { 'x' = 1; 2 = 2; ['y'] = 3; static async *g() {} ; get\n z() { return 1 } }; return new A()",
  ],
  "words, layouts and hazards": [
    "var a = 1\no.x = a\np.x = a\n;(o).y = 2\n;[o.z] = [3]\no.list[0] = 1",
    "if (1)o.x=1;else(o).y=2;do(o).z=3;while(0);return(o).w=4",
    "return typeof(o).x+void(o.y=1)+(o.z=2)",
    "async function f(){return(await 1,o).x=1} return f()",
    "const async = o; async.x = 1; const of = p; of.x = 2; const get = q; get.n = 3; for (of.x of [1]) ;",
    { source: "var let_ = 1; let; var let = o; let.x = 3; for (let.y in {a: 1}); yield_: o.z = 1; var yield = p; yield.x = 2", sloppy: true },
    { source: "with (o) { x = 5; p.x = 6 }", sloppy: true },
    { source: "frozen.x = 5; delete frozen.x; return frozen.x", sloppy: true },
    { source: "function f(a) { arguments[0] = 2; return a } return f(1)", sloppy: true },
    "frozen.x = 5",
    "nothing.x = log('v')",
    "nothing.push(1)",
    "'abc'.x = 1",
    "(5).x = 1; true.y = 2",
    "return ((o, k) => { o[k] = 1; return o })({}, 'a')",
    "const \\u{24}w = o; $w.x = 1; const $t = 1, $a = 2; list.push($t + $a); return $w === o",
    "return String.raw`a${o.x = 1}b${list.push(2)}` + log`t`",
    "o.x = /re/.test('re') ? 1 : 2; o.y = 4 / 2 / 1",
    "o . x = 1; o /* [ */ [ /* ] */ 'y' /* = */ ] /* x */ = 2; list /* ?. */ ?. /* ( */ push /* [ */ (1)",
    "o?.p // ?.\n  ?.list /* . */ . // x\n push(1)",
    "p.self // comment ?.\n ?.() // c\n .list.push(1)",
    "return eval('1 + 1')",
    "return new (class { x = 1 })().x + new o.list.constructor(1).length",
    "new.target; return 1",
  ],
};

for (const [group, list] of Object.entries(forms)) {
  test(group, async (t) => {
    for (const entry of list) {
      const form: Form = typeof entry === "string" ? { source: entry } : entry;
      await t.test(form.source.replaceAll("\n", " ⏎ "), async () => {
        for (const mode of form.sloppy ? [observe] : [observe, observeStrict]) {
          const written = await mode(form.source, false);
          const compiled = await mode(form.source, true);
          assert.equal(compiled.outcome, written.outcome);
          assert.deepEqual(compiled.trace, written.trace);
          assert.equal(compiled.state, written.state);
          assert.deepEqual(compiled.unannounced, []);
          if (form.touched !== undefined) assert.deepEqual(compiled.touched, form.touched);
        }
      });
    }
  });
}
