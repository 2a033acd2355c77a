/** One kernel's work, as an op asks for it. */
import type { Cover } from './grid.js';
import type { Knobs } from './shader.js';
import type { Binding } from './stream.js';

export type Dispatch = Cover & {
  readonly kernel: string;
  readonly knobs?: Knobs;
  readonly params: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, Binding>>;
  /** Floating-point operations, for the timing report and to keep single submits short. */
  readonly flops?: number;
  /** Bytes read and written, for the timing report. */
  readonly traffic?: number;
};
