/** What an adapter can do and what is expensive on it. Kernels and batch sizes are chosen by these facts alone. */

/** A product of matrices that an adapter's matrix units do in one step: [m, k] times [k, n]. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

export interface Traits {
  /** Whether the adapter is software on the host's processor. */
  readonly software: boolean;
  /** Lanes of a subgroup in kernels that use subgroups; 0 where their number can neither be known nor chosen. */
  readonly subgroupSize: number;
  /**
   * The least and the most lanes a kernel may ask for, where subgroups differ in width and the device lets kernels choose
   * (`subgroup-size-control`); else undefined.
   */
  readonly subgroupChoice?: readonly [least: number, most: number] | undefined;
  readonly f16: boolean;
  /** Products its matrix units compute; empty where it has no such units. */
  readonly matrixShapes: readonly MatrixShape[];
  /** Bytes of memory that a workgroup may share. */
  readonly workgroupMemory: number;
  /** A barrier costs more than workgroup memory saves. */
  readonly barriersAreExpensive: boolean;
  /** A load costs as much as many multiply-adds, even of a word that was just loaded. */
  readonly loadsAreExpensive: boolean;
  /** Where loads are expensive: the lanes of a load are gathered by one instruction, not one after another. */
  readonly loadsGather: boolean;
  /** Tokens of pictures worked on at a time beyond which the device gets no faster. */
  readonly tokensToFillDevice: number;
  /** Operations recorded before the stream submits by itself. */
  readonly workPerSubmit: number;
}

/** Lanes of a subgroup where an adapter leaves the choice: the width of most GPUs, and AMD's faster one of two. */
const COMMON_WIDTH = 32;

const clampTo = (x: number, least: number, most: number): number => Math.min(most, Math.max(least, x));

/** A product as WebGPU's adapter info lists it. */
interface MatrixConfig extends Pick<MatrixShape, 'componentType' | 'resultComponentType'> {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const shapeOf = ({ M, N, K, componentType, resultComponentType }: MatrixConfig): MatrixShape => ({
  m: M,
  n: N,
  k: K,
  componentType,
  resultComponentType,
});

/** Mesa's version as its drivers write it into an adapter's description; 0 for other drivers. */
const mesaVersion = (description: string): number => Number(/Mesa (\d+\.\d+)/.exec(description)?.[1] ?? 0);

/** Whether an adapter's name is that of a driver that computes on the processor. */
export const isSoftwareName = (name: string): boolean =>
  /llvmpipe|lavapipe|swiftshader|softpipe|basic render/i.test(name);

/** Reads the traits of an adapter and the device opened on it. */
export function traitsOf(adapter: GPUAdapter, device: GPUDevice): Traits {
  const { info } = adapter;
  const { subgroupMatrixConfigs = [], isFallbackAdapter = false } = info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: readonly MatrixConfig[];
  };
  const software = isFallbackAdapter || isSoftwareName(`${info.architecture} ${info.device} ${info.description}`);
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const subgroups = device.features.has('subgroups');
  const chosen = subgroups && least < most && device.features.has('subgroup-size-control');
  const subgroupSize = chosen ? clampTo(COMMON_WIDTH, least, most) : subgroups && least === most ? least : 0;
  // A software adapter that runs a subgroup as one SIMD vector: every barrier saves and restores all of them, and every
  // load gathers lane by lane.
  const vector = software && (subgroupSize === 4 || subgroupSize === 8);
  return {
    software,
    subgroupSize,
    ...(chosen ? { subgroupChoice: [least, most] } : {}),
    f16: device.features.has('shader-f16'),
    matrixShapes: device.features.has('chromium-experimental-subgroup-matrix')
      ? subgroupMatrixConfigs.map(shapeOf)
      : [],
    workgroupMemory: device.limits.maxComputeWorkgroupStorageSize,
    barriersAreExpensive: vector,
    loadsAreExpensive: vector,
    loadsGather: vector && mesaVersion(info.description) >= 26,
    // On GPUs: eight pictures of 518 px in patches of 14.
    tokensToFillDevice: vector ? 2048 : 8 * 1370,
    workPerSubmit: software ? 40e9 : 4e12,
  };
}
