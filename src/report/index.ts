export type {
  CandidateFigures,
  CostFigures,
  Figures,
  LayerFigures,
  LossCurve,
  Misread,
  Pair,
  ReportData,
  Setting,
  TrialFigures,
} from "./data.js";
export { report } from "./report.js";
