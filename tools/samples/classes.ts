/** Classes of the page's samples, and "object", whose prompts stand in for those with unknown words. */
export const SAMPLE_CLASSES = ['tile', 'fabric', 'cardboard', 'basket weave', 'corrugated metal sheet', 'object'];
