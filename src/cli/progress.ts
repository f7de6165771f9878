import { SingleBar } from "cli-progress";

/** How far work has come, on stderr: a bar in a terminal; elsewhere a line for each note that says to keep it. */
export class Progress {
  private readonly bar: SingleBar | undefined;

  constructor(total: number, start = 0) {
    if (!process.stderr.isTTY) return;
    this.bar = new SingleBar({
      format: "  {bar} {percentage}%  {note}  {duration_formatted}, {eta_formatted} to go",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      stream: process.stderr,
    });
    this.bar.start(total, start, { note: "" });
  }

  /** `keep`: worth a line where there is no bar. */
  update(done: number, note: string, { keep = false } = {}): void {
    this.bar?.update(done, { note });
    if (this.bar === undefined && keep) console.error(note);
  }

  stop(): void {
    this.bar?.stop();
  }
}
