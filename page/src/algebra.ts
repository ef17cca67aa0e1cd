// The little linear algebra that a page needs: matrices of at most some thirty rows.

export type Vector = number[];
export type Matrix = number[][];

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function times(matrix: Matrix, vector: Vector): Vector {
  return matrix.map((row) => dot(row, vector));
}

export function minus(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value - b[i]);
}

export function length(a: Vector): number {
  return Math.hypot(...a);
}

// a + factor · b
export function along(a: Vector, factor: number, b: Vector): Vector {
  return a.map((value, i) => value + factor * b[i]);
}

// The solution of a symmetric, positive system by elimination with pivots; null where a pivot vanishes.
export function solve(matrix: Matrix, right: Vector): Vector | null {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const largest = Math.max(...matrix.flat().map(Math.abs), 0);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    if (!(Math.abs(rows[pivot][k]) > 1e-13 * largest)) return null;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < size; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= size; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const found = new Array<number>(size).fill(0);
  for (let k = size - 1; k >= 0; k--) {
    const known = dot(rows[k].slice(k + 1, size), found.slice(k + 1));
    found[k] = (rows[k][size] - known) / rows[k][k];
  }
  return found;
}

export interface Axes {
  values: [number, number]; // the larger first
  vectors: [Vector, Vector];
}

// Eigenvalues and eigenvectors of a symmetric 2 × 2 matrix: a rotation by half the angle of (a − d, 2b).
export function principal([[a, b], [, d]]: Matrix): Axes {
  const middle = (a + d) / 2;
  const radius = Math.hypot((a - d) / 2, b);
  const angle = Math.atan2(2 * b, a - d) / 2;
  const first = [Math.cos(angle), Math.sin(angle)];
  return { values: [middle + radius, middle - radius], vectors: [first, [-first[1], first[0]]] };
}

export function block(matrix: Matrix, i: number, j: number): Matrix {
  return [
    [matrix[i][i], matrix[i][j]],
    [matrix[j][i], matrix[j][j]],
  ];
}

export function range(from: number, to: number, count: number): Vector {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / Math.max(count - 1, 1));
}
