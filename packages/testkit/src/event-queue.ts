import type { Micros } from "libmoshpit/util";

interface Entry<Item> {
  readonly at: Micros;
  readonly order: number;
  readonly item: Item;
}

/** What is to happen on virtual time: the earliest first, and of the same moment what was put in first. */
export class EventQueue<Item> {
  readonly #heap: Entry<Item>[] = [];
  #order = 0;

  get nextAt(): Micros | undefined {
    return this.#heap[0]?.at;
  }

  push(at: Micros, item: Item): void {
    this.#heap.push({ at, order: this.#order++, item });
    this.#rise(this.#heap.length - 1);
  }

  pop(): Item | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first.item;
  }

  #rise(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >>> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(index: number): void {
    for (let at = index; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(i: number, j: number): boolean {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(i: number, j: number): void {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}
