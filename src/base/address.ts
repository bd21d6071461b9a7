/**
 * Names of nodes and services, and addresses made of them. An address says where a service is named, not who runs it.
 */
import { MaceKenError } from "./error.ts";

/** `node/service`. */
export type Address = `${string}/${string}`;

const name = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
const addressPattern = new RegExp(`^${name}/${name}$`);
const namePattern = new RegExp(`^${name}$`);

export function isName(text: string): boolean {
  return namePattern.test(text);
}

export function isAddress(text: string): text is Address {
  return addressPattern.test(text);
}

export function checkAddress(text: string): Address {
  if (isAddress(text)) return text;
  throw new MaceKenError("MK_ADDRESS_INVALID", `${JSON.stringify(text)} is not an address`);
}

export function nodeOf(address: Address): string {
  return address.slice(0, address.indexOf("/"));
}

export function serviceOf(address: Address): string {
  return address.slice(address.indexOf("/") + 1);
}
