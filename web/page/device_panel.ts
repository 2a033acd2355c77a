/** The device: adapter, features, limits, memory, kernels and their times. */
import type { DeviceReport, EngineResults, ModelChoice } from '#src/web/engine_messages';
import { byId, fillFacts, make, show } from './elements.js';
import { type EngineClient, failureOf } from './engine_client.js';
import { text } from './language.js';
import { sayFailure } from './result_panel.js';

/** Bytes in the unit that suits them. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1024 ** unit).toFixed(unit < 2 ? 0 : 1)} ${units[unit]}`;
}

const yesNo = (value: boolean): string => text(value ? 'yes' : 'no');

function factsOf({ adapter, f16, subgroupSize, memory, model }: DeviceReport): (readonly [string, string])[] {
  const { vendor, architecture, device, description } = adapter;
  const name = description || [vendor, device, architecture].filter((part) => part !== '').join(' ');
  return [
    [text('deviceAdapter'), name === '' ? text('unnamed') : name],
    [text('deviceF16'), yesNo(f16)],
    [text('deviceSubgroups'), subgroupSize > 0 ? text('deviceLanes', { n: subgroupSize }) : text('no')],
    [text('deviceMemory'), text('memoryOf', { held: bytesText(memory.held), most: bytesText(memory.most) })],
    ...(model
      ? ([
          [text('deviceModel'), model.about],
          [text('deviceFlops'), `${(model.flops / 1e9).toFixed(1)} GFLOP`],
        ] as const)
      : []),
  ];
}

const limitText = (name: string, value: number): string =>
  /(?:Size|Memory)$/.test(name) && value >= 1024 ? `${value} (${bytesText(value)})` : String(value);

type Row = EngineResults['time'][number];

/** One row for each kernel, slowest first: its variants differ in knobs, which say little here. */
function byKernel(rows: readonly Row[]): Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const label = row.label.replace(/\[.*$/, '');
    const { calls, ms, flops, traffic } = sums.get(label) ?? { calls: 0, ms: 0, flops: 0, traffic: 0 };
    sums.set(label, {
      label,
      calls: calls + row.calls,
      ms: ms + row.ms,
      flops: flops + row.flops,
      traffic: traffic + row.traffic,
    });
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}

export class DevicePanel {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = engine;
    byId('time', HTMLElement).addEventListener('click', () => void this.#time());
  }

  /**
   * Asks the worker, which opens the device where it is not open yet.
   * @param model whose memory is counted
   */
  async refresh(model: ModelChoice): Promise<void> {
    const status = byId('device-status', HTMLElement);
    try {
      status.textContent = text('deviceOpening');
      const report = await this.#engine.ask({ kind: 'device' });
      status.textContent = report.software ? text('deviceSoftware') : '';
      fillFacts(byId('device-facts', HTMLElement), factsOf(report));
      byId('device-features', HTMLElement).textContent = report.adapter.features.join(', ');
      const limits = Object.entries(report.adapter.limits).map(
        ([name, value]) => [name, limitText(name, value)] as const,
      );
      fillFacts(byId('device-limits', HTMLElement), limits);
      // Those of training are not used here.
      const kernels = Object.entries(report.kernels).filter(([op]) => !/_backward$|^coreset$/.test(op));
      fillFacts(byId('device-kernels', HTMLElement), kernels);
      byId('time', HTMLButtonElement).disabled = !report.timing;
      if (!report.timing) byId('time-status', HTMLElement).textContent = text('noTiming');
      await this.#plan(model);
    } catch (error) {
      const failure = failureOf(error);
      sayFailure(status, failure);
    }
  }

  /** Shows the memory that the model takes at each size; the words of the object hardly matter for it. */
  async #plan(model: ModelChoice): Promise<void> {
    const plan = await this.#engine.ask({ kind: 'plan', model, className: 'object' });
    const rows = plan.map(({ imageSize, weights, peak }) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, text('sizePixels', { n: imageSize })),
        make('td', { className: 'number' }, bytesText(weights)),
        make('td', { className: 'number' }, bytesText(peak)),
      ),
    );
    byId('plan-rows', HTMLElement).replaceChildren(...rows);
    show(byId('plan', HTMLElement), rows.length > 0);
  }

  async #time(): Promise<void> {
    const status = byId('time-status', HTMLElement);
    status.textContent = text('timing');
    try {
      const rows = byKernel(await this.#engine.ask({ kind: 'time' }));
      const all = rows.reduce((sum, { ms }) => sum + ms, 0);
      status.textContent = text('timed', { ms: all.toFixed(1) });
      const cell = (value: string): HTMLElement => make('td', { className: 'number' }, value);
      byId('time-rows', HTMLElement).replaceChildren(
        ...rows.map(({ label, calls, ms, flops }) => {
          const speed = flops > 0 && ms > 0 ? (flops / ms / 1e6).toFixed(1) : '';
          return make(
            'tr',
            {},
            make('th', { scope: 'row' }, label),
            cell(String(calls)),
            cell(ms.toFixed(2)),
            cell(speed),
          );
        }),
      );
      show(byId('times', HTMLElement), true);
    } catch (error) {
      sayFailure(status, failureOf(error));
    }
  }
}
