/** The words of the panel in which the model learns, in English. */
export const ENGLISH_TEACH = {
  teach: 'Teach',
  stageTrain: 'Prepare the training',
};
