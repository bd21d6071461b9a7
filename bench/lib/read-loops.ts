/**
 * What only reads, over a list of accounts: the loops that heap.read and heap.scan time. nodes/heap.ts loads this module twice, so
 * that plain and persistent objects each have functions of their own: a function that has seen both would keep feedback about both,
 * and whoever came second would be slower for the other's sake. It declares no class and writes nothing persistent.
 */
export interface Readable {
  readonly id: number;
  readonly owner: string;
  readonly balance: number;
  readonly open: boolean;
  readonly limit: number | null;
}

export interface Holder {
  readonly list: readonly Readable[];
}

/** Two properties of each, and the length of a third. */
export function read(holder: Holder, times: number): number {
  let sum = 0;
  for (let time = 0; time < times; time++) {
    const { list } = holder;
    for (let i = 0; i < list.length; i++) {
      const account = list[i]!;
      sum += account.balance + account.id + account.owner.length;
    }
  }
  return sum;
}

/** The turn "scan": filter, sort and reduce, all answers counted so that nothing can be left out. */
export function scan(holder: Holder, times: number): number {
  let sum = 0;
  for (let time = 0; time < times; time++) {
    const chosen = holder.list.filter((account) => account.open && account.balance > 100);
    chosen.sort((a, b) => b.balance - a.balance);
    sum += chosen.reduce((total, account) => total + account.balance, 0) + chosen[time % chosen.length]!.id;
  }
  return sum;
}
