/** Whether a device still works: its first failure is kept, and thrown at every later use. */
import './platform_names.js';

/** A device was lost or reported an error; every later flush and read says so again. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
}

const NEEDS_LESS = 'use a smaller batch, smaller pictures or precision f16';
export const OTHER_DRIVER = 'use a newer driver or another adapter';

/** The first line of what an error says, without a full stop; the error's name where it says nothing. */
export function lineOf(error: unknown): string {
  // WebGPU's own errors are no instances of Error.
  const { message = String(error), name = '' } = Object(error) as Partial<Error>;
  const line = message.trim().split('\n')[0] ?? '';
  return line.replace(/\.$/, '') || name || 'no reason given';
}

/** The adapter cannot provide a buffer. */
export const outOfMemory = (what: string): GpuError =>
  new GpuError(`webgpu: out of device memory: ${what}: ${NEEDS_LESS}`);

/** What drivers say of memory that they lack, in errors of other kinds. */
const NO_ROOM = /out.of.(?:\w+.)?memory|allocat|exceeds the max buffer size/i;

/** The failure that an uncaptured error stands for. */
function reported(error: GPUError, label: string | undefined): GpuError {
  const what = `${label ? `${label}: ` : ''}${lineOf(error)}`;
  const kind = error.constructor.name;
  if (kind === 'GPUOutOfMemoryError' || NO_ROOM.test(what)) return outOfMemory(what);
  const [who, remedy] =
    kind === 'GPUInternalError'
      ? ['the driver failed', OTHER_DRIVER]
      : ['the device refused a command', `use other kernels, a newer driver or another adapter`];
  return new GpuError(`webgpu: ${who}: ${what}: ${remedy}`);
}

/** How long the reason of a failed read may take to arrive, in steps of as many milliseconds. */
const WAITS = 25;
const STEP_MS = 4;

export class Health {
  /** Looks up what the shader compiler said about a kernel, by its label. */
  readonly #diagnose: (label: string) => Promise<string | undefined>;
  /** Stops listening to the device. */
  readonly #ignore: () => void;
  #failure: GpuError | undefined;
  /** Resolves when the failure's message is complete. */
  #explained: Promise<void> | undefined;
  #closed = false;

  constructor(device: GPUDevice, diagnose: (label: string) => Promise<string | undefined>) {
    this.#diagnose = diagnose;
    const listen = (event: Event): void => {
      // Else the binding prints it, among the program's own output.
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      const label = /""?([\w.-]+\[[^"]*\]|[\w.-]+)"/.exec(error.message)?.[1];
      this.#fail(reported(error, label), label);
    };
    device.addEventListener('uncapturederror', listen);
    // The binding keeps listeners, and all that they know, for ever.
    this.#ignore = () => device.removeEventListener('uncapturederror', listen);
    void device.lost.then((info) => {
      this.#ignore();
      if (this.#closed) return;
      const why = `${info.reason}: ${lineOf(info.message)}`;
      this.#fail(
        new GpuError(
          `webgpu: the device was lost (${why}): start again; if it recurs, ${NEEDS_LESS}, or ${OTHER_DRIVER}`,
        ),
      );
    });
  }

  /** Notes that the device is being closed. Returns false when it was already. */
  close(): boolean {
    const open = !this.#closed;
    this.#closed = true;
    this.#ignore();
    return open;
  }

  /** Whether nothing has failed so far and the device is open. */
  get ok(): boolean {
    return !this.#closed && !this.#failure;
  }

  /** @throws when the device was closed, lost or reported an error. */
  check(): void {
    if (this.#closed) throw new GpuError('webgpu: the device was closed: open it again');
    if (this.#failure) throw this.#failure;
  }

  /** As `check`, after waiting until the failure's message is complete. */
  async checkFully(): Promise<void> {
    await this.#explained;
    this.check();
  }

  /** After something failed: waits a little for the device's own report of the reason. @throws that, where it comes */
  async settle(): Promise<void> {
    for (let i = 0; i < WAITS && this.ok; i++) await new Promise((next) => setTimeout(next, STEP_MS));
    await this.checkFully();
  }

  /**
   * Awaits something that the device does.
   * @param what what is done, for the message of an error whose reason the device does not report
   * @throws GpuError
   */
  async watch<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.settle();
      this.#fail(new GpuError(`webgpu: ${what} failed: ${lineOf(error)}: start again; if it recurs, ${OTHER_DRIVER}`));
      throw this.#failure;
    }
  }

  #fail(failure: GpuError, label?: string): void {
    if (this.#failure) return;
    this.#failure = failure;
    if (label) this.#explained = this.#explain(label);
  }

  /** Replaces the message with the compiler's own, where a kernel did not compile. */
  async #explain(label: string): Promise<void> {
    // The event can come while the module is still being made.
    await Promise.resolve();
    const found = await this.#diagnose(label).catch(() => undefined);
    if (found) this.#failure = new GpuError(`webgpu: ${found}`);
  }
}
