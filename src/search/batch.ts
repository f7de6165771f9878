import type { TrialRecord } from "./trial.js";

/** The trials of a batch as they run: so many at a time, and side by side where a stopper compares them. */
export class Batch {
  /** What they have yielded, by number, turned so that less is better. */
  readonly curves: Map<number, readonly number[]>;
  /** Trials that have not ended. */
  private alive = 0;
  /** What lets those go on that have waited for a place, and those that wait for the others. */
  private readonly ready: (() => void)[] = [];
  private readonly met: (() => void)[] = [];

  constructor(
    private places: number,
    ended: readonly TrialRecord[],
  ) {
    this.curves = new Map(ended.map(({ number, curve }) => [number, curve]));
  }

  /** Runs a trial once there is a place for it. */
  async run<T>(trial: () => Promise<T>): Promise<T> {
    this.alive++;
    await this.wait(this.ready);
    try {
      return await trial();
    } finally {
      this.alive--;
      this.places++;
      this.go();
    }
  }

  /** Leaves its place to others until all have come to this step or ended; gives what the others yielded there. */
  async meet(number: number, step: number): Promise<number[]> {
    this.places++;
    await this.wait(this.met);
    return [...this.curves].flatMap(([other, curve]) => (other === number ? [] : curve.slice(step - 1, step)));
  }

  private wait(among: (() => void)[]): Promise<void> {
    return new Promise((goOn) => {
      among.push(goOn);
      this.go();
    });
  }

  private go(): void {
    if (this.met.length === this.alive) this.ready.push(...this.met.splice(0));
    for (; this.places > 0 && this.ready.length > 0; this.places--) this.ready.shift()!();
  }
}
