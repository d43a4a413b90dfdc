import { RejectCode } from "libmoshpit/wire";
import { OpenError } from "./host-requests.js";

interface Question<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: OpenError) => void;
}

export interface Asking<Answer> {
  readonly ask: () => void;
  /** Called at once, before anything else that the host says is looked at: it may be about the answer. */
  readonly answered?: (answer: Answer) => void;
  readonly tooSlow?: () => void;
}

/** Questions of one kind to a session host that have no answer yet. One answer each is taken. */
export class Questions<Key, Answer> {
  readonly #timeoutMs: number;
  readonly #waiting = new Map<Key, Question<Answer>>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Rejects with `OpenError`: what the host says, or that it says nothing. */
  async ask(key: Key, { ask, answered, tooSlow }: Asking<Answer>): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(key);
      };
      const question: Question<Answer> = {
        resolve: (answer) => {
          settle();
          answered?.(answer);
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        const what = `the session host said nothing for ${this.#timeoutMs / 1_000} s`;
        question.reject(new OpenError(RejectCode.INTERNAL, what));
        tooSlow?.();
      }, this.#timeoutMs);
      this.#waiting.set(key, question);
      ask();
    });
  }

  /** Without a question it is too late, or was never asked for: nothing happens. */
  resolve(key: Key, answer: Answer): void {
    this.#waiting.get(key)?.resolve(answer);
  }

  reject(key: Key, error: OpenError): void {
    this.#waiting.get(key)?.reject(error);
  }

  rejectAll(error: OpenError): void {
    for (const question of [...this.#waiting.values()]) question.reject(error);
  }
}
