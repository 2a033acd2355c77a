/** The folder of a training run: checkpoints, logs, and a picture of the losses. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKPOINT_FILE } from '../detect/sources.js';
import { lossCurve } from '../eval/loss_curve.js';
import type { Gpu } from '../gpu/gpu.js';
import { openSafetensors } from '../io/safetensors.js';
import { readTorchArchive } from '../io/torch_archive.js';
import { recognise } from '../model/methods/all_methods.js';
import {
  encodeCheckpoint,
  encodeTorchCheckpoint,
  type Restored,
  type RunState,
  restoreCheckpoint,
} from '../train/checkpoint.js';
import type { Part } from '../train/initial.js';
import type { Parameters } from '../train/parameters.js';
import type { StepReport } from '../train/training_run.js';
import { appendLines } from './append_lines.js';
import { writeAtomically } from './atomic_write.js';
import { fileSource } from './file_source.js';
import { holdsParts, openTensors } from './open_weights.js';
import { RunLock } from './run_lock.js';

export type CheckpointFormat = 'safetensors' | 'pth';

/** One run at a time has it: a second run in the same folder would overwrite the checkpoints of the first. */
export class RunFolder implements Disposable {
  readonly path: string;
  readonly #format: CheckpointFormat;
  readonly #lock: RunLock;
  #saved: RunState | undefined;

  /** @throws one line when the folder cannot be made, or another training has it */
  constructor(path: string, format: CheckpointFormat) {
    this.path = path;
    this.#format = format;
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new Error(
        `${path}: a file: only AA-CLIP's adapters are trained, in a folder (--save_path): a checkpoint of another method is trained by its own program`,
      );
    }
    this.#lock = new RunLock(path, 'train', 'name another folder (--save_path)');
  }

  /** The progress that the latest checkpoint holds, restored or saved; undefined before the first one. */
  get saved(): RunState | undefined {
    return this.#saved;
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /**
   * The part's latest checkpoint, or undefined when there is none. Checkpoints of the published program are also read;
   * where a run continued in another format, the newest file counts.
   */
  async restore(gpu: Gpu, part: Part): Promise<Restored | undefined> {
    const written = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const [path] = ['safetensors', 'pth']
      .map((suffix) => join(this.path, `${part}_adapter.${suffix}`))
      .filter((file) => written(file) > 0)
      .sort((a, b) => written(b) - written(a));
    if (path === undefined) {
      await this.#refuseOthers();
      return undefined;
    }
    const restored = await this.#read(gpu, path, part);
    this.#saved = restored.state;
    return restored;
  }

  /** @throws one line when the folder holds a checkpoint of another method: a test of it would not know which is meant */
  async #refuseOthers(): Promise<void> {
    const names = readdirSync(this.path);
    if (holdsParts(names)) return;
    for (const name of names.filter((n) => CHECKPOINT_FILE.test(n))) {
      const path = join(this.path, name);
      const method = await openTensors(path).then(recognise, () => undefined);
      if (!method) continue;
      throw new Error(
        `${path}: a checkpoint of ${method.title}: only AA-CLIP's adapters are trained here: name another folder (--save_path); this one is trained by its own program`,
      );
    }
  }

  async #read(gpu: Gpu, path: string, part: Part): Promise<Restored> {
    const source = await fileSource(path);
    if (path.endsWith('.safetensors')) return restoreCheckpoint(gpu, await openSafetensors(source), part);
    const { root, tensors } = await readTorchArchive(source);
    return restoreCheckpoint(gpu, tensors, part, root);
  }

  /** Writes the latest checkpoint, and one more for each finished epoch of stage two; returns the path of the latest. */
  async save(parameters: Parameters, state: RunState, endOfEpoch: boolean, rate: number): Promise<string> {
    const names = [`${state.part}_adapter`];
    // The epoch's file comes first: the latest checkpoint says that everything before it is in place.
    if (endOfEpoch && state.part === 'image') names.unshift(`image_adapter_${state.epoch}`);
    let path = '';
    for (const name of names) {
      path = join(this.path, `${name}.${this.#format}`);
      const bytes =
        this.#format === 'pth'
          ? await encodeTorchCheckpoint(parameters, state, rate)
          : await encodeCheckpoint(parameters, state);
      await writeAtomically(path, bytes);
    }
    this.#saved = state;
    return path;
  }

  /** Adds a line to `train.log`, in the published program's words. */
  log(line: string): void {
    this.#append('train.log', `INFO:${line}\n`);
  }

  /** Adds a line to `metrics.jsonl`. */
  metrics(report: StepReport): void {
    this.#append('metrics.jsonl', `${JSON.stringify(report)}\n`);
  }

  /** Draws `loss.svg` from `metrics.jsonl`. */
  async drawLosses(): Promise<void> {
    const path = join(this.path, 'metrics.jsonl');
    if (!existsSync(path)) return;
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        // A line that a kill cut off is left out.
        try {
          return [JSON.parse(line) as StepReport];
        } catch {
          return [];
        }
      });
    await writeAtomically(join(this.path, 'loss.svg'), new TextEncoder().encode(lossCurve(rows)));
  }

  #append(name: string, text: string): void {
    appendLines(join(this.path, name), text);
  }
}
