/** Does `act` for every item, `size` at a time. */
export async function inBatches<Item>(
  items: readonly Item[],
  size: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += size) await Promise.all(items.slice(at, at + size).map(act));
}
