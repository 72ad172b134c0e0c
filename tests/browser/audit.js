// Put into a copy of a page by audit.sh: finds what is wrong with it, and says so in its own DOM.
const faults = [];
addEventListener('error', (e) => faults.push(`script: ${e.message}`));
addEventListener('securitypolicyviolation', (e) => faults.push(`request: ${e.blockedURI}`));

// [r, g, b, a], each 0 … 1, of a computed color.
function channels(color) {
  const n = (color.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  return [n[0] / 255, n[1] / 255, n[2] / 255, n.length > 3 ? n[3] : 1];
}

function over(top, under) {
  return [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
}

// What stands behind an element: its backgrounds, one over the other, down to the page's.
function background(element) {
  const layers = [];
  for (let e = element; e; e = e.parentElement)
    layers.push(channels(getComputedStyle(e).backgroundColor));
  return layers.reduceRight((under, top) => over(top, under), [1, 1, 1, 1]);
}

// WCAG 2: relative luminance, contrast ratio.
function luminance(color) {
  const [r, g, b] = color.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function checkText(node) {
  const element = node.parentElement, style = getComputedStyle(element);
  if (!node.data.trim() || style.visibility === 'hidden' || !element.getClientRects().length) return;
  const under = background(element), svg = element instanceof SVGElement;
  const ratio = contrast(over(channels(svg ? style.fill : style.color), under), under);
  const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
  const needed = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
  if (!(ratio >= needed))
    faults.push(`contrast ${ratio.toFixed(2)} of "${node.data.trim().slice(0, 40)}"`);
}

// What a link within the page leads to: it must be there and be seen, with its images.
const OPENED = 30;
function open(link) {
  const name = link.getAttribute('href');
  location.hash = name;
  const target = document.getElementById(name.slice(1));
  if (!target || !target.getBoundingClientRect().height) {
    faults.push(`nothing is shown at ${name}`);
    return;
  }
  const confused = target.matches('.confused');
  for (const image of confused ? target.querySelectorAll('.thumbnail') : [])
    if (!image.getBoundingClientRect().width || getComputedStyle(image).backgroundImage === 'none')
      faults.push(`no image at ${name}`);
  const texts = document.createTreeWalker(target, NodeFilter.SHOW_TEXT);
  if (confused) while (texts.nextNode()) checkText(texts.currentNode);
  const room = document.documentElement;
  if (room.scrollWidth > room.clientWidth) faults.push(`wider than the window with ${name} open`);
}

// Large pictures stand at least two in a row, on a telephone too.
function checkRows() {
  for (const tiles of document.querySelectorAll('.tiles')) {
    const large = [...tiles.querySelectorAll('.large')].map((e) => e.getBoundingClientRect());
    if (large.length > 1 && large[0].height && Math.abs(large[0].top - large[1].top) > 1)
      faults.push('one picture a row');
  }
}

addEventListener('load', () => {
  for (const image of document.images)
    if (!image.complete || !image.naturalWidth || !image.getBoundingClientRect().width)
      faults.push(`picture without a size: ${image.alt}`);
  for (const svg of document.querySelectorAll('svg:not([aria-hidden])')) {
    const box = svg.getBoundingClientRect();
    if (!(box.width > 50 && box.height > 20)) faults.push('plot without a size');
    if (!svg.getAttribute('aria-label')) faults.push('plot without a label');
  }
  for (const image of document.images)
    if (!image.hasAttribute('alt')) faults.push('picture without an alternative text');
  for (const entry of performance.getEntriesByType('resource'))
    if (!entry.name.startsWith('data:')) faults.push(`request: ${entry.name}`);
  const room = document.documentElement;
  if (room.scrollWidth > room.clientWidth)
    faults.push(`the page is ${room.scrollWidth} wide in a window of ${room.clientWidth}`);
  checkRows();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest('script, style') ? NodeFilter.FILTER_REJECT : 1);
  while (texts.nextNode()) checkText(texts.currentNode);
  for (const link of [...document.querySelectorAll('a[href^="#"]')].slice(0, OPENED)) open(link);
  const result = document.createElement('pre');
  result.textContent = ['audit begins', ...new Set(faults), 'audit ends'].join('\n');
  document.body.append(result);
  if (parent !== window) parent.postMessage(result.textContent, '*');
});
