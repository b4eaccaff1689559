// Addresses of the server's routes: they lie beside these scripts, under whatever path a proxy serves both.

/** Address of a route or a file. @param {string} path */
export const routeUrl = (path) => new URL(`../${path}`, import.meta.url);

/**
 * Address of the live connection, which this page's secret opens.
 * @param {string} key
 * @param {string} language
 */
export function liveUrl(key, language) {
  const url = routeUrl("live");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("key", key);
  url.searchParams.set("lang", language);
  return url;
}
