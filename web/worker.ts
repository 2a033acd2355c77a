/** The worker of the page: passes messages between it and the engine. */
import '#src/web/disposal';
import { browser } from '#src/web/browser';
import { Engine } from '#src/web/engine';
import type { ToEngine } from '#src/web/engine_messages';
import { KeptFiles } from '#src/web/kept_files';
import { webHost } from '#src/web/web_host';

/** The part of a worker's globals that is used; the compiler's own types are those of a page. */
const scope = globalThis as unknown as {
  onmessage: ((event: { readonly data: ToEngine }) => void) | null;
  postMessage(message: unknown, handOver: readonly ArrayBufferLike[]): void;
};

let engine: Engine | undefined;

scope.onmessage = ({ data }) => {
  if (data.kind === 'open') {
    const { storage } = browser.navigator ?? {};
    const folder = storage?.getDirectory ? () => storage.getDirectory!() : undefined;
    const files = { weights: new KeptFiles(folder), run: new KeptFiles(folder, 'training') };
    engine = new Engine(webHost(data.files), files, (message, handOver) => scope.postMessage(message, handOver));
    return;
  }
  void engine?.receive(data);
};
