/**
 * The classes that programs use: private fields, accessors, subclasses, `super` writes, errors, static blocks, subclassed built-ins.
 * Text, because it is evaluated twice: through the compiler, and as it stands. `dump` is how the comparison sees private fields.
 */
export const classesText = `"use strict";
class Point {
  x; y;
  constructor(x, y) { this.x = x; this.y = y; }
  get sum() { return String(this.x) + String(this.y); }
  set both(value) { this.x = value; this.y = value; }
  mutate(value) { this.x = value; [this.y, this.x] = [this.x, this.y]; }
}
class Secret extends Point {
  #hidden; #count = 0; #list = [];
  z = 1;
  constructor(hidden) { super(1, hidden); this.#hidden = hidden; }
  static #made = 0;
  static { this.#made++; }
  get #inner() { return this.#hidden; }
  set #inner(value) { this.#hidden = value; this.#count += 1; }
  #step() { this.#count++; return this; }
  set hidden(value) { this.#inner = value; }
  get hidden() { return this.#hidden; }
  get list() { return this.#list; }
  mutate(value) {
    switch (this.#count % 7) {
      case 0: this.#inner = value; break;
      case 1: [this.#hidden, this.x] = [this.x, this.#hidden]; this.#step(); break;
      case 2: this.#list.push(value); this.#count++; break;
      case 3: this.#hidden ??= value; ++this.#step().#count; break;
      case 4: ({ a: this.#hidden = value } = { a: undefined }); this.#count += 1; break;
      case 5: this.#list = [...this.#list.slice(-3), value]; this.#count++; break;
      default: super.mutate(value); for (this.#hidden of [value]) this.#count++;
    }
  }
  static poke(target, value) { target.#hidden = value; target.#count -= 1; return target?.#list.push(1); }
  static dump(target) { return #hidden in target ? [target.#hidden, target.#count, target.#list] : undefined; }
}
class Deep extends Secret {
  #own = null; #parent;
  constructor(hidden, parent) { super(hidden); this.#parent = parent; }
  mutate(value) {
    super.mutate(value);
    super.extra = value;
    this.#own = { value, before: this.#own === null ? null : this.#own.value };
    if (typeof value === "number" && value % 2 === 0) delete this.extra;
  }
  set parent(value) { this.#parent = value; }
  get parent() { return this.#parent; }
  static dumpOwn(target) { return #own in target ? [target.#own, target.#parent] : undefined; }
}
class Plain { ["computed" + 1] = 1; "quoted key" = 2; 5 = "five"; mutate(value) { this.computed1 = value; this[5] = value; } }
class Empty { mutate(value) { this.first ||= value; this.second = this.first; } }
class Trouble extends Error {
  name = "Trouble"; #code;
  constructor(message, code) { super(message); this.#code = code; this.code = code; }
  mutate(value) { this.#code = value; this.message = String(typeof value); }
  static dump(target) { return #code in target ? [target.#code] : undefined; }
}
class Narrow extends TypeError { mutate(value) { this.detail = value; } }
class Renamed { static persistentName = "torture/renamed"; kept = 1; mutate(value) { this.kept = value; } }
class Bag extends Map {
  #changes = 0; label = "bag";
  set(key, value) { if (#changes in this) this.#changes++; return super.set(key, value); }
  mutate(value) { this.set(value, this.#changes); this.label = this.#changes; }
  static dump(target) { return #changes in target ? [target.#changes] : undefined; }
}
class Crowd extends Set { note = null; mutate(value) { this.add(value); this.note = value; } }
class Pile extends Array { label = "pile"; mutate(value) { this.push(value); this.label = value; } }
exports.classes = { Point, Secret, Deep, Plain, Empty, Trouble, Narrow, Renamed, Bag, Crowd, Pile };
exports.dumps = { Secret: [Secret.dump], Deep: [Secret.dump, Deep.dumpOwn], Trouble: [Trouble.dump], Bag: [Bag.dump] };
`;
