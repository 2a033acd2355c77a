/** The words of the panel in which the threshold is chosen, in English. */
export const ENGLISH_DECIDE = {
  decide: 'Decide',
};
