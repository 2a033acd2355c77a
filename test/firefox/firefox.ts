/** A Firefox driven by WebDriver BiDi: the few commands that the test of the page needs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { WebSocket } from 'undici';
import { findFirefox } from '../../tools/setup/browser.js';

/** WebGPU where it is off as yet, and no connection of the browser's own. */
const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'dom.webgpu.swap-chain.external-texture-vulkan': false,
  'intl.accept_languages': 'en',
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
};

/** Mesa's software driver: Firefox itself would look for hardware only. */
const LAVAPIPE = ['lvp_icd.json', `lvp_icd.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.json`]
  .map((name) => join('/usr/share/vulkan/icd.d', name))
  .find((path) => existsSync(path));

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly message?: string;
  readonly result?: Record<string, unknown>;
}

export class Firefox {
  readonly #home: string;
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 1;
  #context = '';

  private constructor(home: string, child: ChildProcess, socket: WebSocket) {
    this.#home = home;
    this.#child = child;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** Starts it with a new profile. @param script run in each page before its own scripts */
  static async open(script: string): Promise<Firefox> {
    const home = mkdtempSync(join(tmpdir(), 'aaclip-firefox-'));
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
    writeFileSync(join(home, 'user.js'), lines.join('\n'));
    const env = {
      ...process.env,
      ...{ HOME: home, XDG_RUNTIME_DIR: home, MOZ_HEADLESS: '1' },
      ...(LAVAPIPE === undefined ? {} : { VK_DRIVER_FILES: LAVAPIPE }),
    };
    const args = ['--headless', '--no-remote', '--profile', home, '--remote-debugging-port', '0', 'about:blank'];
    const child = spawn(findFirefox(), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await new Promise<string>((done, fail) => {
      let said = '';
      child.stderr!.on('data', (text: Buffer) => {
        said += text;
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1];
        if (found) done(found);
      });
      child.once('exit', (code) => fail(new Error(`firefox: exit ${code}: ${said.slice(-500)}`)));
    });
    const socket = new WebSocket(`${address}/session`);
    await new Promise((done, fail) => {
      socket.addEventListener('open', done);
      socket.addEventListener('error', () => fail(new Error('firefox: no connection')));
    });
    const firefox = new Firefox(home, child, socket);
    await firefox.#send('session.new', { capabilities: {} });
    const { contexts } = await firefox.#send('browsingContext.getTree', {});
    firefox.#context = (contexts as { context: string }[])[0]!.context;
    await firefox.#send('script.addPreloadScript', { functionDeclaration: `() => ${script}` });
    return firefox;
  }

  async #send(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = await new Promise<Answer>((done) => {
      this.#waiting.set(id, done);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (answer.type === 'success') return answer.result!;
    throw new Error(`firefox: ${method}: ${answer.message}`);
  }

  async goto(url: string): Promise<void> {
    await this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'interactive' });
  }

  /** The value of an expression in the page that JSON can hold; promises are awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const value = await this.run(`Promise.resolve(${expression}).then((value) => JSON.stringify([value]))`);
    return (JSON.parse(value!) as unknown[])[0];
  }

  /** Runs a script in the page. @returns its value, where that is a text */
  async run(script: string): Promise<string | undefined> {
    const given = { target: { context: this.#context }, expression: script, awaitPromise: true };
    const { result, exceptionDetails } = await this.#send('script.evaluate', given);
    if (exceptionDetails) throw new Error(`firefox: ${(exceptionDetails as { text: string }).text}`);
    return (result as { value?: string }).value;
  }

  /** The element that a selector finds, moved into view. */
  async #element(selector: string): Promise<{ sharedId: string }> {
    const expression = `{
      const found = document.querySelector(${JSON.stringify(selector)});
      found?.scrollIntoView({ block: 'center' });
      found;
    }`;
    const given = { target: { context: this.#context }, expression, awaitPromise: false };
    const { result } = await this.#send('script.evaluate', given);
    const { sharedId } = result as { sharedId?: string };
    if (sharedId === undefined) throw new Error(`firefox: ${selector}: no such element`);
    return { sharedId };
  }

  /** Clicks on the middle of an element with the mouse. */
  async click(selector: string): Promise<void> {
    const origin = { type: 'element', element: await this.#element(selector) };
    const actions = [
      { type: 'pointerMove', x: 0, y: 0, origin },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await this.#send('input.performActions', {
      context: this.#context,
      actions: [{ type: 'pointer', id: 'mouse', actions }],
    });
  }

  /** Presses keys one after the other: characters, or those of WebDriver's table. */
  async press(keys: string): Promise<void> {
    const actions = [...keys].flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]);
    await this.#send('input.performActions', {
      context: this.#context,
      actions: [{ type: 'key', id: 'keys', actions }],
    });
  }

  /** Clicks on a field, and types a text in place of what it holds. */
  async fill(selector: string, text: string): Promise<void> {
    await this.click(selector);
    await this.run(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.press(text);
  }

  /** Gives files to a field, by their paths. */
  async choose(selector: string, files: readonly string[]): Promise<void> {
    await this.#send('input.setFiles', { context: this.#context, element: await this.#element(selector), files });
  }

  /** Does something while another tab is in front. */
  async behindAnotherTab<T>(work: () => Promise<T>): Promise<T> {
    const { context } = await this.#send('browsingContext.create', { type: 'tab' });
    try {
      return await work();
    } finally {
      await this.#send('browsingContext.close', { context });
      await this.#send('browsingContext.activate', { context: this.#context });
    }
  }

  async close(): Promise<void> {
    const over = new Promise((done) => this.#child.once('exit', done));
    await this.#send('browser.close', {}).catch(() => this.#child.kill());
    await over;
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}
