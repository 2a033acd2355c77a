/** The files of an engine in a browser that keeps none. */
import type { EngineFiles } from '../../src/web/engine.js';
import { KeptFiles } from '../../src/web/kept_files.js';

export const NOTHING_KEPT: EngineFiles = { weights: new KeptFiles(undefined), run: new KeptFiles(undefined) };
