/** aaclip in a browser, under the same names as in Node: the library and its parts. */
import './disposal.js';

export * from '../core.js';
export { decodeInBrowser as decode } from './decode_in_browser.js';
export { loadDetector, openGpu, train } from './web_library.js';
