/** Tunes the tiles of products for an adapter inside a whole block: alone, a kernel often prefers another tile. */
import { Tape } from '../../autograd/tape.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Tiles } from '../../gpu/shader.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import { type TilePlace, tilePlaces } from '../../kernels/tile_places.js';
import { add } from '../../ops/add.js';
import { read, tidy } from '../../tensor/tensor.js';
import { keptOnHost, noise } from './bench_model.js';
import {
  type BlockSize,
  type BlockWeights,
  blockTensors,
  loadBlock,
  type OpenedBlock,
  runBlock,
  tokensOf,
} from './block_bench.js';
import { type Descent, descend, type Subject, type Try } from './descent.js';
import { type TimingPlan, timeWork } from './row_timer.js';

export interface TuneOptions extends BlockSize {
  readonly batches: readonly number[];
  /** Also time gradients: products with other shapes. */
  readonly backward: boolean;
  /** Seconds after which no further candidate is tried. */
  readonly budget: number;
  /** Most candidates of a place. */
  readonly most?: number | undefined;
  readonly onTry?: (tried: Try) => void;
}

export interface TuneReport extends Descent {
  /**
   * Time of the block with the tiles found over the time at the start, geometric mean of all its parts; 1 where nothing
   * better was found, null where the device was lost before it could be timed.
   */
  readonly gain: number | null;
  /** The places gone through. */
  readonly places: readonly string[];
}

const KINDS: readonly BlockWeights[] = ['f16', 'f32'];

/** The kinds of weights whose products use the tile of a place; both for the empty key. */
function kindsOf(key: string): readonly BlockWeights[] {
  const weights = tilePlaces.find((p) => p.key === key)?.weights;
  return weights === undefined ? KINDS : [weights];
}

/** Largest error that another order of sums may make, and that rounding to f16 may make. */
const BOUNDS = { f32: 1e-4, f16: 4e-3 } as const;

class TunedBlock implements Subject {
  gpu: Gpu;
  readonly #open: () => Promise<Gpu>;
  readonly #plan: TimingPlan;
  readonly #options: TuneOptions;
  readonly #tensors: Readonly<Record<BlockWeights, ClipTensors>>;
  readonly #wanted = new Map<BlockWeights, Float32Array>();
  readonly #starts = new Map<string, number>();

  constructor(gpu: Gpu, open: () => Promise<Gpu>, plan: TimingPlan, options: TuneOptions) {
    this.gpu = gpu;
    this.#open = open;
    this.#plan = plan;
    this.#options = options;
    const kept = (kind: BlockWeights): ClipTensors => keptOnHost(blockTensors(options.tiny, kind));
    this.#tensors = { f16: kept('f16'), f32: kept('f32') };
  }

  async reopen(): Promise<void> {
    this.gpu[Symbol.dispose]();
    this.gpu = await this.#open();
  }

  async #with<T>(tiles: Tiles, kind: BlockWeights, work: (opened: OpenedBlock) => Promise<T>): Promise<T> {
    this.gpu.tiles = tiles;
    using opened = await loadBlock(this.gpu, this.#options.tiny, this.#tensors[kind]);
    return await work(opened);
  }

  async prepare(all: readonly Tiles[], key: string): Promise<void> {
    const jobs: Promise<void>[] = [];
    for (const kind of kindsOf(key)) {
      for (const tiles of all) {
        await this.#with(tiles, kind, async (opened) => {
          const dry = (): void => {
            for (const { run } of this.#works(opened)) run();
          };
          jobs.push(this.gpu.compileAhead(dry));
        });
      }
    }
    const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** What is run and timed: each batch, forward and backward. */
  #works(opened: OpenedBlock): { readonly name: string; run(): void }[] {
    const tokens = tokensOf(this.#options);
    const shape = (batch: number) => [batch, tokens, opened.width];
    return this.#options.batches.flatMap((batch) => {
      const forward = (): void => {
        using x = noise(this.gpu, 'tokens', shape(batch));
        tidy(() => void runBlock(x, opened));
      };
      const both = (): void =>
        tidy(() => {
          const x = noise(this.gpu, 'tokens', shape(batch));
          using tape = new Tape(add);
          tape.watch([x]);
          const y = tape.record(() => runBlock(x, opened));
          for (const g of tape.backward(y, [x], noise(this.gpu, 'dy', y.shape))) g?.release();
        });
      return [
        { name: `forward ${batch}`, run: forward },
        ...(this.#options.backward ? [{ name: `both ways ${batch}`, run: both }] : []),
      ];
    });
  }

  async check(tiles: Tiles, key: string): Promise<number> {
    let worst = 0;
    for (const kind of kindsOf(key)) {
      const got = await this.#with(tiles, kind, async (opened) => {
        using x = noise(this.gpu, 'tokens', [1, tokensOf(this.#options), opened.width]);
        using y = runBlock(x, opened);
        return await read(y);
      });
      const wanted = this.#wanted.get(kind);
      if (!wanted) this.#wanted.set(kind, got);
      else worst = Math.max(worst, relativeError(got, wanted));
    }
    return worst;
  }

  /** Geometric mean of the times over those at the start. */
  async time(tiles: Tiles, key: string): Promise<number> {
    const logs: number[] = [];
    for (const kind of kindsOf(key)) {
      await this.#with(tiles, kind, async (opened) => {
        for (const { name, run } of this.#works(opened)) {
          const ms = await timeWork(this.gpu, this.#plan, run);
          const start = this.#starts.get(`${kind} ${name}`) ?? ms;
          this.#starts.set(`${kind} ${name}`, start);
          logs.push(Math.log(ms / start));
        }
      });
    }
    return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  }
}

/** Largest difference relative to the root mean square of what is wanted. */
export function relativeError(got: Float32Array, wanted: Float32Array): number {
  let [most, squares] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const off = Math.abs(got[i]! - wanted[i]!);
    // A value that is not a number has to count as wrong.
    most = off <= most ? most : off;
    squares += wanted[i]! ** 2;
  }
  return most / Math.sqrt(squares / wanted.length);
}

/** The places whose kernels the device takes. */
export function placesOf(gpu: Gpu): TilePlace[] {
  const chosen = chosenKernels(gpu);
  return tilePlaces.filter(({ op, row }) => chosen[op] === row);
}

/**
 * Searches the best tiles for an adapter.
 * @param open opens the device; again where a candidate broke it
 * @throws where the block cannot be run at all
 */
export async function tune(open: () => Promise<Gpu>, plan: TimingPlan, options: TuneOptions): Promise<TuneReport> {
  const until = performance.now() + 1000 * options.budget;
  const gpu = await open();
  const places = placesOf(gpu);
  const start = gpu.tiles;
  const bound = BOUNDS[gpu.precision];
  const coordinates = places.map((place) => ({
    key: place.key,
    candidates: place.candidates(gpu.traits).slice(0, options.most),
  }));
  const block = new TunedBlock(gpu, open, plan, options);
  try {
    await block.check(start, '');
    await block.time(start, '');
    const { onTry } = options;
    const found = await descend(block, coordinates, { start, bound, rounds: 2, until, ...(onTry ? { onTry } : {}) });
    const gain = found.tiles === start ? 1 : await block.time(found.tiles, '').catch(() => null);
    return { ...found, gain, places: places.map((p) => p.key) };
  } finally {
    block.gpu[Symbol.dispose]();
  }
}
