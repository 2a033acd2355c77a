/** Dispatches that are noted instead of recorded: which kernels a program needs, and how much work it declares. */
import type { Dispatch } from './gpu.js';
import { type Knobs, labelOf } from './shader.js';

/** What a dry run keeps of a dispatch. */
export interface NotedDispatch {
  readonly stem: string;
  readonly knobs: Knobs;
  /** Floating-point operations, as the dispatch declares them. */
  readonly flops: number;
  /** Bytes read and written, as the dispatch declares them. */
  readonly traffic: number;
  /** Bytes of its largest argument. */
  readonly widest: number;
}

/** Work of all dispatches of one kernel. */
export interface KernelWork {
  readonly label: string;
  readonly dispatches: number;
  readonly flops: number;
  readonly traffic: number;
}

export class NotedWork {
  /** In the order of the program. */
  readonly noted: NotedDispatch[] = [];

  note({ kernel: stem, knobs = {}, flops = 0, traffic = 0, buffers }: Dispatch): void {
    const widest = Math.max(...Object.values(buffers).map(({ bytes }) => bytes));
    this.noted.push({ stem, knobs, flops, traffic, widest });
  }

  /** Bytes of the largest argument of any kernel: adapters limit it. */
  get widest(): number {
    return this.noted.reduce((most, d) => Math.max(most, d.widest), 0);
  }

  /** Floating-point operations, all dispatches together. */
  get flops(): number {
    return this.noted.reduce((sum, d) => sum + d.flops, 0);
  }

  get dispatches(): number {
    return this.noted.length;
  }

  /** The same by kernel, most operations first. */
  get kernels(): KernelWork[] {
    const rows = new Map<string, KernelWork>();
    for (const { stem, knobs, flops, traffic } of this.noted) {
      const label = labelOf(stem, knobs);
      const row = rows.get(label) ?? { label, dispatches: 0, flops: 0, traffic: 0 };
      rows.set(label, {
        label,
        dispatches: row.dispatches + 1,
        flops: row.flops + flops,
        traffic: row.traffic + traffic,
      });
    }
    return [...rows.values()].sort((a, b) => b.flops - a.flops);
  }
}
