/**
 * What the page may load and talk to: its own files, and nothing else. The worker is made from a blob of the page's own, so that it
 * is bound by the same policy wherever the page is served from.
 */
export const CONTENT_POLICY: string = Object.entries({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'connect-src': "'self'",
  'worker-src': "'self' blob:",
  'base-uri': "'none'",
  'form-action': "'none'",
})
  .map(([what, where]) => `${what} ${where}`)
  .join('; ');

/** Headers for a server: what a tag in the page cannot say, and the policy once more. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `${CONTENT_POLICY}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
