import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { journal, type Storage } from "../index.js";
import { printable } from "./text.js";

/** The journal of a search: nothing that was tried is lost, however the process ends. */
export class StudyFile {
  readonly path: string;
  /** How many trials it held before. */
  before = 0;

  /** `given`: where the user wants it; otherwise it is a new file here. `task`: a study goes on only with what it began with. */
  constructor(
    private readonly given: string | undefined,
    private readonly task: string,
  ) {
    this.path = given ?? freeName();
  }

  get storage(): Storage {
    const file = journal(this.path);
    return {
      open: async (header) => {
        const trials = await file.open({ ...{ task: this.task }, ...header });
        this.before = trials.length;
        const holds = this.before > 0 ? `, which has ${this.before}` : "";
        console.error(`trials are kept in ${printable(this.path)}${holds}`);
        return trials;
      },
      append: (trial) => file.append(trial),
      close: () => file.close?.(),
    };
  }

  /** What a command line that goes on needs besides this one's. */
  get flags(): string[] {
    return this.given === undefined ? ["--storage", this.path] : [];
  }

  /** Frees the disk of what nobody asked to keep. */
  async drop(): Promise<void> {
    if (this.given === undefined) await rm(this.path, { force: true });
  }
}

/** study.jsonl, study-2.jsonl, … */
function freeName(): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? "study.jsonl" : `study-${n}.jsonl`;
    if (!existsSync(name)) return name;
  }
}
