/**
 * References: patches of good pictures of a class. What is unlike all of them is anomalous, without training (as in PatchCore,
 * Roth et al. 2022; WinCLIP+, Jeong et al. 2023; APRIL-GAN, Chen et al. 2023).
 */
import type { Gpu } from '../gpu/gpu.js';
import { MemoryBank } from '../kernels/memory_bank.js';
import { add, combine } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { full } from '../ops/fill.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { nearestNeighbour } from '../ops/nearest_neighbour.js';
import { reshape } from '../ops/reshape.js';
import { upsampleScores } from '../ops/score_map.js';
import { slice } from '../ops/slice.js';
import { persist, type Tensor, tidy } from '../tensor/tensor.js';

/** Unit patch tokens [B, G G, W] of tokens [B, 1 + G G, W]: the class token is left out. */
export const unitPatches = (tokens: Tensor): Tensor => tidy(() => l2Normalize(slice(tokens, 1, 1, tokens.dim(1) - 1)));

/** Memories of the levels, counted from 0; not every level needs one. */
export class References implements Disposable {
  readonly #banks: ReadonlyMap<number, MemoryBank>;

  /** @param banks unit patch tokens of the good pictures, for each level that is compared */
  constructor(banks: ReadonlyMap<number, MemoryBank>) {
    this.#banks = banks;
  }

  /**
   * Copies rows to the device.
   * @param rows for each level tensors [.., W] of unit rows; still the caller's to release
   * @param half rows are exact in f16, or may be rounded to it
   */
  static of(rows: ReadonlyMap<number, readonly Tensor[]>, half: boolean): References {
    const banks = new Map<number, MemoryBank>();
    try {
      for (const [level, own] of rows) banks.set(level, MemoryBank.of(own, { half }));
      return new References(banks);
    } catch (error) {
      for (const bank of banks.values()) bank[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.#banks.values()].reduce((sum, bank) => sum + bank.bytes, 0);
  }

  /** Distances, 1 - cosine, of unit rows [.., W] to the nearest reference of a level: [..]; undefined where it has none. */
  distances(unit: Tensor, level: number): Tensor | undefined {
    const bank = this.#banks.get(level);
    if (!bank) return undefined;
    return tidy(() => combine(nearestNeighbour(unit, bank).cosine, -1, full(unit.gpu, [], 1), 1));
  }

  [Symbol.dispose](): void {
    for (const bank of this.#banks.values()) bank[Symbol.dispose]();
  }
}

/** A run of pictures of a batch with the same references, or none. */
interface Run {
  readonly from: number;
  readonly count: number;
  readonly references: References | undefined;
}

/** Sums the distances of a batch's patches to the references of each picture's class, level by level. */
export class BatchDistances implements Disposable {
  readonly #runs: readonly Run[];
  /** [count, G G] of each run, so far. */
  readonly #sums: (Tensor | undefined)[];

  /** @param references those of each picture of the batch */
  constructor(references: readonly (References | undefined)[]) {
    const runs: Run[] = [];
    references.forEach((own, i) => {
      const last = runs.at(-1);
      if (last && last.references === own) runs[runs.length - 1] = { ...last, count: last.count + 1 };
      else runs.push({ from: i, count: 1, references: own });
    });
    this.#runs = runs;
    this.#sums = runs.map(() => undefined);
  }

  /** Takes the tokens [B, 1 + G G, W] of a level. */
  add(tokens: Tensor, level: number): void {
    for (const [i, { from, count, references }] of this.#runs.entries()) {
      if (!references) continue;
      const before = this.#sums[i];
      const sum = tidy(() => {
        const own = count === tokens.dim(0) ? tokens : slice(tokens, 0, from, count);
        const found = references.distances(unitPatches(own), level);
        return found && before ? add(before, found) : found;
      });
      if (!sum) continue;
      // Scopes end between the levels.
      this.#sums[i] = persist(sum);
      before?.release();
    }
  }

  /** The sums at the size of the pictures, [B, S, S]: 0 for pictures without references; undefined where none has any. */
  map(gpu: Gpu, size: number): Tensor | undefined {
    const some = this.#sums.find((sum) => sum !== undefined);
    if (!some) return undefined;
    const patches = some.dim(1);
    const g = Math.sqrt(patches);
    return tidy(() => {
      const parts = this.#runs.map(({ count }, i) => this.#sums[i] ?? full(gpu, [count, patches], 0));
      const all = parts.length === 1 ? parts[0]! : concat(parts, 0);
      const [b] = all.shape as [number];
      return reshape(upsampleScores(reshape(all, [b, 1, g, g]), size), [b, size, size]);
    });
  }

  [Symbol.dispose](): void {
    for (const sum of this.#sums) sum?.release();
  }
}
