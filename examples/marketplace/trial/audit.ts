/**
 * The audit: claims about a finished run, each with a check that says in plain words what is wrong. A pure function of the
 * evidence. Nothing here trusts the nodes: what clients were told decides what the books must say.
 */
import type { BidResult } from "../auction/api.ts";
import type { Evidence } from "./evidence.ts";
import { accepted } from "./ledger.ts";

export interface Finding {
  readonly claim: string;
  readonly violations: readonly string[];
}

export function audit(evidence: Evidence): Finding[] {
  return claims.map(([claim, check]) => ({ claim, violations: check(evidence) }));
}

type Check = (evidence: Evidence) => string[];

const money = (cents: number): string => (cents / 100).toLocaleString("en", { minimumFractionDigits: 2 });
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
const groupBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
};
const times = (count: number): string => (count === 0 ? "never" : count === 1 ? "once" : `${count} times`);

const everyRequestIsAnswered: Check = ({ ledger }) =>
  ledger.flatMap(({ key, target, args, answer }) => {
    const what = `${key}, ${target}(${args.join(", ")}),`;
    if (answer === undefined) return [`${what} was never answered`];
    // 200 is yes and 409 the service's own no; anything else is the fault of a node.
    return answer.status === 200 || answer.status === 409 ? [] : [`${what} was answered ${answer.status}: ${answer.body}`];
  });

const sameKeySameAnswer: Check = ({ ledger }) =>
  ledger.flatMap(({ key, target, answer, contradictions }) =>
    contradictions.map((other) => `${key}, ${target}, was told ${answer?.status} ${answer?.body}, and when repeated ${other.status} ${other.body}`),
  );

const repeatsChangeNothing: Check = ({ books, booksAfterRepeats: after }) => {
  const parts = ["bank", "auction", "shipper", "traders"] as const;
  return parts.filter((part) => JSON.stringify(books[part]) !== JSON.stringify(after[part])).map((part) => `the books of the ${part} changed when old requests were repeated`);
};

const moneyIsConserved: Check = ({ books: { bank }, ledger }) => {
  const deposited = sum(accepted(ledger, "bank/bank/deposit").map(({ args }) => args[1] as number));
  const onAccounts = sum(Object.values(bank.balances));
  const held = sum(bank.holds.map((hold) => hold.cents));
  const violations = [];
  if (onAccounts + held !== bank.total) violations.push(`the bank's total is ${money(bank.total)}, its accounts and holds add up to ${money(onAccounts + held)}`);
  const missing = deposited - onAccounts - held;
  if (missing !== 0) violations.push(`clients were told that ${money(deposited)} was deposited; the bank has ${money(onAccounts + held)}: ${money(Math.abs(missing))} ${missing > 0 ? "is gone" : "came from nowhere"}`);
  return violations;
};

/** Each account, from what clients were told of deposits and transfers, and from the payments for lots. */
const everyAccountAddsUp: Check = ({ books: { bank }, ledger }) => {
  const expected = new Map<string, number>();
  const add = (account: string, cents: number): unknown => expected.set(account, (expected.get(account) ?? 0) + cents);
  for (const { args } of accepted(ledger, "bank/bank/open")) add(args[0] as string, 0);
  for (const { args } of accepted(ledger, "bank/bank/deposit")) add(args[0] as string, args[1] as number);
  for (const { args } of accepted(ledger, "bank/bank/transfer")) {
    add(args[0] as string, -(args[2] as number));
    add(args[1] as string, args[2] as number);
  }
  for (const { account, cents } of bank.holds) add(account, -cents);
  for (const { from, to, cents } of bank.payments) {
    add(from, -cents);
    add(to, cents);
  }
  for (const account of Object.keys(bank.balances)) add(account, 0);
  return [...expected].flatMap(([account, cents]) => {
    const has = bank.balances[account];
    if (has === undefined) return [`the account ${account} is gone`];
    return has === cents ? [] : [`${account} has ${money(has)}; what clients were told adds up to ${money(cents)}`];
  });
};

const nothingIsLeftOver: Check = ({ books: { bank, auction, shipper, traders } }) => [
  ...bank.holds.map(({ account, cents }) => `${money(cents)} of ${account} is still held by the bank`),
  ...auction.lots.filter(({ state }) => state !== "unsold" && state !== "shipped").map(({ id, state }) => `${id} stays ${state}`),
  ...(auction.waiting === 0 ? [] : [`${auction.waiting} bids wait for the bank for ever`]),
  ...shipper.parcels.filter(({ label }) => label === null).map(({ lot }) => `the parcel of ${lot} waits for its label for ever`),
  ...traders.filter(({ waiting }) => waiting).map(({ account }) => `${account} waits for an answer for ever`),
];

const everyLotExistsOnce: Check = ({ books: { auction }, ledger }) => {
  const told = accepted(ledger, "auction/house/openLot").map(({ value }) => value as string);
  const counts = new Map<string, number>(auction.lots.map(({ id }) => [id, 0]));
  const ghosts = new Set(told.filter((id) => !counts.has(id)));
  for (const id of told) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].flatMap(([id, count]) => [
    ...(ghosts.has(id) ? [`the house told a seller of ${id} and does not know it`] : []),
    ...(count === 1 ? [] : [`${id} was given to a seller ${times(count)}`]),
  ]);
};

