import { type CoverageTable, notYet } from "./runner.js";

export const integers: CoverageTable = notYet("integer products are to come", ["ref.int_matmul"]);
