/** Tunes the tiles of products and attention for an adapter inside a whole block: alone, a kernel often prefers another tile. */
import { Tape } from '../../autograd/tape.js';
import type { Gpu } from '../../gpu/gpu.js';
import { labelOf, type Tiles } from '../../gpu/shader.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { synth } from '../../io/synth.js';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import { type TilePlace, tilePlaces } from '../../kernels/tile_places.js';
import { add } from '../../ops/add.js';
import { read, type Tensor, tidy, upload } from '../../tensor/tensor.js';
import { keptOnHost } from './bench_model.js';
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

function releaseInputs(works: readonly { readonly inputs: readonly Tensor[] }[]): void {
  for (const { inputs } of works) for (const input of inputs) input.release();
}

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
  readonly #made = new Map<string, Float32Array>();
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

  async kernels(tiles: Tiles, key: string): Promise<string> {
    const labels: string[] = [];
    for (const kind of kindsOf(key)) {
      await this.#with(tiles, kind, async (opened) => {
        const works = this.#works(opened);
        const { noted } = this.gpu.dryRun(() => {
          for (const { run } of works) run();
        });
        labels.push(...noted.map(({ stem, knobs }) => labelOf(stem, knobs)));
        releaseInputs(works);
      });
    }
    return labels.join();
  }

  async prepare(all: readonly Tiles[], key: string): Promise<void> {
    const jobs: Promise<void>[] = [];
    for (const kind of kindsOf(key)) {
      for (const tiles of all) {
        await this.#with(tiles, kind, async (opened) => {
          const works = this.#works(opened);
          jobs.push(
            this.gpu.compileAhead(() => {
              for (const { run } of works) run();
            }),
          );
          releaseInputs(works);
        });
      }
    }
    const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Values for a tensor, made once on the host. */
  #values(name: string, batch: number, width: number): Tensor {
    const shape = [batch, tokensOf(this.#options), width];
    const key = `${name} ${shape}`;
    const values = this.#made.get(key) ?? synth(1, name, shape, 1);
    this.#made.set(key, values);
    return upload(this.gpu, values, shape);
  }

  /** What is run and timed: each batch, forward and, where asked for, both ways. The caller disposes of the inputs. */
  #works(opened: OpenedBlock): { readonly name: string; readonly inputs: readonly Tensor[]; run(): void }[] {
    return this.#options.batches.flatMap((batch) => {
      const [x, dy] = ['tokens', 'dy'].map((name) => this.#values(name, batch, opened.width)) as [Tensor, Tensor];
      const bothWays = (): void =>
        tidy(() => {
          using tape = new Tape(add);
          tape.watch([x]);
          const y = tape.record(() => runBlock(x, opened));
          for (const g of tape.backward(y, [x], dy)) g?.release();
        });
      return [
        { name: `forward ${batch}`, inputs: [x, dy], run: () => tidy(() => void runBlock(x, opened)) },
        ...(this.#options.backward ? [{ name: `both ways ${batch}`, inputs: [], run: bothWays }] : []),
      ];
    });
  }

  async check(tiles: Tiles, key: string): Promise<number> {
    let worst = 0;
    for (const kind of kindsOf(key)) {
      const got = await this.#with(tiles, kind, async (opened) => {
        using x = this.#values('tokens', 1, opened.width);
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
        const works = this.#works(opened);
        for (const { name, run } of works) {
          run();
          const ms = await timeWork(this.gpu, this.#plan, run);
          const start = this.#starts.get(`${kind} ${name}`) ?? ms;
          this.#starts.set(`${kind} ${name}`, start);
          logs.push(Math.log(ms / start));
        }
        releaseInputs(works);
      });
    }
    return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  }
}

/** Largest difference relative to the root mean square of what is wanted. */
export function relativeError(got: Float32Array, wanted: Float32Array): number {
  let [most, squares] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    // Math.max keeps a value that is not a number, which then counts as wrong.
    most = Math.max(most, Math.abs(got[i]! - wanted[i]!));
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
