/**
 * Scores pictures and says where they look wrong.
 *
 *     node detect.ts "metal nut" a.jpg b.jpg
 *
 * Node 24 and later run this file as it is; for older ones compile it first with tsc.
 */
import { AaclipError, loadDetector } from 'aaclip';

const [className, ...pictures] = process.argv.slice(2);
if (className === undefined || pictures.length === 0) {
  console.error('usage: node detect.ts CLASS PICTURE...');
  process.exit(2);
}

try {
  // "tiny" is the small model that comes with the package. For real use, take OpenAI's ViT-L-14-336px.pt and your own
  // adapters: weights: 'ViT-L-14-336px.pt', adapters: 'ckpt/parts'.
  using detector = await loadDetector({ weights: 'tiny', adapters: 'tiny', classes: [className] });

  const results = detector.detect(pictures, className, {
    // Without this, a picture that cannot be read would end the loop with its error.
    onBroken: (error) => console.error(`skipped: ${error.message}`),
  });
  for await (const { name, score, peak } of results) {
    // The map itself is available too: `map.data[y * map.width + x]`, 0 to 1.
    console.log(`${name}: score ${score.toFixed(4)}, peak ${peak.value.toFixed(4)} at ${peak.x},${peak.y}`);
  }
} catch (error) {
  // Everything the library throws is an AaclipError: one line with the remedy, and a code.
  if (!(error instanceof AaclipError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
