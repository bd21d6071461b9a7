/**
 * What the bank publishes: its interface and the schemas of its words. Others import this file and nothing else of the bank.
 * Money is whole cents.
 */
import { z } from "zod";

export const account = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
export const cents = z.number().int().positive();
export const holdId = z.number().int().positive();
export const reference = z.string().min(1).max(64);

export interface BankApi {
  /** Opening an account again changes nothing. */
  open(account: string): void;
  /** Money from outside, over HTTP only. Answers the new balance. */
  deposit(account: string, cents: number): number;
  /** Answers what is left. */
  transfer(from: string, to: string, cents: number): number;
  /** Sets money aside; only the node that asked may release or capture it. Answers the hold's number. */
  hold(account: string, cents: number): number;
  /** The money goes back to where it was held. */
  release(hold: number): void;
  /** The money goes to `to`; `reference` is what the payment is for. */
  capture(hold: number, to: string, reference: string): void;
  balance(account: string): number;
  /** All the money there is: balances and holds. */
  total(): number;
  audit(): BankAudit;
}

export interface Payment {
  readonly reference: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

export interface BankAudit {
  readonly balances: Readonly<Record<string, number>>;
  readonly holds: readonly { readonly account: string; readonly cents: number }[];
  /** Every hold that was captured. */
  readonly payments: readonly Payment[];
}

/** The `details` of the bank's rejections. */
export type BankRefusal =
  | { readonly code: "UNKNOWN_ACCOUNT"; readonly account: string }
  | { readonly code: "INSUFFICIENT_FUNDS"; readonly account: string; readonly have: number; readonly need: number }
  | { readonly code: "UNKNOWN_HOLD"; readonly hold: number }
  | { readonly code: "NOT_YOUR_HOLD"; readonly hold: number };
