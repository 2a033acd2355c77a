/** Whether a device still works: its first failure is kept, and thrown at every later use. */

/** A device was lost or reported an error; every later flush and read says so again. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
}

export class Health {
  /** Looks up what the shader compiler said about a kernel, by its label. */
  readonly #diagnose: (label: string) => Promise<string | undefined>;
  #failure: GpuError | undefined;
  /** Resolves when the failure's message is complete. */
  #explained: Promise<void> | undefined;
  #closed = false;

  constructor(device: GPUDevice, diagnose: (label: string) => Promise<string | undefined>) {
    this.#diagnose = diagnose;
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const label = /""?([\w.-]+\[[^"]*\]|[\w.-]+)"/.exec(error.message)?.[1];
      const what = `${label ? `${label}: ` : ''}${error.message.split('\n')[0] ?? ''}`;
      this.#fail(
        /memory/i.test(what) ? `out of device memory: ${what}: use a smaller batch or image size` : what,
        label,
      );
    });
    void device.lost.then((info) => {
      if (!this.#closed) this.#fail(`device lost (${info.reason}): ${info.message.split('\n')[0]}: start again`);
    });
  }

  /** Notes that the device is being closed. Returns false when it was already. */
  close(): boolean {
    const open = !this.#closed;
    this.#closed = true;
    return open;
  }

  /** Whether nothing has failed so far and the device is open. */
  get ok(): boolean {
    return !this.#closed && !this.#failure;
  }

  /** @throws when the device was closed, lost or reported an error. */
  check(): void {
    if (this.#closed) throw new GpuError('webgpu: the device was closed');
    if (this.#failure) throw this.#failure;
  }

  /** As `check`, after waiting until the failure's message is complete. */
  async checkFully(): Promise<void> {
    await this.#explained;
    this.check();
  }

  #fail(what: string, label?: string): void {
    if (this.#failure) return;
    this.#failure = new GpuError(`webgpu: ${what}`);
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
