/** Hands items over at their moments, in the order of the moments; equal moments in the order of insertion. */
export class DelayLine<Item> {
  readonly #deliver: (item: Item) => void;
  readonly #items: { readonly at: number; readonly item: Item }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deliver: (item: Item) => void) {
    this.#deliver = deliver;
  }

  /** `at`: milliseconds of `performance.now()`. */
  insert(at: number, item: Item): void {
    let place = this.#items.length;
    while (place > 0 && (this.#items[place - 1]?.at ?? 0) > at) place--;
    this.#items.splice(place, 0, { at, item });
    if (place === 0) this.#arm();
  }

  clear(): void {
    this.#items.length = 0;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#items[0];
    if (first === undefined) return;
    const wait = first.at - performance.now();
    // setTimeout takes at least 1 ms: what is due goes at once.
    if (wait <= 0) this.#due();
    else this.#timer = setTimeout(() => this.#due(), wait);
  }

  #due(): void {
    for (let first = this.#items[0]; first !== undefined; first = this.#items[0]) {
      if (first.at > performance.now()) break;
      this.#items.shift();
      this.#deliver(first.item);
    }
    this.#arm();
  }
}
