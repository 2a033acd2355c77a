/** aaclip in a browser, by the same names as in Node: the library, and what it is made of. */
import './disposal.js';

export * from '../core.js';
export { decodeInBrowser as decode } from './decode_in_browser.js';
export { loadDetector, openGpu, train } from './web_library.js';
