/** Every target. A new one is a file in `targets/` and a line here. */
import type { FuzzTarget } from './target.js';
import { bmp } from './targets/bmp.js';
import { calibrations } from './targets/calibrations.js';
import { folderIndex } from './targets/folder_index.js';
import { headers } from './targets/headers.js';
import { legacyTorch } from './targets/legacy_torch.js';
import { lists } from './targets/lists.js';
import { pickles } from './targets/pickles.js';
import { png } from './targets/png.js';
import { registry } from './targets/registry.js';
import { results } from './targets/results.js';
import { safetensors } from './targets/safetensors.js';
import { shardIndex } from './targets/shard_index.js';
import { torchZip } from './targets/torch_zip.js';

export const TARGETS: readonly FuzzTarget[] = [
  results,
  safetensors,
  torchZip,
  legacyTorch,
  pickles,
  shardIndex,
  png,
  bmp,
  headers,
  lists,
  registry,
  folderIndex,
  calibrations,
];
