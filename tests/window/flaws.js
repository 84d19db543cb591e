// What is wrong with the screen as it is: parts that leave their container sideways or are cut off by it, and controls
// without an accessible name. Text that is meant to end in an ellipsis is well.
const all = [...document.body.querySelectorAll("*")].filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  // One pixel is for screen readers only.
  return width > 1 && height > 1 && one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert], svg *");
});
const style = new Map(all.map((one) => [one, getComputedStyle(one)]));
const told = (one) => {
  const words = (one.textContent || one.value || "").trim().slice(0, 50);
  return `${one.tagName.toLowerCase()} ${one.dataset.testid ?? one.classList[0] ?? ""} “${words}” in ${one.parentElement.outerHTML.slice(0, 300)}`;
};
const open = (one) => style.get(one)?.overflowX === "visible";

const leaves = (one) => {
  const { position, display, overflowX, textOverflow } = style.get(one);
  if (overflowX !== "visible" && textOverflow !== "ellipsis" && !one.matches("input, textarea") && one.scrollWidth > one.clientWidth + 1)
    return `is ${one.scrollWidth - one.clientWidth} px too narrow`;
  const box = one.getBoundingClientRect();
  let around = one.parentElement;
  while (around !== document.body && open(around)) around = around.parentElement;
  if (around === document.body && (box.left < -1 || box.right > innerWidth + 1)) return "leaves the window";
  const parent = one.parentElement;
  if (!open(parent) || position === "absolute" || position === "fixed" || display.startsWith("inline")) return null;
  if (parent.matches("button, svg, [role=img]")) return null;
  const container = parent.getBoundingClientRect();
  return container.width > 1 && (box.left < container.left - 2 || box.right > container.right + 2) ? "leaves its container" : null;
};

const words = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute("aria-hidden") === "true") return "";
  return node.getAttribute("aria-label") ?? node.getAttribute("alt") ?? [...node.childNodes].map(words).join(" ");
};
const name = (one) => {
  const by = (one.getAttribute("aria-labelledby") ?? "").split(/\s+/).map((id) => document.getElementById(id));
  const labels = [...by.filter((label) => label !== null), ...(one.labels ?? [])].map(words).join(" ");
  const own = one.matches("input, select, textarea") ? "" : words(one);
  return (labels.trim() || one.getAttribute("aria-label") || own.trim() || one.title).trim();
};
const ACTIVE =
  "a[href], button, input, select, textarea, iframe, [tabindex='0'], [role=button], [role=option], [role=tab], [role^=menuitem], " +
  "[role=treeitem], [role=combobox], [role=switch], [role=dialog], [role=listbox], [role=menu]";

const flaws = all.flatMap((one) => {
  const found = [leaves(one), one.matches(ACTIVE) && one.ariaHidden !== "true" && name(one) === "" ? "has no name" : null];
  return found.filter((flaw) => flaw !== null).map((flaw) => `${told(one)} ${flaw}`);
});
return [...new Set(flaws)];
