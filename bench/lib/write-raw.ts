/** A loop of writes that the compiler has not seen, because it is made from text: the floor of what a write costs. */
export const writeRaw = new Function("list", "value", "for (let i = 0; i < list.length; i++) list[i].balance = value;") as (
  list: readonly { balance: number }[],
  value: number,
) => void;
