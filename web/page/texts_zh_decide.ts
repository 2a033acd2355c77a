/** The words of the panel in which the threshold is chosen, in Chinese. */
import type { ENGLISH_DECIDE } from './texts_en_decide.js';

export const CHINESE_DECIDE: Record<keyof typeof ENGLISH_DECIDE, string> = {
  decide: '判定',
};
