// Elements of the page.

/**
 * The part of an element that its markup holds.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`There is no ${selector}.`);
  return /** @type {T} */ (found);
}

/**
 * The part of a test id.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} id
 * @returns {T}
 */
export const byTestId = (root, id) => part(root, `[data-testid="${id}"]`);
