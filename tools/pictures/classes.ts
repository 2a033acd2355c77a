/** The classes by name. */

import { OBJECTS } from './objects/index.js';
import type { ObjectClass } from './objects/object.js';
import { TEXTURES } from './textures/index.js';
import type { Texture } from './textures/texture.js';

interface Named {
  /** Name in folders and metadata. */
  readonly name: string;
  /** Name in captions and prompts. */
  readonly words: string;
  readonly synonyms: readonly string[];
}

export type ClassInfo = Named &
  (
    | { readonly kind: 'texture'; readonly texture: Texture; readonly object?: undefined }
    | { readonly kind: 'object'; readonly object: ObjectClass; readonly texture?: undefined }
  );

function named({ name, words, synonyms }: Named): Named {
  return { name, words, synonyms };
}

/** All classes, textures first. */
export const CLASSES: readonly ClassInfo[] = [
  ...TEXTURES.map((texture): ClassInfo => ({ ...named(texture), kind: 'texture', texture })),
  ...OBJECTS.map((object): ClassInfo => ({ ...named(object), kind: 'object', object })),
];

const BY_NAME = new Map(CLASSES.map((info) => [info.name, info]));

/** @throws when no class has that name; the message lists the classes */
export function findClass(name: string): ClassInfo {
  const info = BY_NAME.get(name);
  if (!info) throw new Error(`class: unknown name: expected one of ${[...BY_NAME.keys()].join(', ')}, got "${name}"`);
  return info;
}
