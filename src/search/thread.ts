import { hasThreads, port, type Spawned, spawn, trialsMark } from "../runtime/spawn.js";
import type { Values } from "./objective.js";

export { processors } from "../runtime/spawn.js";

/** What a thread runs: it loads the objective, tells what it is, and then takes a step of a trial for each message. */
const program = (url: string) => `
const port = ${port};
globalThis[${JSON.stringify(trialsMark)}] = true;
const objective = import(${JSON.stringify(url)}).then((module) => module.default);
const trials = new Map();
const plain = (error) => error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : error;
const begin = async ({ params, context }) => {
  const halt = new AbortController();
  const result = (await objective)(params, { ...context, signal: halt.signal });
  const steps = typeof result?.next === "function" ? result : { next: async () => ({ done: true, value: await result }) };
  return { halt, steps };
};
port.onmessage = async ({ data: { trial, start, end, abort } }) => {
  if (abort) return trials.get(trial)?.halt.abort();
  try {
    if (start) trials.set(trial, await begin(start));
    const { steps } = trials.get(trial);
    const { done, value } = await (end ? steps.return() : steps.next());
    if (done) trials.delete(trial);
    port.postMessage({ done, value });
  } catch (error) {
    trials.delete(trial);
    port.postMessage({ isError: error instanceof Error, thrown: plain(error) });
  }
};
objective.then((value) => port.postMessage({ type: typeof value }), (error) => port.postMessage({ broken: String(error) }));
`;

/** What a thread says: first what its module exports, then one answer per step. */
interface Message {
  readonly type?: string;
  readonly broken?: string;
  readonly done?: boolean;
  readonly value?: Values;
  readonly isError?: boolean;
  readonly thrown?: unknown;
}

/** A thread ended while it ran a step of this trial, or of none. */
export class Crash {
  constructor(
    readonly why: string,
    readonly trial?: number,
  ) {}
}

interface Request {
  readonly trial: number;
  readonly start?: { params: unknown; context: { number: number; seed: number } };
  readonly end?: true;
}

/** A thread, which takes one step at a time, so that it is known whose step ended it. */
export class Thread {
  /** Trials that live in it, and how many of them want to go on. */
  readonly trials = new Set<number>();
  asking = 0;
  /** Why it ended, once it has. */
  ended: string | undefined;
  /** Fails unless its module exports an objective. */
  readonly ready: Promise<void>;
  private readonly worker: Spawned;
  private answered: (answer: Message) => void = () => {};
  private crashed: (why: string) => void = () => {};
  private turn: Promise<unknown>;

  constructor(url: string, failure: (why: string) => Error) {
    const first = new Promise<Message>((resolve, reject) => {
      this.answered = resolve;
      this.crashed = (why) => reject(failure(`${url} ended its thread while it was loaded: ${why}`));
    });
    if (!hasThreads()) throw failure("this host has none; pass the objective itself to search()");
    this.worker = spawn<Message>(
      program(url),
      (message) => this.answered(message),
      (why) => {
        this.ended ??= why;
        this.crashed(why);
      },
    );
    this.ready = first.then(({ type, broken }) => {
      if (broken !== undefined) throw failure(`${url} cannot be loaded: ${broken}; it must be a module`);
      if (type !== "function") throw failure(`${url} has ${type} as its default export; it must be the objective`);
    });
    this.turn = this.ready.catch(() => {});
  }

  /** Has a step of a trial taken, after those that were asked for before. @throws Crash, or what the objective threw */
  async ask(request: Request): Promise<Message> {
    this.asking++;
    const answer = this.turn.then(
      () =>
        new Promise<Message>((resolve, reject) => {
          if (this.ended !== undefined) return reject(new Crash(this.ended));
          this.worker.postMessage(request);
          this.answered = resolve;
          this.crashed = (why) => reject(new Crash(why, request.trial));
        }),
    );
    this.turn = answer.catch(() => {});
    try {
      const { isError, thrown, ...rest } = await answer;
      if (isError) throw Object.assign(new Error(), thrown);
      if (isError === false) throw thrown;
      return rest;
    } finally {
      this.asking--;
    }
  }

  abort(): void {
    for (const trial of this.trials) this.worker.postMessage({ trial, abort: true });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
