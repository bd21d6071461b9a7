/**
 * A bank. Shows the plainest service: its fields are the durable state, each call is one turn, and a Rejection undoes the
 * whole turn. `from` says who may call: deposits come from outside, holds are for other nodes. `this.turn.sender` is
 * authenticated, so only the node that placed a hold can end it.
 */
import { app, Rejection, Service, type Messages, type Serves } from "maceken";
import { account, cents, holdId, reference, type BankApi, type BankAudit, type BankRefusal, type Payment } from "./api.ts";

interface Hold {
  readonly account: string;
  readonly cents: number;
  readonly holder: string | undefined;
}

export class Bank extends Service implements Serves<BankApi> {
  static readonly messages: Messages<Bank, BankApi> = {
    open: { args: [account] },
    deposit: { args: [account, cents], from: "http" },
    transfer: { args: [account, account, cents] },
    hold: { args: [account, cents], from: "peers" },
    release: { args: [holdId], from: "peers" },
    capture: { args: [holdId, account, reference], from: "peers" },
    balance: { args: [account] },
    total: true,
    audit: true,
  };

  readonly #balances = new Map<string, number>();
  readonly #holds = new Map<number, Hold>();
  readonly #payments: Payment[] = [];
  #lastHold = 0;

  open(account: string): void {
    if (!this.#balances.has(account)) this.#balances.set(account, 0);
  }

  deposit(account: string, cents: number): number {
    return this.#add(account, cents);
  }

  transfer(from: string, to: string, cents: number): number {
    const left = this.#add(from, -cents);
    this.#add(to, cents); // rejects an unknown account, and that undoes the line above too
    return left;
  }

  hold(account: string, cents: number): number {
    this.#add(account, -cents);
    this.#holds.set(++this.#lastHold, { account, cents, holder: this.turn.sender.name });
    return this.#lastHold;
  }

  release(id: number): void {
    const hold = this.#takeHold(id);
    this.#add(hold.account, hold.cents);
  }

  capture(id: number, to: string, reference: string): void {
    const hold = this.#takeHold(id);
    this.#add(to, hold.cents);
    this.#payments.push({ reference, from: hold.account, to, cents: hold.cents });
  }

  balance(account: string): number {
    return this.#add(account, 0);
  }

  total(): number {
    let total = 0;
    for (const cents of this.#balances.values()) total += cents;
    for (const hold of this.#holds.values()) total += hold.cents;
    return total;
  }

  audit(): BankAudit {
    return {
      balances: Object.fromEntries(this.#balances),
      holds: [...this.#holds.values()].map(({ account, cents }) => ({ account, cents })),
      payments: this.#payments,
    };
  }

  /** The one place where balances change. */
  #add(account: string, cents: number): number {
    const have = this.#balances.get(account);
    if (have === undefined) throw refusal(`there is no account ${account}`, { code: "UNKNOWN_ACCOUNT", account });
    if (have + cents < 0) throw refusal("insufficient funds", { code: "INSUFFICIENT_FUNDS", account, have, need: -cents });
    if (cents !== 0) this.#balances.set(account, have + cents);
    return have + cents;
  }

  #takeHold(id: number): Hold {
    const hold = this.#holds.get(id);
    if (hold === undefined) throw refusal(`there is no hold ${id}`, { code: "UNKNOWN_HOLD", hold: id });
    if (hold.holder !== this.turn.sender.name) throw refusal(`hold ${id} is not yours`, { code: "NOT_YOUR_HOLD", hold: id });
    this.#holds.delete(id);
    return hold;
  }
}

const refusal = (message: string, details: BankRefusal) => new Rejection(message, details);

export default app({ version: 1 }).service("bank", () => new Bank());
