/** What `export` prints. */
import { printable } from '../../data/printable.js';
import type { DescribedModel } from '../../detect/open_model.js';
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
  const { method, classes, settings } = described;
  const [out, weights] = written.files;
  if (json) {
    const ports = (list: readonly OnnxPort[]): object[] =>
      list.map(({ name, element, dims }) => ({ name, type: elementTitle(element), shape: dims }));
    process.stdout.write(
      `${JSON.stringify({
        ...{ out, weights, bytes: written.bytes, opset: OPSET, method: method.name, image_size: settings.imageSize },
        classes: classes.map(({ name, domain, realName }) => ({ name, domain, prompt_name: realName })),
        ...{ inputs: ports(inputs), outputs: ports(outputs), reference },
      })}\n`,
    );
    return;
  }
  const numbered = classes.length === 1 ? [] : [`class: ${classes.map((c, i) => `${i} ${c.name}`).join(', ')}`];
  const lines = [
    `${written.files.join(' and ')}: ${(written.bytes / 2 ** 20).toFixed(1)} MiB, opset ${OPSET}`,
    `in: ${inputs.map(portLine).join(', ')}`,
    `out: ${outputs.map(portLine).join(', ')}`,
    ...numbered,
    ...(reference === undefined ? [] : [`to check with: ${reference}`]),
  ];
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
}
