/** All objects. */
import { ANYTHING } from './any.js';
import { EDIBLE } from './edible.js';
import { ELECTRONICS } from './electronics.js';
import { FASTENERS } from './fasteners.js';
import { HOUSEHOLD } from './household.js';
import { MACHINE } from './machine.js';
import type { ObjectClass } from './object.js';
import { PRINTED } from './printed.js';

export const OBJECTS: readonly ObjectClass[] = [
  ...FASTENERS,
  ...MACHINE,
  ...ELECTRONICS,
  ...EDIBLE,
  ...HOUSEHOLD,
  ...PRINTED,
  ...ANYTHING,
];
