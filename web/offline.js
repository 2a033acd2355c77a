/**
 * Service worker: keeps the files of one version of the page, so that it opens without a network. A new version is fetched in
 * the background and takes over once no tab shows the old one, so that the files of a page always belong together.
 */
const NAME = `aaclip-${'VERSION'}`;
const FILES = ['FILES'];

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)));
});

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('aaclip-') && name !== NAME;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  const kept = async () => {
    const cache = await caches.open(NAME);
    // Servers that name `Origin` in `Vary` mean other pages than this one.
    const options = { ignoreSearch: true, ignoreVary: true };
    const found = await cache.match(request.mode === 'navigate' ? './' : request, options);
    return found ?? fetch(request);
  };
  event.respondWith(kept());
});
