/** The words of the panel in which the model learns, in Chinese. */
import type { ENGLISH_TEACH } from './texts_en_teach.js';

export const CHINESE_TEACH: Record<keyof typeof ENGLISH_TEACH, string> = {
  teach: '训练',
  stageTrain: '准备训练',
};
