// The document that src/gradloop/page/record.py writes into a page. A number that is not finite is null.

export type Num = number | null;

export interface Feature {
  name: string;
  center: number; // training saw (x - center) / scale
  scale: number;
  mean: number; // the standardised column is (x - mean) / deviation
  deviation: number;
  middle: number; // the mean of all rows, where the others are held when one is looked at
}

export interface Step {
  number: number; // from 1
  epoch: number; // from 1
  batch: number; // of the epoch, from 1
  learning_rate: number;
  rows: number | null; // how many there were; null: all
  points: number[] | null; // those of them that are among the points shown, by their places there, at most 200
  before: Num[]; // the parameters, one behind the other, as trained
  after: Num[];
  at: Num[]; // where the gradients were taken: before, or where momentum had carried it
  gradient: Num[]; // of the batch
  full_gradient: Num[]; // of all rows
  batch_loss: Num;
  loss: Num; // of all rows
}

export interface Steps {
  all: number; // that there were; `taken` may be some of them
  batches: number; // of an epoch
  batch_size: number;
  taken: Step[];
}

// The objective near where descent begins, for columns in one of their two units:
// loss(w) = loss + gradient · (w − start) + ½ (w − start)ᵀ matrix (w − start), for quadratic ones everywhere.
export interface Bowl {
  start: number[];
  loss: Num;
  gradient: Num[] | null; // null, like the matrix, where there are too many parameters
  matrix: number[][] | null; // second derivatives of the loss at the start
  largest: Num; // λmax, the largest eigenvalue
  stable_rate: Num; // 2 / λmax: descent with a larger rate grows
}

export interface Surface {
  parameters: [number, number]; // their places among all
  names: [string, string];
  across: number[]; // values of the first
  up: number[]; // values of the second
  losses: Num[][]; // [across][up]; other parameters are held at the values found
  rows: number; // whose mean the losses are
}

export interface Line {
  name: string;
  expression: string; // "" for what is given
  value: string;
}

export interface Slope {
  name: string; // d loss / d w
  value: string;
  numeric: string;
  agrees: boolean;
}

export interface Move {
  name: string;
  before: number;
  gradient: number;
  rate: number;
  after: number;
}

export interface Arithmetic {
  step: number;
  row: number; // of the data, or its line in the file: one example of the batch
  unit: "row" | "line";
  rows: number; // of the batch
  y_hat: string; // the name of the prediction among the lines, or ""
  forward: Line[];
  backward: Slope[];
  updates: Move[];
  rule: string; // the optimizer: sgd, adam, ...
}

export interface RunRecord {
  version: number;
  gradloop: string;
  title: string;
  model: string;
  loss: string;
  kind: "linear" | "polynomial" | "logistic" | "softmax" | "law"; // whose formula the page knows
  solver: string;
  penalty: string;
  rows: number;
  columns: number; // of which `features` may be the first ones
  seed: number;
  turns: string; // "20 epochs", "7 iterations"
  stop: { name: string; sentence: string };
  certificate: { kind: string; value: Num; sentence: string };
  notes: string[];
  holdout: { [measure: string]: Num };
  features: Feature[];
  target: { name: string; classes: string[] | null };
  points: { all: number; rows: number[]; x: number[][]; y: number[]; weights: number[] | null }; // x by feature, in the units of the file
  parameters: {
    all: number;
    level: Num; // of the intervals
    names: string[];
    value: Num[]; // in the columns' units
    trained: Num[];
    start: Num[];
    standard_error: Num[];
    lower: Num[];
    upper: Num[];
    p_value: Num[];
  };
  history: {
    all: number;
    epoch: number[];
    loss: Num[];
    gradient_norm: Num[];
    learning_rate: Num[];
    rows: number[];
  };
  path: Num[][]; // the parameters as trained, in the order in which training had them
  steps: Steps | null;
  curvature: {
    quadratic: boolean; // whether a bowl is the loss everywhere
    trained: "raw" | "standardised"; // which of the two training saw
    raw: Bowl; // columns in the units of the file
    standardised: Bowl | null; // of mean zero and deviation one; null for a law, whose columns have units
  };
  lines: { x: number[]; y: Num[][] } | null; // of a law of one feature: predictions at x, for each place of the path
  surface: Surface | null;
  arithmetic: Arithmetic[];
}
