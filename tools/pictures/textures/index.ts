/** All textures. */
import { CLOTH } from './cloth.js';
import { SHEETS } from './sheets.js';
import { SOFT } from './soft.js';
import { STONE } from './stone.js';
import type { Texture } from './texture.js';
import { WOODEN } from './wooden.js';

export const TEXTURES: readonly Texture[] = [...WOODEN, ...CLOTH, ...STONE, ...SHEETS, ...SOFT];
