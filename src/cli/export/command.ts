/** `aaclip export`: the adapted model as ONNX. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { findClass } from '../../data/class_prompts.js';
import { printable } from '../../data/printable.js';
import { checkCalibration, openCalibration } from '../../detect/calibration.js';
import { within } from '../../detect/errors.js';
import { type DescribedModel, describeModel } from '../../detect/open_model.js';
import { exportModel } from '../../export/export_model.js';
import { constantBytes } from '../../export/onnx_file.js';
import { makeFolder } from '../../node/make_folder.js';
import { loadDetector, NODE_LIBRARY } from '../../node/node_library.js';
import { openTensors } from '../../node/open_weights.js';
import { openRegistry } from '../../node/registry_source.js';
import { writeOnnx } from '../../node/write_onnx.js';
import { runOrigin } from '../../train/run_origin.js';
import { type Calibrated, openCalibrations } from '../calibration_choice.js';
import { modelOf } from '../detector_options.js';
import { openDevice } from '../options.js';
import { programVersion } from '../program.js';
import { progress } from '../progress.js';
import { checkFolder, writeCheckPictures } from './check_pictures.js';
import { type ExportFlags, exportOptions } from './flags.js';
import { printExported } from './output.js';

export function exportCommand(program: Command): void {
  exportOptions(
    program
      .command('export')
      .description(
        'Write the model as ONNX, for other runtimes (onnxruntime, OpenVINO, TensorRT): pictures in, scores, maps and decisions out.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip export --weights tiny --adapters tiny --img_size 256 --class "metal nut" --out nut.onnx
  $ aaclip export --weights ViT-L-14-336 --adapters ckpt/baseline --class screw,hazelnut --precision f16 --out line.onnx
  $ aaclip export --weights W --adapters DIR --class screw --calibration line3 --reference
  $ aaclip export --weights W --adapters visa_pretrained.pth --class pcb --input floats

The model holds the image tower, the adapters, the classes' text anchors, blur and resize. With several classes it takes a
second input, class: the number of each picture's class, in the order of --class. Out come score [B], image_score [B] and map
[B, S, S], and the decision: normalized_score [B] (0 to 1, the threshold at 0.5), anomalous [B] and mask [B, S, S], by the
calibration of the class ("aaclip calibrate"), else by what training recorded, as in predict. --precision f16 stores matrices
in half the space; all computing stays in floats.
docs/export.md tells what to expect, examples/deploy has programs that use the file.`,
    )
    .action(runExport);
}

async function runExport(flags: ExportFlags): Promise<void> {
  const json = flags.json ?? false;
  const tell = (line: string): void => {
    if (!json) process.stderr.write(`${printable(line)}\n`);
  };
  const { out } = flags;
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`--out ${printable(out)}: a folder: name a file, such as ${printable(out)}/model.onnx`);
  }
  const names = flags.class.split(',').map((name) => name.trim());
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) for (const name of names) findClass(flags.dataset, name, registry);
  const options = modelOf(names, registry, flags, (note) => tell(`note: ${note}`));
  const described = await describeModel(NODE_LIBRARY, options);
  tell(described.settings.about);
  if (!described.settings.adapted) tell('no --adapters: plain CLIP is exported, which is weaker than an adapted model');
  await openCalibrations(calibrated(described), flags, (note) => tell(`note: ${note}`));
  makeFolder(dirname(out));
  const { clip, adapters } = described;
  const fingerprints: Record<string, string> = {};
  for (const [part, view] of Object.entries({ weights: clip, text: adapters?.text, image: adapters?.image })) {
    const origin = view && (await runOrigin(view));
    if (origin) fingerprints[part] = origin.weights;
  }
  // Anchors are as exact as they can be, however matrices are stored.
  const exact = { ...flags, precision: 'f32' } as const;
  const model = await (async () => {
    using gpu = await openDevice(exact);
    const anchors = flags.cache ? NODE_LIBRARY.anchors : undefined;
    return await exportModel(gpu, described, { input: flags.input, version: programVersion(), fingerprints, anchors });
  })();
  const bar = progress('export', constantBytes(model.graph), json);
  const written = await writeOnnx(out, model, { external: flags.external, onProgress: (bytes) => bar.update(bytes) });
  bar.finish();
  let reference: string | undefined;
  if (flags.reference) {
    using detector = await loadDetector({
      ...options,
      precision: 'f32',
      gpu: () => openDevice(exact),
      onNote: () => undefined,
    });
    await openCalibrations(detector, flags, () => undefined);
    reference = await writeCheckPictures(out, detector);
  } else if (existsSync(checkFolder(out)))
    tell(`note: ${checkFolder(out)}: of an earlier export: add --reference for this one`);
  printExported({ model, described, written, reference }, json);
}

/** A described model as what takes calibrations for its classes. */
function calibrated({ classes, decisions, identity }: DescribedModel): Calibrated {
  return {
    classes,
    openCalibration: (path) =>
      within('calibration', async () => {
        const calibration = await openCalibration(await openTensors(path));
        const named = classes.map(({ className, realName, domain }) => ({ className, words: realName, domain }));
        checkCalibration(calibration, named, await identity(), path);
        decisions.calibrations.set(calibration.className, calibration);
      }),
  };
}
