import { sameRow, type Row } from "./row.js";

/** Makes equal rows of consecutive states the same object, wherever on the screen they are. */
export class RowSharing {
  #before: ReadonlyMap<number, Row> = new Map();
  #now = new Map<number, Row>();

  /** A new state begins. */
  begin(): void {
    this.#now = new Map();
  }

  /** The row of this or the previous state that is equal, or the row itself. */
  share(row: Row): Row {
    const known = this.#now.get(row.hash) ?? this.#before.get(row.hash);
    const shared = known !== undefined && sameRow(known, row) ? known : row;
    this.#now.set(row.hash, shared);
    return shared;
  }

  /** The state is complete: the next one shares its rows. */
  end(): void {
    this.#before = this.#now;
  }
}
