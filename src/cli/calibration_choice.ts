/** Which calibrations a command decides by: those of a folder, those beside the adapters, or none. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { calibratedClass, calibrationFile } from '../detect/calibration.js';
import type { Detector } from '../detect/detector.js';
import { AaclipError } from '../detect/errors.js';
import { fileError } from '../node/file_error.js';

export interface CalibrationFlags {
  readonly adapters?: string;
  /** A folder; true for the adapters' own; false for none. */
  readonly calibration?: string | boolean;
}

/** Adds `--calibration --no-calibration`. */
export function calibrationOptions(command: Command): Command {
  return command
    .option(
      '--calibration <dir>',
      'decide by what "aaclip calibrate" left in this folder (default: the folder of the adapters, for classes that have a calibration there)',
    )
    .option('--no-calibration', 'decide without a calibration, even where the folder of the adapters has one');
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Opens the calibrations that the flags name for a detector's classes.
 * @param onNote told why a calibration in the adapters' folder is not used
 * @throws AaclipError `calibration`, one line, when a folder that was named has none for a class, or one that does not fit
 */
export async function openCalibrations(
  detector: Detector,
  { adapters, calibration: given = true }: CalibrationFlags,
  onNote: (note: string) => void,
): Promise<void> {
  if (given === false) return;
  const folder = given === true ? adapters : given;
  if (folder === undefined || (given === true && !isFolder(folder))) return;
  for (const { name } of detector.classes) {
    const path = join(folder, calibrationFile(name));
    if (given !== true) checkThere(folder, name, path);
    if (!existsSync(path)) continue;
    try {
      await detector.openCalibration(path);
    } catch (error) {
      // One that nobody asked for must not keep a picture from being scored.
      if (given !== true || !(error instanceof AaclipError) || error.code !== 'calibration') throw error;
      onNote(`not used: ${error.message}`);
    }
  }
}

/** @throws when a folder has no calibration of a class */
function checkThere(folder: string, className: string, path: string): void {
  if (existsSync(path)) return;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new AaclipError('calibration', fileError(folder, 'read', error).message, { cause: error });
  }
  const others = names.flatMap((name) => calibratedClass(name) ?? []).sort();
  const there = others.length > 0 ? `it has those of ${others.join(', ')}` : 'it has none at all';
  throw new AaclipError(
    'calibration',
    `${folder}: no calibration of class ${className}: ${there}: make one from good pictures (aaclip calibrate --class ${JSON.stringify(className)} --good FOLDER)`,
  );
}
