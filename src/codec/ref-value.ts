/**
 * Refs as values: one object per address, so that ===, Map and Set work. What a ref does when it is called belongs to
 * the service room, which installs it here; codec and heap only need to tell a ref from other objects and to make one again.
 */
import type { Address } from "../base/address.ts";
import { assert } from "../base/assert.ts";

const addressOfRef = new WeakMap<object, Address>();
/** Weakly: anybody may send refs to addresses that he made up, and one that nobody holds need not be the same object again. */
const refOfAddress = new Map<Address, WeakRef<object>>();
const gone = new FinalizationRegistry<Address>((address) => {
  // Another may have been made meanwhile.
  if (refOfAddress.get(address)?.deref() === undefined) refOfAddress.delete(address);
});
let makeRef: ((address: Address) => object) | undefined;

export function installRefs(make: (address: Address) => object): void {
  makeRef = make;
}

/** The ref's address, or undefined when the object is not a ref. */
export function refAddress(value: object): Address | undefined {
  return addressOfRef.get(value);
}

export function internRef(address: Address): object {
  let made = refOfAddress.get(address)?.deref();
  if (made === undefined) {
    assert(makeRef !== undefined, "refs are installed before they are used");
    made = makeRef(address);
    addressOfRef.set(made, address);
    refOfAddress.set(address, new WeakRef(made));
    gone.register(made, address);
  }
  return made;
}
