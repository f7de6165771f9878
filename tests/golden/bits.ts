import { type CoverageTable, notYet } from "./runner.js";

export const bits: CoverageTable = notYet("binary weights are to come", ["ref.binary_xnor", "ref.ternary_twn"]);
