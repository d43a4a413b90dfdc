interface Best {
  readonly round: number;
  readonly value: number;
}

/** The largest value of the last so many rounds. */
export class RoundMaximum {
  readonly #rounds: number;
  /** Of descending values and ascending rounds: each is the largest since the one before it. */
  #best: Best[] = [];

  constructor(rounds: number) {
    this.#rounds = rounds;
  }

  /** 0 if there is none. */
  get value(): number {
    return this.#best[0]?.value ?? 0;
  }

  add(round: number, value: number): void {
    this.#best = this.#best.filter((best) => best.value > value && best.round > round - this.#rounds);
    this.#best.push({ round, value });
  }
}
