// Contrast of text as WCAG measures it.

/**
 * Runs in the page: each text with the contrast of its colour to what is behind it. It knows opaque colours only, and
 * says so when it meets others.
 */
export function contrasts() {
  const channels = (colour) => {
    const numbers = colour.match(/[\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
  };
  const luminance = ({ rgb }) => {
    const [red, green, blue] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const background = channels(getComputedStyle(each).backgroundColor);
      if (background.alpha === 1) return background;
      if (background.alpha > 0) throw new Error(`half transparent: ${each.outerHTML.slice(0, 80)}`);
    }
    throw new Error("nothing is behind the text");
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const [one, other] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push({ text: text.slice(0, 40), ratio: Math.round(ratio * 100) / 100 });
  }
  return found;
}
