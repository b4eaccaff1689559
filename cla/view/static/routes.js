// Addresses of the server's routes: they lie beside these scripts, under whatever path a proxy serves both.

/** Address of a route or a file. @param {string} path */
export const routeUrl = (path) => new URL(`../${path}`, import.meta.url);
