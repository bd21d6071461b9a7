/** What large heaps are made of in more than one case: a small object with a string of its own and a reference. */
export class Account {
  readonly id: number;
  readonly owner: string;
  balance = 100;
  tags: string[] | null = null;
  other: Account | null;

  constructor(id: number, other: Account | null) {
    this.id = id;
    // A string of its own, as one that was read from somewhere is, here and after recovery.
    this.owner = `owner ${id % 1000}`;
    this.other = other;
  }
}
