/** What `export` prints. */
import { printable } from '../../data/printable.js';
import type { DescribedModel } from '../../detect/open_model.js';
import { graphDecision } from '../../export/decision_graph.js';
import { type OnnxModel, OPSET } from '../../export/onnx_file.js';
import { elementTitle, type OnnxPort } from '../../export/onnx_graph.js';
import type { WrittenOnnx } from '../../node/write_onnx.js';

export interface Exported {
  readonly model: OnnxModel;
  readonly described: DescribedModel;
  readonly written: WrittenOnnx;
  /** Folder of the pictures to check with. */
  readonly reference: string | undefined;
}

const portLine = ({ name, element, dims }: OnnxPort): string => `${name} ${elementTitle(element)} [${dims.join(', ')}]`;

export function printExported({ model, described, written, reference }: Exported, json: boolean): void {
  const { inputs, outputs } = model.graph;
  const { method, settings, decisions } = described;
  const classes = described.classes.map((c) => ({ ...c, ...graphDecision(decisions, c.name, c.domain) }));
  const [out, weights] = written.files;
  if (json) {
    const ports = (list: readonly OnnxPort[]): object[] =>
      list.map(({ name, element, dims }) => ({ name, type: elementTitle(element), shape: dims }));
    process.stdout.write(
      `${JSON.stringify({
        ...{ out, weights, bytes: written.bytes, opset: OPSET, method: method.name, image_size: settings.imageSize },
        classes: classes.map(({ name, domain, realName, source, rule }) => {
          return { name, domain, prompt_name: realName, decided_by: source, rule };
        }),
        ...{ inputs: ports(inputs), outputs: ports(outputs), reference },
      })}\n`,
    );
    return;
  }
  const number = (i: number): string => (classes.length === 1 ? '' : ` is class ${i}`);
  const lines = [
    `${written.files.join(' and ')}: ${(written.bytes / 2 ** 20).toFixed(1)} MiB, opset ${OPSET}`,
    `in: ${inputs.map(portLine).join(', ')}`,
    `out: ${outputs.map(portLine).join(', ')}`,
    ...classes.map(({ name, rule }, i) => `${name}${number(i)}: ${rule}`),
    ...(reference === undefined ? [] : [`to check with: ${reference}`]),
  ];
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
}