const everySoldLotIsPaidOnce: Check = ({ books: { auction, bank } }) => {
  const sold = new Map(auction.lots.filter(({ state, leader }) => state !== "open" && leader !== null).map((lot) => [lot.id, lot]));
  const payments = groupBy(bank.payments, ({ reference }) => reference);
  return [
    ...[...payments.keys()].filter((lot) => !sold.has(lot)).map((lot) => `${lot} was paid for and was not sold`),
    ...[...sold.values()].flatMap(({ id, leader, seller, price }) => {
      const paid = payments.get(id) ?? [];
      if (paid.length !== 1) return [`${id}, sold for ${money(price)}, was paid ${times(paid.length)}`];
      const { from, to, cents } = paid[0]!;
      if (from === leader && to === seller && cents === price) return [];
      return [`for ${id} ${leader} owed ${seller} ${money(price)}, and ${from} paid ${to} ${money(cents)}`];
    }),
  ];
};

const everyPaidLotIsShippedOnce: Check = ({ books: { auction, bank, shipper } }) => {
  const parcels = groupBy(shipper.parcels, ({ lot }) => lot);
  const lots = new Map(auction.lots.map((lot) => [lot.id, lot]));
  const paid = new Map(bank.payments.map((payment) => [payment.reference, payment]));
  return [
    ...[...parcels.keys()].filter((lot) => !paid.has(lot)).map((lot) => `${lot} was shipped and never paid`),
    ...[...paid].flatMap(([lot, { from }]) => {
      const shipped = parcels.get(lot) ?? [];
      if (shipped.length !== 1) return [`${lot} was paid and was shipped ${times(shipped.length)}`];
      const { recipient, label } = shipped[0]!;
      if (recipient !== from) return [`${lot} was paid by ${from} and shipped to ${recipient}`];
      return lots.get(lot)?.label === label ? [] : [`the house knows ${lot} by the label ${lots.get(lot)?.label}, the shipper by ${label}`];
    }),
  ];
};

const labelsAreTheParcels: Check = ({ books: { bank, shipper }, labels }) => {
  const paid = new Set(bank.payments.map(({ reference }) => reference));
  const parcels = new Map(shipper.parcels.map((parcel) => [parcel.label, parcel]));
  const files = new Set(labels.map(({ file }) => file));
  return [
    ...shipper.parcels.filter(({ label }) => label !== null && !files.has(label)).map(({ lot, label }) => `the label ${label} of ${lot} is not in the folder`),
    ...labels.flatMap(({ file, parcel: { lot, recipient } }) => {
      if (!paid.has(lot)) return [`a label was printed for ${lot}, which was never paid: ${file}`];
      const parcel = parcels.get(file);
      if (parcel === undefined) return [`the shipper knows nothing of the label ${file} for ${lot}`];
      return parcel.lot === lot && parcel.recipient === recipient ? [] : [`the label ${file} is for ${lot} to ${recipient}, the parcel for ${parcel.lot} to ${parcel.recipient}`];
    }),
  ];
};

const everyBidIsAnsweredOnce: Check = ({ books: { auction, traders }, ledger }) => {
  const overHttp = accepted(ledger, "auction/house/bid").map(({ value }) => (value as { result: BidResult }).result);
  const results = Object.keys(auction.answers) as BidResult[];
  return [
    ...results.flatMap((result) => {
      const heard = overHttp.filter((each) => each === result).length + sum(traders.map(({ answers }) => answers[result]));
      return heard === auction.answers[result] ? [] : [`the house answered "${result}" to ${auction.answers[result]} bids, and bidders heard it ${times(heard)}`];
    }),
    ...traders.flatMap(({ account, bids, answers }) => {
      const heard = sum(Object.values(answers));
      return [
        ...(heard === bids ? [] : [`${account} made ${bids} bids and got ${heard} answers`]),
        ...(answers.failed === 0 ? [] : [`${answers.failed} bids of ${account} failed`]),
      ];
    }),
  ];
};

const claims: readonly (readonly [claim: string, check: Check])[] = [
  ["every HTTP request was answered", everyRequestIsAnswered],
  ["a repeated key got the identical answer", sameKeySameAnswer],
  ["repeating every request changed nothing", repeatsChangeNothing],
  ["money is conserved to the cent", moneyIsConserved],
  ["every account holds what clients were told", everyAccountAddsUp],
  ["nothing is left half done", nothingIsLeftOver],
  ["every lot exists once", everyLotExistsOnce],
  ["every sold lot was paid once, by the winner to the seller", everySoldLotIsPaidOnce],
  ["every paid lot was shipped once, to who paid", everyPaidLotIsShippedOnce],
  ["the labels are those of the parcels, none for an unpaid lot", labelsAreTheParcels],
  ["every bid was answered once", everyBidIsAnsweredOnce],
  ["no process ended by itself, nothing was given up", ({ incidents }) => [...incidents]],
];
