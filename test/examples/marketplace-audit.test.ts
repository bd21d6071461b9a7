/**
 * The marketplace's audit must be able to fail: sound evidence passes, and each kind of damage is reported, by the claim it
 * breaks, in words that name what is damaged.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit, type Finding } from "../../examples/marketplace/trial/audit.ts";
import { pending, type Evidence } from "../../examples/marketplace/trial/evidence.ts";
import { soundEvidence, type Clay } from "./marketplace-evidence.ts";

const broken = (findings: readonly Finding[]): Finding[] => findings.filter((finding) => finding.violations.length > 0);

test("sound evidence passes every claim", () => {
  const findings = audit(soundEvidence() as Evidence);
  assert.ok(findings.length >= 10);
  assert.deepEqual(broken(findings), []);
});

type Damage = readonly [what: string, damage: (evidence: Clay) => void, claim: RegExp, violation: RegExp];

const damages: readonly Damage[] = [
  ["a request without an answer", (e) => void (e.ledger[4]!.answer = undefined), /every HTTP request was answered/, /request-5.*never answered/],
  ["a request that a node failed", (e) => void (e.ledger[5]!.answer = { status: 500, body: "{}" }), /every HTTP request was answered/, /answered 500/],
  ["another answer to the same key", (e) => e.ledger[2]!.contradictions.push({ status: 200, body: "10000" }), /identical answer/, /told 200 5000.*repeated 200 10000/],
  ["a repetition with an effect", (e) => void (e.booksAfterRepeats.bank.balances["emil"]! += 1), /repeating every request changed nothing/, /bank/],
  ["lost money", (e) => loseMoney(e, -200), /conserved/, /2\.00 is gone/],
  ["money from nowhere", (e) => loseMoney(e, 1), /conserved/, /0\.01 came from nowhere/],
  ["a total that is no total", (e) => void (e.books.bank.total += 5), /conserved/, /80\.05.*80\.00/],
  ["money on the wrong account", (e) => misplaceMoney(e), /every account/, /emil has 48\.00.*47\.00/],
  ["a transfer that was told and lost", (e) => undoTransfer(e), /every account/, /ada has 23\.00.*33\.00/],
  ["an account that is gone", (e) => void delete e.books.bank.balances["emil"], /every account/, /emil is gone/],
  ["a hold without an end", (e) => e.books.bank.holds.push({ account: "ada", cents: 50 }), /half done/, /0\.50 of ada is still held/],
  ["a lot that stays open", (e) => void (e.books.auction.lots[1]!.state = "open"), /half done/, /lot-2 stays open/],
  ["a lot that stays unpaid", (e) => void (e.books.auction.lots[0]!.state = "sold"), /half done/, /lot-1 stays sold/],
  ["a bid that waits for ever", (e) => void (e.books.auction.waiting = 1), /half done/, /1 bids wait/],
  ["a parcel without a label", (e) => void (e.books.shipper.parcels[0]!.label = null), /half done/, /lot-1 waits for its label/],
  ["a trader that waits for ever", (e) => void (e.books.traders[0]!.waiting = true), /half done/, /ada waits/],
  ["a forgotten lot", (e) => void e.books.auction.lots.pop(), /every lot exists once/, /does not know it/],
  ["two sellers with the same lot", (e) => void (e.ledger[7]!.answer = { status: 200, body: '"lot-1"' }), /every lot exists once/, /lot-1 was given to a seller 2 times/],
  ["a lot that nobody opened", (e) => void (e.ledger[7]!.answer = { status: 409, body: "{}" }), /every lot exists once/, /lot-2 was given to a seller never/],
  ["a lot sold and not paid", (e) => void e.books.bank.payments.pop(), /paid once/, /lot-1, sold for 7\.00, was paid never/],
  ["a lot paid twice", (e) => e.books.bank.payments.push({ ...e.books.bank.payments[0]! }), /paid once/, /was paid 2 times/],
  ["a wrong price", (e) => void (e.books.bank.payments[0]!.cents = 600), /paid once/, /ada owed emil 7\.00, and ada paid emil 6\.00/],
  ["a wrong payer", (e) => void (e.books.bank.payments[0]!.from = "emil"), /paid once/, /emil paid emil/],
  ["a payment for an unsold lot", (e) => e.books.bank.payments.push({ reference: "lot-2", from: "ada", to: "emil", cents: 1 }), /paid once/, /lot-2 was paid for and was not sold/],
  ["a paid lot that is not shipped", (e) => void e.books.shipper.parcels.pop(), /shipped once/, /lot-1 was paid and was shipped never/],
  ["a lot shipped twice", (e) => e.books.shipper.parcels.push({ ...e.books.shipper.parcels[0]!, label: "k2.label" }), /shipped once/, /shipped 2 times/],
  ["an unpaid lot that is shipped", (e) => e.books.shipper.parcels.push({ lot: "lot-2", title: "a lamp", recipient: "ada", label: "k1.label" }), /shipped once/, /lot-2 was shipped and never paid/],
  ["a parcel to somebody else", (e) => void (e.books.shipper.parcels[0]!.recipient = "emil"), /shipped once/, /paid by ada and shipped to emil/],
  ["a confirmation of another label", (e) => void (e.books.auction.lots[0]!.label = "k9.label"), /shipped once/, /k9\.label/],
  ["a missing label", (e) => void e.labels.pop(), /labels/, /k1\.label of lot-1 is not in the folder/],
  ["a second label for one parcel", (e) => e.labels.push({ ...e.labels[0]!, file: "k2.label" }), /labels/, /knows nothing of the label k2\.label/],
  ["a label for an unpaid lot", (e) => e.labels.push({ file: "k2.label", parcel: { lot: "lot-2", title: "a lamp", recipient: "ada" } }), /labels/, /lot-2, which was never paid/],
  ["a label with a wrong address", (e) => void (e.labels[0]!.parcel.recipient = "emil"), /labels/, /lot-1 to emil/],
  ["a bid answered twice", (e) => void e.books.auction.answers.accepted++, /every bid/, /"accepted" to 3 bids, and bidders heard it 2 times/],
  ["a trader without an answer", (e) => void e.books.traders[0]!.bids++, /every bid/, /ada made 3 bids and got 2 answers/],
  ["a bid that failed", (e) => failBid(e), /every bid/, /1 bids of ada failed/],
  ["a process that ended by itself", (e) => e.incidents.push("the process of the bank ended by itself"), /ended by itself/, /bank/],
];

for (const [what, damage, claim, violation] of damages) {
  test(`the audit reports ${what}`, () => {
    const evidence = soundEvidence();
    damage(evidence);
    const finding = broken(audit(evidence as Evidence)).find((each) => claim.test(each.claim));
    assert.ok(finding, "the claim is reported as broken");
    assert.ok(finding.violations.some((each) => violation.test(each)), finding.violations.join("\n"));
  });
}

test("every claim of the audit can be broken by one of the damages above", () => {
  const claims = audit(soundEvidence() as Evidence).map((finding) => finding.claim);
  assert.deepEqual(claims.filter((claim) => !damages.some(([, , pattern]) => pattern.test(claim))), []);
});

test("what is pending is said, and nothing is when all is done", () => {
  const evidence = soundEvidence();
  assert.deepEqual(pending((evidence as Evidence).books), []);
  evidence.books.auction.lots[0]!.state = "paid";
  evidence.books.bank.holds.push({ account: "ada", cents: 1 });
  evidence.books.traders[0]!.waiting = true;
  assert.deepEqual(pending((evidence as Evidence).books), ["unshipped lots 1", "holds 1", "waiting traders 1"]);
});

function loseMoney({ books: { bank } }: Clay, cents: number): void {
  bank.balances["emil"]! += cents;
  bank.total += cents;
}

function misplaceMoney({ books: { bank } }: Clay): void {
  bank.balances["emil"]! += 100;
  bank.balances["ada"]! -= 100;
}

function undoTransfer({ books: { bank } }: Clay): void {
  bank.balances["emil"]! += 1_000;
  bank.balances["ada"]! -= 1_000;
}

function failBid({ books: { auction, traders } }: Clay): void {
  auction.answers.closed--;
  traders[0]!.answers.closed--;
  traders[0]!.answers.failed++;
}
